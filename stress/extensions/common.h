/* common.h: what the stress extensions share: values that carry the key of their interpreter, and
 * counts.
 *
 * Every interpreter has a key, given by the program; no two of a process have the same. A value
 * that goes into a global carries the key of its interpreter, every load compares it with the
 * caller's. Counts are plain numbers of the process, one pair for each key, so that they can be
 * read when the interpreter is gone. Each extension has its own.
 */
#pragma once

#ifdef FACE /* the same as an extension of CPython's API */
#include "face.h"
#else
#include <hpy.h>
/* behind hpy.h */
#include <hpystate/fused.h>
#endif

#include <stdatomic.h>
#include <stdint.h>

enum { KEYS = 1 << 16 };

struct stress_counts {
    atomic_llong made;      /* objects that only a global holds in the end */
    atomic_llong destroyed; /* of those */
};
static struct stress_counts stress_counts[KEYS];

/* For the program, which reads the counts without Python. */
__attribute__((visibility("default"))) struct stress_counts* stress_counts_of(uint64_t key);
struct stress_counts* stress_counts_of(uint64_t key) {
    return &stress_counts[key % KEYS];
}

/* What a call found out. */
typedef struct {
    uint64_t key;
    long long checked;
    long long wrong;
} Watch;

static inline void look(Watch* watch, int good) {
    watch->checked++;
    watch->wrong += !good;
}

static inline HPy found(HPyContext* ctx, const Watch* watch) {
    return HPyErr_Occurred(ctx) ? HPy_NULL
                                : HPy_BuildValue(ctx, "(LL)", watch->checked, watch->wrong);
}

/* xorshift64*: the seed is never 0 */
static inline uint64_t next_random(uint64_t* state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 2685821657736338717ULL >> 24;
}

static inline uint64_t number_of(HPyContext* ctx, HPy number) {
    return HPyLong_AsUInt64_t(ctx, number);
}

/* An object that carries its interpreter's key. */
typedef struct {
    uint64_t key;
    uint64_t index;
} Kept;
HPyType_HELPERS(Kept)

HPyDef_SLOT(Kept_destroy, HPy_tp_destroy)
static void Kept_destroy_impl(void* self) {
    atomic_fetch_add(&stress_counts_of(((Kept*)self)->key)->destroyed, 1);
}
static HPyDef* Kept_defines[] = {&Kept_destroy, NULL};
static HPyType_Spec Kept_spec = {
    .name = "stress.Kept",
    .basicsize = sizeof(Kept),
    .builtin_shape = SHAPE(Kept),
    .flags = HPy_TPFLAGS_DEFAULT,
    .defines = Kept_defines,
};

/* A new one, of the type that a global holds. */
static inline HPy new_kept(HPyContext* ctx, const HPyGlobal* type, uint64_t key, uint64_t index) {
    Kept* data;
    HPy h = HPy_New_g(ctx, *type, &data);
    if (HPy_IsNull(h)) return HPy_NULL;
    data->key = key;
    data->index = index;
    atomic_fetch_add(&stress_counts_of(key)->made, 1);
    return h;
}

static inline int store_and_close(HPyContext* ctx, HPyGlobal* global, HPy value) {
    if (HPy_IsNull(value)) return -1;
    HPyGlobal_Store(ctx, global, value);
    HPy_Close(ctx, value);
    return HPyErr_Occurred(ctx) ? -1 : 0;
}

static inline int store_type(HPyContext* ctx, HPyGlobal* global, HPyType_Spec* spec) {
    return store_and_close(ctx, global, HPyType_FromSpec(ctx, spec, NULL));
}

/* A load whose value must be a Kept of this key and index. */
static inline void look_at_kept(HPyContext* ctx, Watch* watch, const HPyGlobal* global,
                                uint64_t index) {
    HPy h = HPyGlobal_Load(ctx, *global);
    if (HPy_IsNull(h)) {
        look(watch, 0);
        return;
    }
    const Kept* kept = Kept_AsStruct(ctx, h);
    look(watch, kept->key == watch->key && kept->index == index);
    HPy_Close(ctx, h);
}

/* work(n, seed, key) of a module that only loads: one of `count` globals after the other. */
static inline HPy look_at_all(HPyContext* ctx, const HPy* args, size_t nargs,
                              const HPyGlobal* globals, uint64_t count) {
    Watch watch = {0};
    if (nargs != 3) return HPyErr_SetString(ctx, ctx->h_TypeError, "work(n, seed, key)");
    const uint64_t n = number_of(ctx, args[0]);
    watch.key = number_of(ctx, args[2]);
    for (uint64_t i = 0; i < n && !HPyErr_Occurred(ctx); ++i)
        look_at_kept(ctx, &watch, &globals[i % count], i % count);
    return found(ctx, &watch);
}

static inline HPy nothing(HPyContext* ctx) {
    return HPyErr_Occurred(ctx) ? HPy_NULL : HPy_Dup(ctx, ctx->h_None);
}

/* The extensions share atomics among threads, and nothing else: an import keeps the GIL off. */
#define NEEDS_NO_GIL(name)                                                                         \
    HPy_EXPORTED_FUNC const char* hpystate_gil_##name(void);                                       \
    const char* hpystate_gil_##name(void) {                                                        \
        return "off";                                                                              \
    }

/* clang-format off */
#define FUNCTION(name)                                                                             \
    HPyDef_METH(name, #name, HPyFunc_VARARGS)                                                      \
    static HPy name##_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs)
/* clang-format on */
