/* late.c: destructors that use globals at every stage of the end of an interpreter.
 *
 * make(key, stage) gives an object whose finalizer probes, probe(key, stage) is the same for
 * destructors in Python. A probe loads, borrows, stores, makes fused calls, asks for first values
 * and imports. Late in an interpreter's life a global may hold nothing and a call may raise; what a
 * probe must never see is another interpreter's value, or a value that it could not have.
 */
#include "common.h"

enum { KEPT = 8, STAGES = 32 };

static HPyGlobal Kept_Type, Late_Type;
static HPyGlobal kept[KEPT];
static HPyGlobal call;          /* a callable without arguments that gives the key */
static HPyGlobal held[4];       /* what only a global holds */
static HPyGlobal lazy[STAGES];  /* first values */
static HPyGlobal spare[STAGES]; /* stored to by probes */
static HPyGlobal imported;

static HPyGlobal* globals[KEPT + STAGES + STAGES + 9];

__attribute__((constructor)) static void list_globals(void) {
    HPyGlobal** next = globals;
    HPyGlobal* const single[] = {&Kept_Type, &Late_Type, &call, &imported};
    for (size_t i = 0; i < 4; ++i)
        *next++ = single[i];
    for (size_t i = 0; i < 4; ++i)
        *next++ = &held[i];
    for (size_t i = 0; i < KEPT; ++i)
        *next++ = &kept[i];
    for (size_t i = 0; i < STAGES; ++i) {
        *next++ = &lazy[i];
        *next++ = &spare[i];
    }
}

/* What the probes of a stage found, in all interpreters. */
struct stage {
    atomic_llong probes;
    atomic_llong with_values; /* the globals still held theirs */
    atomic_llong imports;     /* an import still worked */
    atomic_llong checked;
    atomic_llong wrong;
};
static struct stage stages[STAGES];

__attribute__((visibility("default"))) const struct stage* late_stage(size_t number);
const struct stage* late_stage(size_t number) {
    return &stages[number % STAGES];
}

static HPy make_lazy(HPyContext* ctx, void* key) {
    return new_kept(ctx, &Kept_Type, *(uint64_t*)key, 0);
}

static int is_ours(HPyContext* ctx, const Watch* watch, HPy h, uint64_t index) {
    const Kept* data = Kept_AsStruct(ctx, h);
    return data->key == watch->key && data->index == index;
}

/* A handle that may be HPy_NULL; closed here. */
static int look_if_there(HPyContext* ctx, Watch* watch, HPy h, uint64_t index) {
    if (HPy_IsNull(h)) {
        look(watch, 1);
        return 0;
    }
    look(watch, is_ours(ctx, watch, h, index));
    HPy_Close(ctx, h);
    return 1;
}

static int probe_loads(HPyContext* ctx, Watch* watch) {
    int values = 0;
    for (uint64_t i = 0; i < KEPT; ++i) {
        values += look_if_there(ctx, watch, HPyGlobal_Load(ctx, kept[i]), i);
        HPy lent = HPyGlobal_Borrow(ctx, kept[i]);
        look(watch, HPy_IsNull(lent) || is_ours(ctx, watch, lent, i));
        HPyErr_Clear(ctx);
        Kept* data = (Kept*)HPy_AsStruct_g(ctx, kept[i], SHAPE(Kept));
        look(watch, data == NULL || (data->key == watch->key && data->index == i));
        look(watch, (data == NULL) == HPyErr_Occurred(ctx)); /* nothing stored: SystemError */
        HPyErr_Clear(ctx);
    }
    look(watch, values == 0 || values == KEPT); /* a window is closed at once */
    return values != 0;
}

static void probe_calls(HPyContext* ctx, Watch* watch) {
    HPy answer = HPy_Call_g(ctx, call, NULL, 0, HPy_NULL);
    if (HPy_IsNull(answer)) {
        look(watch, HPyErr_Occurred(ctx));
    } else {
        look(watch, number_of(ctx, answer) == watch->key);
        HPy_Close(ctx, answer);
    }
    HPyErr_Clear(ctx);
    HPyErr_SetString_g(ctx, Kept_Type,
                       "raised late"); /* no exception type: an error all the same */
    look(watch, HPyErr_Occurred(ctx));
    HPyErr_Clear(ctx);
}

static void probe_stores(HPyContext* ctx, Watch* watch, uint64_t stage, int has_values) {
    HPy fresh = new_kept(ctx, &Kept_Type, watch->key, stage);
    look(watch, HPy_IsNull(fresh) != has_values || HPyErr_Occurred(ctx));
    HPyErr_Clear(ctx);
    if (!HPy_IsNull(fresh)) {
        HPyGlobal_Store(ctx, &spare[stage], fresh);
        look_if_there(ctx, watch, HPyGlobal_Load(ctx, spare[stage]), stage);
        HPy_Close(ctx, fresh);
    }
    HPyGlobal_Store(ctx, &spare[stage], ctx->h_None); /* releases that one */
    HPy none = HPyGlobal_Load(ctx, spare[stage]);
    look(watch, HPy_IsNull(none) != has_values);
    if (!HPy_IsNull(none)) {
        look(watch, HPy_Is(ctx, none, ctx->h_None));
        HPy_Close(ctx, none);
    }
    HPyErr_Clear(ctx);
}

