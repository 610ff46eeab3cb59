/* stressed.c: the extension that the churn works in: every kind of load, each checked, at C's
 * speed.
 *
 * begin(key, call) fills the globals; work(n, seed, key) makes n loads and fused calls and gives
 * (checked, wrong); values() counts the globals that hold something.
 */
#include "common.h"

enum { KEPT = 24, NUMBERS = 24, FRESH = 8 };

static HPyGlobal Kept_Type, Node_Type;
static HPyGlobal kept[KEPT];       /* Kept objects */
static HPyGlobal numbers[NUMBERS]; /* int: key * NUMBERS + index */
static HPyGlobal fresh[FRESH];     /* Kept objects, overwritten all the time */
static HPyGlobal cycle;            /* a Node that holds itself */
static HPyGlobal table;            /* dict: index -> int */
static HPyGlobal call;             /* a callable without arguments that gives the key */
static HPyGlobal name;             /* str: an attribute's name */

#define EACH(macro)                                                                                \
    macro(0) macro(1) macro(2) macro(3) macro(4) macro(5) macro(6) macro(7) macro(8) macro(9)      \
        macro(10) macro(11) macro(12) macro(13) macro(14) macro(15) macro(16) macro(17) macro(18)  \
            macro(19) macro(20) macro(21) macro(22) macro(23)
#define LISTED(n) &kept[n], &numbers[n],
static HPyGlobal* globals[] = {
    EACH(LISTED) & Kept_Type,
    &Node_Type,
    &fresh[0],
    &fresh[1],
    &fresh[2],
    &fresh[3],
    &fresh[4],
    &fresh[5],
    &fresh[6],
    &fresh[7],
    &cycle,
    &table,
    &call,
    &name,
    NULL,
};

typedef struct {
    uint64_t key;
    HPyField self;
} Node;
HPyType_HELPERS(Node)

HPyDef_SLOT(Node_traverse, HPy_tp_traverse)
static int Node_traverse_impl(void* self, HPyFunc_visitproc visit, void* arg) {
    HPy_VISIT(&((Node*)self)->self);
    return 0;
}
HPyDef_SLOT(Node_destroy, HPy_tp_destroy)
static void Node_destroy_impl(void* self) {
    atomic_fetch_add(&stress_counts_of(((Node*)self)->key)->destroyed, 1);
}
static HPyDef* Node_defines[] = {&Node_traverse, &Node_destroy, NULL};
static HPyType_Spec Node_spec = {
    .name = "stressed.Node",
    .basicsize = sizeof(Node),
    .builtin_shape = SHAPE(Node),
    .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_HAVE_GC,
    .defines = Node_defines,
};

static int store_node(HPyContext* ctx, uint64_t key) {
    Node* data;
    HPy node = HPy_New_g(ctx, Node_Type, &data);
    if (HPy_IsNull(node)) return -1;
    data->key = key;
    atomic_fetch_add(&stress_counts_of(key)->made, 1);
    HPyField_Store(ctx, node, &data->self, node);
    return store_and_close(ctx, &cycle, node);
}

static int store_table(HPyContext* ctx, uint64_t key) {
    HPy dict = HPyDict_New(ctx);
    for (uint64_t i = 0; !HPy_IsNull(dict) && i < NUMBERS; ++i) {
        HPy value = HPyLong_FromUInt64_t(ctx, key);
        if (!HPy_IsNull(value)) HPy_SetItem_i(ctx, dict, (HPy_ssize_t)i, value);
        if (!HPy_IsNull(value)) HPy_Close(ctx, value);
    }
    return store_and_close(ctx, &table, dict); /* -1 where an exception is set */
}

FUNCTION(begin) {
    uint64_t key = nargs == 2 ? number_of(ctx, args[0]) : 0;
    if (HPyErr_Occurred(ctx) || store_type(ctx, &Kept_Type, &Kept_spec) < 0) return HPy_NULL;
    if (store_type(ctx, &Node_Type, &Node_spec) < 0 || store_node(ctx, key) < 0) return HPy_NULL;
    for (uint64_t i = 0; i < KEPT; ++i) {
        if (store_and_close(ctx, &kept[i], new_kept(ctx, &Kept_Type, key, i)) < 0) return HPy_NULL;
    }
    for (uint64_t i = 0; i < FRESH; ++i) {
        if (store_and_close(ctx, &fresh[i], new_kept(ctx, &Kept_Type, key, i)) < 0) return HPy_NULL;
    }
    for (uint64_t i = 0; i < NUMBERS; ++i) {
        HPy number = HPyLong_FromUInt64_t(ctx, key * NUMBERS + i);
        if (store_and_close(ctx, &numbers[i], number) < 0) return HPy_NULL;
    }
    if (store_table(ctx, key) < 0) return HPy_NULL;
    HPyGlobal_Store(ctx, &call, args[1]);
    if (store_and_close(ctx, &name, HPyUnicode_FromString(ctx, "__name__")) < 0) return HPy_NULL;
    return nothing(ctx);
}

FUNCTION(values) {
    long count = 0;
    for (HPyGlobal** global = globals; *global != NULL; ++global) {
        HPy h = HPyGlobal_Load(ctx, **global);
        count += !HPy_IsNull(h);
        if (!HPy_IsNull(h)) HPy_Close(ctx, h);
    }
    return HPyLong_FromLong(ctx, count);
}

