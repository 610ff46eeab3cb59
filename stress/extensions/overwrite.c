/* overwrite.c: globals that are read, called and borrowed while others overwrite them.
 *
 * The values' destructors load and store the same slot. Python code runs in between wherever a call
 * or a destructor is in Python, so threads of one interpreter change places there; without the GIL
 * (HPYSTATE_NO_GIL) they are everywhere at once. What is borrowed may be gone there as soon as its
 * slot is stored to, so borrowed are values that no one overwrites.
 */
#include "common.h"

enum { HOT = 16, CALLED = 4, LAZY = 256 };

static HPyGlobal Kept_Type, Busy_Type;
static HPyGlobal slots[HOT];     /* Kept or Busy */
static HPyGlobal steady[HOT];    /* Kept, stored once */
static HPyGlobal called[CALLED]; /* callables that give the key */
static HPyGlobal tables[CALLED]; /* mappings that give the key for any int */
static HPyGlobal types[CALLED];  /* types, made anew all the time */
static HPyGlobal lazy[LAZY];     /* first values, forgotten now and then */
static HPyGlobal yielding;       /* a callable that gives other threads a turn */
static HPyGlobal* globals[2 * HOT + 3 * CALLED + LAZY + 4];

__attribute__((constructor)) static void list_globals(void) {
    HPyGlobal** next = globals;
    *next++ = &Kept_Type;
    *next++ = &Busy_Type;
    *next++ = &yielding;
    for (size_t i = 0; i < HOT; ++i) {
        *next++ = &slots[i];
        *next++ = &steady[i];
    }
    for (size_t i = 0; i < CALLED; ++i) {
        *next++ = &called[i];
        *next++ = &tables[i];
        *next++ = &types[i];
    }
    for (size_t i = 0; i < LAZY; ++i)
        *next++ = &lazy[i];
}

#ifdef HPYSTATE_NO_GIL
static HPyGlobal* const borrowed = steady;
enum { GIL = 0 };
#else
static HPyGlobal* const borrowed = slots;
enum { GIL = 1 };
#endif

/* First values, by key: how many were made, counted before anyone can see them; how many were
 * forgotten, by one thread at a time. The difference is stored, or is about to be. */
static atomic_llong first_made[KEYS], first_forgotten[KEYS];
static atomic_int forgetting[KEYS];

/* ---- Busy: as Kept; its finalizer uses the slot that it was in ---- */

HPyDef_SLOT(Busy_finalize, HPy_tp_finalize)
static void Busy_finalize_impl(HPyContext* ctx, HPy self) {
    const Kept* busy = Kept_AsStruct(ctx, self);
    HPyGlobal* const slot = &slots[busy->index];
    HPy now = HPyGlobal_Load(ctx, *slot);
    if (HPy_IsNull(now)) return; /* the interpreter ends */
    HPy_Close(ctx, now);
    HPy fresh = new_kept(ctx, &Kept_Type, busy->key, busy->index);
    if (!HPy_IsNull(fresh)) {
        HPyGlobal_Store(ctx, slot, fresh);
        HPy_Close(ctx, fresh);
    }
    HPyErr_Clear(ctx);
}
static HPyDef* Busy_defines[] = {&Busy_finalize, &Kept_destroy, NULL};
static HPyType_Spec Busy_spec = {
    .name = "overwrite.Busy",
    .basicsize = sizeof(Kept),
    .builtin_shape = SHAPE(Kept),
    .flags = HPy_TPFLAGS_DEFAULT,
    .defines = Busy_defines,
};

/* begin(key, callable, table, yielding) */
FUNCTION(begin) {
    if (nargs != 4) return HPyErr_SetString(ctx, ctx->h_TypeError, "begin takes four arguments");
    const uint64_t key = number_of(ctx, args[0]);
    if (store_type(ctx, &Kept_Type, &Kept_spec) < 0) return HPy_NULL;
    if (store_type(ctx, &Busy_Type, &Busy_spec) < 0) return HPy_NULL;
    for (uint64_t i = 0; i < HOT; ++i) {
        if (store_and_close(ctx, &slots[i], new_kept(ctx, &Kept_Type, key, i)) < 0 ||
            store_and_close(ctx, &steady[i], new_kept(ctx, &Kept_Type, key, i)) < 0)
            return HPy_NULL;
    }
    for (size_t i = 0; i < CALLED; ++i) {
        HPyGlobal_Store(ctx, &called[i], args[1]);
        HPyGlobal_Store(ctx, &tables[i], args[2]);
        HPyGlobal_Store(ctx, &types[i], ctx->h_LongType);
    }
    HPyGlobal_Store(ctx, &yielding, args[3]);
    return nothing(ctx);
}

/* ---- reading ---- */