static void probe_first_values(HPyContext* ctx, Watch* watch, uint64_t stage) {
    HPy first = HPyGlobal_LoadOrInit(ctx, &lazy[stage], make_lazy, &watch->key);
    look(watch, HPy_IsNull(first) == HPyErr_Occurred(ctx));
    HPyErr_Clear(ctx);
    look_if_there(ctx, watch, first, 0);
}

static int probe_imports(HPyContext* ctx, Watch* watch) {
    HPy function = HPyGlobal_Import(ctx, &imported, "colorsys", "rgb_to_hls");
    look(watch, HPy_IsNull(function) == HPyErr_Occurred(ctx));
    HPyErr_Clear(ctx);
    HPy module = HPyImport_ImportModule(ctx, "string");
    const int works = !HPy_IsNull(module);
    HPyErr_Clear(ctx);
    if (!HPy_IsNull(function)) HPy_Close(ctx, function);
    if (works) HPy_Close(ctx, module);
    return works;
}

static void probe_all(HPyContext* ctx, uint64_t key, uint64_t number) {
    struct stage* const stage = &stages[number % STAGES];
    Watch watch = {.key = key};
    const int has_values = probe_loads(ctx, &watch);
    probe_calls(ctx, &watch);
    probe_stores(ctx, &watch, number % STAGES, has_values);
    probe_first_values(ctx, &watch, number % STAGES);
    const int imports = probe_imports(ctx, &watch);
    atomic_fetch_add(&stage->probes, 1);
    atomic_fetch_add(&stage->with_values, has_values);
    atomic_fetch_add(&stage->imports, imports);
    atomic_fetch_add(&stage->checked, watch.checked);
    atomic_fetch_add(&stage->wrong, watch.wrong);
}

typedef struct {
    uint64_t key;
    uint64_t stage;
    HPyField self;
} Late;
HPyType_HELPERS(Late)

HPyDef_SLOT(Late_traverse, HPy_tp_traverse)
static int Late_traverse_impl(void* self, HPyFunc_visitproc visit, void* arg) {
    HPy_VISIT(&((Late*)self)->self);
    return 0;
}
HPyDef_SLOT(Late_finalize, HPy_tp_finalize)
static void Late_finalize_impl(HPyContext* ctx, HPy self) {
    const Late* late = Late_AsStruct(ctx, self);
    probe_all(ctx, late->key, late->stage);
}
HPyDef_SLOT(Late_destroy, HPy_tp_destroy)
static void Late_destroy_impl(void* self) {
    atomic_fetch_add(&stress_counts_of(((Late*)self)->key)->destroyed, 1);
}
static HPyDef* Late_defines[] = {&Late_traverse, &Late_finalize, &Late_destroy, NULL};
static HPyType_Spec Late_spec = {
    .name = "late.Late",
    .basicsize = sizeof(Late),
    .builtin_shape = SHAPE(Late),
    .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_HAVE_GC,
    .defines = Late_defines,
};

FUNCTION(begin) {
    uint64_t key = nargs == 2 ? number_of(ctx, args[0]) : 0;
    if (HPyErr_Occurred(ctx) || store_type(ctx, &Kept_Type, &Kept_spec) < 0) return HPy_NULL;
    if (store_type(ctx, &Late_Type, &Late_spec) < 0) return HPy_NULL;
    for (uint64_t i = 0; i < KEPT; ++i) {
        if (store_and_close(ctx, &kept[i], new_kept(ctx, &Kept_Type, key, i)) < 0) return HPy_NULL;
    }
    HPyGlobal_Store(ctx, &call, args[1]);
    return nothing(ctx);
}

/* make(key, stage, in_cycle) */
FUNCTION(make) {
    Late* data;
    if (nargs != 3) return HPyErr_SetString(ctx, ctx->h_TypeError, "make(key, stage, in_cycle)");
    HPy h = HPy_New_g(ctx, Late_Type, &data);
    if (HPy_IsNull(h)) return HPy_NULL;
    data->key = number_of(ctx, args[0]);
    data->stage = number_of(ctx, args[1]);
    atomic_fetch_add(&stress_counts_of(data->key)->made, 1);
    if (HPy_IsTrue(ctx, args[2])) HPyField_Store(ctx, h, &data->self, h);
    return h;
}

FUNCTION(probe) {
    if (nargs != 2) return HPyErr_SetString(ctx, ctx->h_TypeError, "probe(key, stage)");
    probe_all(ctx, number_of(ctx, args[0]), number_of(ctx, args[1]));
    return nothing(ctx);
}

/* hold(index, object): from now on only a global holds it */
FUNCTION(hold) {
    if (nargs != 2) return HPyErr_SetString(ctx, ctx->h_TypeError, "hold(index, object)");
    HPyGlobal_Store(ctx, &held[number_of(ctx, args[0]) % 4], args[1]);
    return nothing(ctx);
}

FUNCTION(work) {
    return look_at_all(ctx, args, nargs, kept, KEPT);
}

static HPyDef* defines[] = {&begin, &make, &probe, &hold, &work, NULL};
static HPyModuleDef definition = {.doc = "Late users.", .defines = defines, .globals = globals};
NEEDS_NO_GIL(late)
HPy_MODINIT(late, definition)