/* ---- what work() makes of a random number ---- */

static void look_at_number(HPyContext* ctx, Watch* watch, uint64_t i) {
    HPy h = HPyGlobal_Load(ctx, numbers[i]);
    look(watch, !HPy_IsNull(h) && number_of(ctx, h) == watch->key * NUMBERS + i);
    if (!HPy_IsNull(h)) HPy_Close(ctx, h);
}

static void look_borrowed(HPyContext* ctx, Watch* watch, uint64_t i) {
    HPy h = HPyGlobal_Borrow(ctx, kept[i]);
    const Kept* data = HPy_IsNull(h) ? NULL : Kept_AsStruct(ctx, h);
    look(watch, data != NULL && data->key == watch->key && data->index == i);
}

static void look_at_struct(HPyContext* ctx, Watch* watch, uint64_t i) {
    const Kept* data = (const Kept*)HPy_AsStruct_g(ctx, kept[i], SHAPE(Kept));
    look(watch, data != NULL && data->key == watch->key && data->index == i);
}

static void look_at_type(HPyContext* ctx, Watch* watch, uint64_t i) {
    HPy h = HPyGlobal_Load(ctx, kept[i]);
    look(watch, !HPy_IsNull(h) && HPy_TypeCheck_g(ctx, h, Kept_Type) == 1);
    look(watch, !HPy_IsNull(h) && HPy_Is_g(ctx, h, kept[i]) == 1);
    if (!HPy_IsNull(h)) HPy_Close(ctx, h);
}

static void look_in_table(HPyContext* ctx, Watch* watch, uint64_t i) {
    HPy index = HPyLong_FromUInt64_t(ctx, i);
    HPy h = HPy_GetItem_g(ctx, table, index);
    look(watch, !HPy_IsNull(h) && number_of(ctx, h) == watch->key);
    HPy_Close(ctx, index);
    if (!HPy_IsNull(h)) HPy_Close(ctx, h);
}

static void look_by_call(HPyContext* ctx, Watch* watch) {
    HPy h = HPy_Call_g(ctx, call, NULL, 0, HPy_NULL);
    look(watch, !HPy_IsNull(h) && number_of(ctx, h) == watch->key);
    if (!HPy_IsNull(h)) HPy_Close(ctx, h);
}

static void overwrite(HPyContext* ctx, Watch* watch, uint64_t i) {
    HPy h = new_kept(ctx, &Kept_Type, watch->key, i);
    if (HPy_IsNull(h)) return; /* the exception ends work() */
    HPyGlobal_Store(ctx, &fresh[i], h);
    HPy_Close(ctx, h);
    /* without the GIL another thread may have stored since */
    look_at_kept(ctx, watch, &fresh[i], i);
}

static void look_at_node(HPyContext* ctx, Watch* watch) {
    HPy h = HPyGlobal_Load(ctx, cycle);
    look(watch, !HPy_IsNull(h) && Node_AsStruct(ctx, h)->key == watch->key);
    if (HPy_IsNull(h)) return;
    HPy attribute = HPy_GetAttr_g(ctx, ctx->h_LongType, name);
    look(watch, !HPy_IsNull(attribute));
    if (!HPy_IsNull(attribute)) HPy_Close(ctx, attribute);
    HPy_Close(ctx, h);
}

static void step(HPyContext* ctx, Watch* watch, uint64_t random) {
    const uint64_t i = random % KEPT;
    const unsigned way = (unsigned)(random >> 8 & 127);
    if (way < 56) {
        look_at_kept(ctx, watch, &kept[i], i);
    } else if (way < 76) {
        look_borrowed(ctx, watch, i);
    } else if (way < 96) {
        look_at_struct(ctx, watch, i);
    } else if (way < 106) {
        look_at_number(ctx, watch, i);
    } else if (way < 116) {
        look_at_type(ctx, watch, i);
    } else if (way < 122) {
        look_at_kept(ctx, watch, &fresh[i % FRESH], i % FRESH);
    } else if (way < 124) {
        look_at_node(ctx, watch);
    } else if (way < 125) {
        look_in_table(ctx, watch, i);
    } else if (way < 126) {
        overwrite(ctx, watch, i % FRESH);
    } else if (random >> 16 & 7) {
        look_at_kept(ctx, watch, &kept[i], i);
    } else {
        look_by_call(ctx, watch);
    }
}

FUNCTION(work) {
    uint64_t n, seed;
    Watch watch = {0};
    if (nargs != 3) return HPyErr_SetString(ctx, ctx->h_TypeError, "work(n, seed, key)");
    n = number_of(ctx, args[0]);
    seed = number_of(ctx, args[1]) | 1;
    watch.key = number_of(ctx, args[2]);
    while (watch.checked < (long long)n && !HPyErr_Occurred(ctx)) {
        for (int i = 0; i < 64; ++i)
            step(ctx, &watch, next_random(&seed));
    }
    return found(ctx, &watch);
}

static HPyDef* defines[] = {&begin, &values, &work, NULL};
static HPyModuleDef definition = {.doc = "Checked loads.", .defines = defines, .globals = globals};
NEEDS_NO_GIL(stressed)
HPy_MODINIT(stressed, definition)