static void look_at_number(HPyContext* ctx, Watch* watch, HPy number) {
    look(watch, !HPy_IsNull(number) && number_of(ctx, number) == watch->key);
    if (!HPy_IsNull(number)) HPy_Close(ctx, number);
}

static void look_borrowed(HPyContext* ctx, Watch* watch, uint64_t i) {
    HPy lent = HPyGlobal_Borrow(ctx, borrowed[i]);
    const Kept* data = HPy_IsNull(lent) ? NULL : Kept_AsStruct(ctx, lent);
    look(watch, data != NULL && data->key == watch->key && data->index == i);
    data = (const Kept*)HPy_AsStruct_g(ctx, borrowed[i], SHAPE(Kept));
    look(watch, data != NULL && data->key == watch->key && data->index == i);
}

/* read(n, seed, key). Python.h includes unistd.h, which has read() and write(). */
HPyDef_METH(reading, "read", HPyFunc_VARARGS)
static HPy reading_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs) {
    Watch watch = {0};
    if (nargs != 3) return HPyErr_SetString(ctx, ctx->h_TypeError, "read(n, seed, key)");
    const uint64_t n = number_of(ctx, args[0]);
    uint64_t seed = number_of(ctx, args[1]) | 1;
    watch.key = number_of(ctx, args[2]);
    while (watch.checked < (long long)n && !HPyErr_Occurred(ctx)) {
        const uint64_t random = next_random(&seed);
        const uint64_t i = random >> 8 & 3;
        for (uint64_t slot = 0; slot < HOT; ++slot) {
            look_at_kept(ctx, &watch, &slots[slot], slot);
            look_borrowed(ctx, &watch, slot);
        }
        look(&watch, HPy_TypeCheck_g(ctx, args[0], types[i]) >= 0 && !HPyErr_Occurred(ctx));
        look_at_number(ctx, &watch, HPy_Call_g(ctx, called[i], NULL, 0, HPy_NULL));
        look_at_number(ctx, &watch, HPy_GetItem_g(ctx, tables[i], args[1]));
    }
    return found(ctx, &watch);
}

/* ---- overwriting ---- */

static int overwrite(HPyContext* ctx, Watch* watch, const HPy* factories, uint64_t random) {
    const uint64_t slot = random % HOT;
    const size_t i = random >> 8 & 3;
    HPyGlobal* target = &slots[slot];
    HPy value;
    switch (random >> 16 & 7) {
    case 0:
        target = &called[i];
        value = HPy_Call(ctx, factories[0], NULL, 0, HPy_NULL);
        break;
    case 1:
        target = &tables[i];
        value = HPy_Call(ctx, factories[1], NULL, 0, HPy_NULL);
        break;
    case 2:
        target = &types[i];
        value = HPyType_FromSpec(ctx, &Kept_spec, NULL);
        break;
    case 3:
    case 4:
        value = new_kept(ctx, &Busy_Type, watch->key, slot);
        break;
    default:
        value = new_kept(ctx, &Kept_Type, watch->key, slot);
    }
    if (store_and_close(ctx, target, value) < 0) return -1;
    if (target == &slots[slot]) look_at_kept(ctx, watch, target, slot);
    return 0;
}

/* write(n, seed, key, new_callable, new_table) */
HPyDef_METH(writing, "write", HPyFunc_VARARGS)
static HPy writing_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs) {
    Watch watch = {0};
    if (nargs != 5) return HPyErr_SetString(ctx, ctx->h_TypeError, "write takes five arguments");
    const uint64_t n = number_of(ctx, args[0]);
    uint64_t seed = number_of(ctx, args[1]) | 1;
    watch.key = number_of(ctx, args[2]);
    for (uint64_t i = 0; i < n; ++i) {
        if (overwrite(ctx, &watch, args + 3, next_random(&seed)) < 0) return HPy_NULL;
    }
    return found(ctx, &watch);
}

/* touch(index, key): what destructors in Python call */
FUNCTION(touch) {
    Watch watch = {0};
    if (nargs != 2) return HPyErr_SetString(ctx, ctx->h_TypeError, "touch(index, key)");
    const size_t i = number_of(ctx, args[0]) % HOT;
    watch.key = number_of(ctx, args[1]);
    if (store_and_close(ctx, &slots[i], new_kept(ctx, &Kept_Type, watch.key, i)) < 0)
        return HPy_NULL;
    look_at_kept(ctx, &watch, &slots[i], i);
    look_at_number(ctx, &watch, HPy_Call_g(ctx, called[i % CALLED], NULL, 0, HPy_NULL));
    return found(ctx, &watch);
}

/* ---- first values ---- */

typedef struct {
    uint64_t key;
    uint64_t index;
    uint64_t random; /* 0: makes the value and nothing else */
} First;

