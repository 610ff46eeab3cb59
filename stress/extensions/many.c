/* many.c: a module with many slots; MODULE is its name, SLOTS their number.
 *
 * For MODULE=colliding the slots are 1 MiB apart in threes, so three share an entry of the window;
 * otherwise they are neighbours. The table of globals is filled when the file is mapped: no program
 * writes ten thousand names by hand.
 */
#include "common.h"

#ifdef COLLIDING
enum { STRIDE = 1 << 17, GROUPS = SLOTS / 3 };
static HPyGlobal area[2 * STRIDE + GROUPS];
#define SLOT(i) area[(i) % 3 * STRIDE + (i) / 3]
#else
static HPyGlobal area[SLOTS];
#define SLOT(i) area[i]
#endif
enum { OBJECTS = 64 };
static HPyGlobal Kept_Type;
static HPyGlobal* globals[SLOTS + 2];

__attribute__((constructor)) static void list_globals(void) {
    for (size_t i = 0; i < SLOTS; ++i)
        globals[i] = &SLOT(i);
    globals[SLOTS] = &Kept_Type;
}

/* begin(key): slot i gets object i % OBJECTS */
FUNCTION(begin) {
    uint64_t key = nargs == 1 ? number_of(ctx, args[0]) : 0;
    if (HPyErr_Occurred(ctx) || store_type(ctx, &Kept_Type, &Kept_spec) < 0) return HPy_NULL;
    for (uint64_t first = 0; first < OBJECTS; ++first) {
        HPy h = new_kept(ctx, &Kept_Type, key, first);
        if (HPy_IsNull(h)) return HPy_NULL;
        for (uint64_t i = first; i < SLOTS; i += OBJECTS)
            HPyGlobal_Store(ctx, &SLOT(i), h);
        HPy_Close(ctx, h);
    }
    return nothing(ctx);
}

FUNCTION(values) {
    long count = 0;
    for (size_t i = 0; i < SLOTS; ++i) {
        HPy h = HPyGlobal_Load(ctx, SLOT(i));
        count += !HPy_IsNull(h);
        if (!HPy_IsNull(h)) HPy_Close(ctx, h);
    }
    return HPyLong_FromLong(ctx, count);
}

/* work(rounds, seed, key): every slot once a round */
FUNCTION(work) {
    Watch watch = {0};
    if (nargs != 3) return HPyErr_SetString(ctx, ctx->h_TypeError, "work(rounds, seed, key)");
    uint64_t rounds = number_of(ctx, args[0]);
    watch.key = number_of(ctx, args[2]);
    for (; rounds > 0 && !HPyErr_Occurred(ctx); --rounds) {
        for (uint64_t i = 0; i < SLOTS; ++i)
            look_at_kept(ctx, &watch, &SLOT(i), i % OBJECTS);
    }
    return found(ctx, &watch);
}

static HPyDef* defines[] = {&begin, &values, &work, NULL};
static HPyModuleDef definition = {.doc = "Many slots.", .defines = defines, .globals = globals};
/* MODULE is expanded before */
#define DECLARE(name)                                                                              \
    NEEDS_NO_GIL(name)                                                                             \
    HPy_MODINIT(name, definition)
DECLARE(MODULE)