static HPy make_first(HPyContext* ctx, void* arg) {
    const First* first = (const First*)arg;
    const uint64_t random = first->random;
    if (random != 0) { /* others come and wait */
        HPy_Close(ctx, HPy_Call_g(ctx, yielding, NULL, 0, HPy_NULL));
        if (HPyErr_Occurred(ctx)) return HPy_NULL;
    }
    if ((random & 7) == 1) return HPyErr_SetString(ctx, ctx->h_ValueError, "it fails");
    if ((random & 7) == 2) { /* asks for itself, which is an error */
        First inner = {first->key, first->index, 0};
        return HPyGlobal_LoadOrInit(ctx, &lazy[first->index], make_first, &inner);
    }
    if ((random & 7) == 3) { /* asks for another one: fine, or the end of a circle */
        First inner = {first->key, (random >> 8) % LAZY, random >> 16};
        HPy other = HPyGlobal_LoadOrInit(ctx, &lazy[inner.index], make_first, &inner);
        if (HPy_IsNull(other)) return HPy_NULL;
        HPy_Close(ctx, other);
    }
    HPy made = new_kept(ctx, &Kept_Type, first->key, first->index);
    if (!HPy_IsNull(made)) atomic_fetch_add(&first_made[first->key % KEYS], 1);
    return made;
}

static void look_at_first(HPyContext* ctx, Watch* watch, First* first) {
    HPy h = HPyGlobal_LoadOrInit(ctx, &lazy[first->index], make_first, first);
    if (HPy_IsNull(h)) {
        look(watch, HPyErr_ExceptionMatches(ctx, ctx->h_ValueError) ||
                        HPyErr_ExceptionMatches(ctx, ctx->h_RuntimeError));
        HPyErr_Clear(ctx);
        return;
    }
    const Kept* data = Kept_AsStruct(ctx, h);
    look(watch, data->key == first->key && data->index == first->index);
    HPy_Close(ctx, h);
}

/* first(n, seed, key) */
FUNCTION(first) {
    Watch watch = {0};
    if (nargs != 3) return HPyErr_SetString(ctx, ctx->h_TypeError, "first(n, seed, key)");
    const uint64_t n = number_of(ctx, args[0]);
    uint64_t seed = number_of(ctx, args[1]) | 1;
    watch.key = number_of(ctx, args[2]);
    for (uint64_t i = 0; i < n && !HPyErr_Occurred(ctx); ++i) {
        First one = {watch.key, next_random(&seed) % LAZY, next_random(&seed) | 16};
        look_at_first(ctx, &watch, &one);
    }
    return found(ctx, &watch);
}

/* Clears all first values; only here are they cleared, and by one thread at a time, so what is
 * loaded is what the store takes away. Gives how many there were. */
static long long forget_all(HPyContext* ctx, Watch* watch) {
    long long stored = 0;
    for (uint64_t i = 0; i < LAZY; ++i) {
        HPy h = HPyGlobal_Load(ctx, lazy[i]);
        if (HPy_IsNull(h)) continue;
        ++stored;
        const Kept* data = Kept_AsStruct(ctx, h);
        look(watch, data->key == watch->key && data->index == i);
        HPyGlobal_Store(ctx, &lazy[i], HPy_NULL);
        HPy_Close(ctx, h);
    }
    return stored;
}

/* forget(n, seed, key): clears all first values. What was ever made and what was ever forgotten
 * must be the same number: with the GIL always, since no Python code runs here and no other thread
 * is in between; without it when all others are done, which n = 0 means, and until then the first
 * is not less. */
FUNCTION(forget) {
    Watch watch = {0};
    if (nargs != 3) return HPyErr_SetString(ctx, ctx->h_TypeError, "forget(n, seed, key)");
    const int last = number_of(ctx, args[0]) == 0;
    watch.key = number_of(ctx, args[2]);
    const uint64_t at = watch.key % KEYS;
    if (atomic_exchange(&forgetting[at], 1) != 0) { /* somebody is at it: no wait, no check */
        look(&watch, !GIL && !last);
        return found(ctx, &watch);
    }
    const long long cleared = forget_all(ctx, &watch);
    const long long gone = atomic_fetch_add(&first_forgotten[at], cleared) + cleared;
    const long long made = atomic_load(&first_made[at]);
    look(&watch, GIL || last ? gone == made : gone <= made);
    atomic_store(&forgetting[at], 0);
    return found(ctx, &watch);
}

static HPyDef* defines[] = {&begin, &reading, &writing, &touch, &first, &forget, NULL};
static HPyModuleDef definition = {.doc = "Overwritten.", .defines = defines, .globals = globals};
NEEDS_NO_GIL(overwrite)
HPy_MODINIT(overwrite, definition)
