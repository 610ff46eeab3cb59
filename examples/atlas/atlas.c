/* examples/atlas/atlas.c: an HPy extension in which every kind of global matters.
 *
 * Long: every kind of global in one extension, as real ones have them.
 *
 * It keeps in C statics what real extensions keep there: a type, an exception, an interned name, an
 * imported function, a cache, a counter object. The same file is imported by any number of
 * interpreters, and runs under hpystate and under HPy's own runtime.
 *
 * Two ways to use a global are shown. Where its object is needed for one call, a fused call (suffix
 * _g) takes the global itself: HPy_New_g in new_place, HPy_TypeCheck_g in Place_add, HPy_Call_g in
 * use_function. Otherwise it is loaded, used and closed: the loads that are checked.
 *
 * The module also watches itself. start(id, nonce) gives the module of one interpreter its tag.
 * Every value that goes into a global carries the tag, work() compares it with the caller's before
 * each use, and a value that is missing or carries another tag is counted as wrong and not used. So
 * work() tells whether the runtime keeps interpreters apart, under any runtime.
 */
#include <hpy.h>
#include <hpystate/fused.h>

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* ---- the globals: one static each, one value per interpreter ------------------------------- */

static HPyGlobal Place_type; /* a type that this module defines */
static HPyGlobal AtlasError; /* an exception that it defines */
static HPyGlobal home_key;   /* an interned str: the key of the home place in the cache */
static HPyGlobal to_yiq;     /* colorsys.rgb_to_yiq, imported once */
static HPyGlobal cache;      /* a dict: name -> Place */
static HPyGlobal counter;    /* an object that changes: how often work() went round */

static HPyGlobal* atlas_globals[] = {
    &Place_type, &AtlasError, &home_key, &to_yiq, &cache, &counter, NULL,
};

/* ---- shared by all interpreters: plain numbers, by the interpreter's id -------------------- */

enum { MAX_ID = 4096 };

/* One cache line each: interpreters on two cores do not slow each other down by counting. */
static struct {
    _Alignas(64) atomic_llong created;
    atomic_llong released;
} counts[MAX_ID];

/* ---- tags ---------------------------------------------------------------------------------- */

/* id in the upper half, nonce in the lower one */
typedef uint64_t Tag;

static Tag make_tag(uint32_t id, uint32_t nonce) {
    return (uint64_t)id << 32 | nonce;
}

static uint32_t id_of(Tag tag) {
    return (uint32_t)(tag >> 32);
}

/* What one call of work() found out. */
typedef struct {
    Tag expected;
    long long loads;
    long long wrong;
} Watch;

/* A loaded value, or HPy_NULL where it is not the caller's own; then it was counted as wrong. */
static HPy checked(HPyContext* ctx, Watch* watch, HPy value, int good) {
    watch->loads++;
    if (good) return value;
    watch->wrong++;
    if (!HPy_IsNull(value)) HPy_Close(ctx, value);
    HPyErr_Clear(ctx);
    return HPy_NULL;
}

/* ---- Place and Counter: objects that know whose they are ----------------------------------- */

typedef struct {
    Tag tag;
    double x, y;
    HPyField neighbour; /* a Place or null; two places that are neighbours are a cycle */
} PlaceObject;

HPyType_HELPERS(PlaceObject)

HPyDef_SLOT(Place_traverse, HPy_tp_traverse)
static int Place_traverse_impl(void* self, HPyFunc_visitproc visit, void* arg) {
    HPy_VISIT(&((PlaceObject*)self)->neighbour);
    return 0;
}

HPyDef_SLOT(Place_destroy, HPy_tp_destroy)
static void Place_destroy_impl(void* self) {
    atomic_fetch_add(&counts[id_of(((PlaceObject*)self)->tag)].released, 1);
}

HPyDef_MEMBER(Place_x, "x", HPyMember_DOUBLE, offsetof(PlaceObject, x))
HPyDef_MEMBER(Place_y, "y", HPyMember_DOUBLE, offsetof(PlaceObject, y))

static HPy new_place(HPyContext* ctx, Tag tag, double x, double y) {
    PlaceObject* place;
    HPy h = HPy_New_g(ctx, Place_type, &place);
    if (HPy_IsNull(h)) return HPy_NULL;
    place->tag = tag;
    place->x = x;
    place->y = y;
    atomic_fetch_add(&counts[id_of(tag)].created, 1);
    return h;
}

HPyDef_SLOT(Place_add, HPy_nb_add)
static HPy Place_add_impl(HPyContext* ctx, HPy left, HPy right) {
    if (!HPy_TypeCheck_g(ctx, left, Place_type) || !HPy_TypeCheck_g(ctx, right, Place_type))
        return HPyErr_Occurred(ctx) ? HPy_NULL : HPy_Dup(ctx, ctx->h_NotImplemented);
    PlaceObject* a = PlaceObject_AsStruct(ctx, left);
    PlaceObject* b = PlaceObject_AsStruct(ctx, right);
    return new_place(ctx, a->tag, a->x + b->x, a->y + b->y);
}

static HPyDef* Place_defines[] = {
    &Place_traverse, &Place_destroy, &Place_x, &Place_y, &Place_add, NULL,
};

static HPyType_Spec Place_spec = {
    .name = "atlas.Place",
    .doc = "A point on the map of one interpreter.",
    .basicsize = sizeof(PlaceObject),
    .builtin_shape = SHAPE(PlaceObject),
    .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_HAVE_GC,
    .defines = Place_defines,
};

typedef struct {
    Tag tag;
    long long rounds;
} CounterObject;

HPyType_HELPERS(CounterObject)

HPyDef_SLOT(Counter_destroy, HPy_tp_destroy)
static void Counter_destroy_impl(void* self) {
    atomic_fetch_add(&counts[id_of(((CounterObject*)self)->tag)].released, 1);
}

static HPyDef* Counter_defines[] = {&Counter_destroy, NULL};

static HPyType_Spec Counter_spec = {
    .name = "atlas.Counter",
    .basicsize = sizeof(CounterObject),
    .builtin_shape = SHAPE(CounterObject),
    .flags = HPy_TPFLAGS_DEFAULT,
    .defines = Counter_defines,
};

/* ---- loads, each with its check ------------------------------------------------------------ */

/* Types, exceptions and functions carry their tag as an attribute. */
static int has_tag(HPyContext* ctx, HPy value, Tag expected) {
    HPy tag = HPy_GetAttr_s(ctx, value, "atlas_tag");
    if (HPy_IsNull(tag)) return 0;
    uint64_t found = HPyLong_AsUInt64_t(ctx, tag);
    HPy_Close(ctx, tag);
    return found == expected && !HPyErr_Occurred(ctx);
}

/* Whether the global holds the caller's own object, so that a fused call may use it. */
static int is_mine(HPyContext* ctx, Watch* watch, HPyGlobal global) {
    HPy value = HPyGlobal_Load(ctx, global);
    int good = !HPy_IsNull(value) && has_tag(ctx, value, watch->expected);
    HPy_Close(ctx, checked(ctx, watch, value, good));
    return good;
}

static void key_text(char* text, size_t size, Tag tag) {
    snprintf(text, size, "home of %016" PRIx64, tag);
}

static HPy load_key(HPyContext* ctx, Watch* watch) {
    char expected[64];
    HPy value = HPyGlobal_Load(ctx, home_key);
    key_text(expected, sizeof(expected), watch->expected);
    const char* found = HPy_IsNull(value) ? NULL : HPyUnicode_AsUTF8AndSize(ctx, value, NULL);
    return checked(ctx, watch, value, found != NULL && strcmp(found, expected) == 0);
}

static HPy load_cache(HPyContext* ctx, Watch* watch) {
    HPy value = HPyGlobal_Load(ctx, cache);
    int good = 0;
    HPy tag = HPy_IsNull(value) ? HPy_NULL : HPy_GetItem_s(ctx, value, "tag");
    if (!HPy_IsNull(tag)) {
        good = HPyLong_AsUInt64_t(ctx, tag) == watch->expected;
        HPy_Close(ctx, tag);
    }
    return checked(ctx, watch, value, good);
}

static HPy load_counter(HPyContext* ctx, Watch* watch) {
    HPy value = HPyGlobal_Load(ctx, counter);
    int good = !HPy_IsNull(value) && CounterObject_AsStruct(ctx, value)->tag == watch->expected;
    return checked(ctx, watch, value, good);
}

/* ---- start(id, nonce): fills the globals --------------------------------------------------- */

/* Tags a value and stores it; closes it in any case. */
static int store_tagged(HPyContext* ctx, HPyGlobal* global, HPy value, HPy tag) {
    if (HPy_IsNull(value)) return -1;
    int failed = HPy_SetAttr_s(ctx, value, "atlas_tag", tag) < 0;
    if (!failed) HPyGlobal_Store(ctx, global, value);
    HPy_Close(ctx, value);
    return failed ? -1 : 0;
}

static HPy import_attribute(HPyContext* ctx, const char* module_name, const char* name) {
    HPy module = HPyImport_ImportModule(ctx, module_name);
    if (HPy_IsNull(module)) return HPy_NULL;
    HPy value = HPy_GetAttr_s(ctx, module, name);
    HPy_Close(ctx, module);
    return value;
}

static int start_key(HPyContext* ctx, Tag tag) {
    char text[64];
    key_text(text, sizeof(text), tag);
    HPy intern = import_attribute(ctx, "sys", "intern");
    HPy plain = HPyUnicode_FromString(ctx, text);
    HPy interned = HPy_NULL;
    if (!HPy_IsNull(intern) && !HPy_IsNull(plain))
        interned = HPy_Call(ctx, intern, &plain, 1, HPy_NULL);
    if (!HPy_IsNull(interned)) HPyGlobal_Store(ctx, &home_key, interned);
    int failed = HPy_IsNull(interned);
    HPy_Close(ctx, intern);
    HPy_Close(ctx, plain);
    HPy_Close(ctx, interned);
    return failed ? -1 : 0;
}

/* The home place and its neighbour point to each other, and only the cache holds them. */
static int start_cache(HPyContext* ctx, Tag tag, HPy h_tag) {
    Watch watch = {.expected = tag};
    HPy dict = HPyDict_New(ctx);
    HPy key = load_key(ctx, &watch);
    HPy home = HPy_NULL, next = HPy_NULL;
    int failed = 1;
    if (HPy_IsNull(dict) || HPy_IsNull(key)) goto done;
    home = new_place(ctx, tag, 1.0, 2.0);
    next = new_place(ctx, tag, 3.0, 4.0);
    if (HPy_IsNull(home) || HPy_IsNull(next)) goto done;
    HPyField_Store(ctx, home, &PlaceObject_AsStruct(ctx, home)->neighbour, next);
    HPyField_Store(ctx, next, &PlaceObject_AsStruct(ctx, next)->neighbour, home);
    if (HPy_SetItem_s(ctx, dict, "tag", h_tag) == 0 && HPy_SetItem(ctx, dict, key, home) == 0) {
        HPyGlobal_Store(ctx, &cache, dict);
        failed = 0;
    }
done:
    HPy_Close(ctx, dict);
    HPy_Close(ctx, key);
    HPy_Close(ctx, home);
    HPy_Close(ctx, next);
    if (failed && !HPyErr_Occurred(ctx))
        HPyErr_SetString(ctx, ctx->h_RuntimeError, "atlas: a global that was just stored is lost");
    return failed ? -1 : 0;
}

static int start_counter(HPyContext* ctx, Tag tag) {
    CounterObject* data;
    HPy type = HPyType_FromSpec(ctx, &Counter_spec, NULL);
    if (HPy_IsNull(type)) return -1;
    HPy h = HPy_New(ctx, type, &data);
    HPy_Close(ctx, type); /* the instance keeps it */
    if (HPy_IsNull(h)) return -1;
    data->tag = tag;
    atomic_fetch_add(&counts[id_of(tag)].created, 1);
    HPyGlobal_Store(ctx, &counter, h);
    HPy_Close(ctx, h);
    return 0;
}

/* id and nonce; False with an exception set where the id has no place in the tables. */
static bool parse_tag(HPyContext* ctx, const HPy* args, size_t nargs, Tag* tag) {
    long id, nonce;
    if (!HPyArg_Parse(ctx, NULL, args, nargs, "ll", &id, &nonce)) return false;
    if (id < 0 || id >= MAX_ID || nonce < 0 || nonce > (long)UINT32_MAX) {
        HPyErr_SetString(
            ctx, ctx->h_ValueError,
            "atlas: the id must be between 0 and 4095, and the nonce must fit into 32 bits");
        return false;
    }
    *tag = make_tag((uint32_t)id, (uint32_t)nonce);
    return true;
}

HPyDef_METH(start, "start", HPyFunc_VARARGS, .doc = "start(interpreter_id, nonce)")
static HPy start_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs) {
    Tag tag;
    if (!parse_tag(ctx, args, nargs, &tag)) return HPy_NULL;
    HPy h_tag = HPyLong_FromUInt64_t(ctx, tag);
    if (HPy_IsNull(h_tag)) return HPy_NULL;
    int failed =
        store_tagged(ctx, &Place_type, HPyType_FromSpec(ctx, &Place_spec, NULL), h_tag) < 0 ||
        store_tagged(ctx, &AtlasError,
                     HPyErr_NewException(ctx, "atlas.AtlasError", HPy_NULL, HPy_NULL), h_tag) < 0 ||
        store_tagged(ctx, &to_yiq, import_attribute(ctx, "colorsys", "rgb_to_yiq"), h_tag) < 0 ||
        start_key(ctx, tag) < 0 || start_cache(ctx, tag, h_tag) < 0 || start_counter(ctx, tag) < 0;
    HPy_Close(ctx, h_tag);
    return failed ? HPy_NULL : HPy_Dup(ctx, ctx->h_None);
}

/* ---- work(n, id, nonce): uses every global n times ----------------------------------------- */

static void use_function(HPyContext* ctx, Watch* watch) {
    if (!is_mine(ctx, watch, to_yiq)) return;
    HPy channel = HPyFloat_FromDouble(ctx, 0.5);
    HPy args[] = {channel, channel, channel};
    HPy yiq = HPy_Call_g(ctx, to_yiq, args, 3, HPy_NULL);
    HPy_Close(ctx, channel);
    HPy_Close(ctx, yiq);
}

static void use_cache(HPyContext* ctx, Watch* watch) {
    int type_is_mine = is_mine(ctx, watch, Place_type);
    HPy dict = load_cache(ctx, watch);
    HPy key = load_key(ctx, watch);
    if (type_is_mine && !HPy_IsNull(dict) && !HPy_IsNull(key)) {
        HPy home = HPy_GetItem(ctx, dict, key);
        if (HPy_IsNull(home) || !HPy_TypeCheck_g(ctx, home, Place_type)) {
            watch->wrong++; /* the caches of two interpreters are mixed up */
        } else {
            HPy sum = HPy_Add(ctx, home, home);
            HPy_Close(ctx, sum);
        }
        HPy_Close(ctx, home);
    }
    HPy_Close(ctx, dict);
    HPy_Close(ctx, key);
}

static void use_counter(HPyContext* ctx, Watch* watch) {
    HPy h = load_counter(ctx, watch);
    if (HPy_IsNull(h)) return;
    CounterObject_AsStruct(ctx, h)->rounds++;
    HPy_Close(ctx, h);
}

static void use_exception(HPyContext* ctx, Watch* watch) {
    if (!is_mine(ctx, watch, AtlasError)) return;
    HPyErr_SetString_g(ctx, AtlasError, "here be dragons");
    if (!HPyErr_ExceptionMatches_g(ctx, AtlasError)) watch->wrong++;
    HPyErr_Clear(ctx);
}

HPyDef_METH(work, "work", HPyFunc_VARARGS,
            .doc = "work(n, interpreter_id, nonce) -> (loads, wrong)")
static HPy work_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs) {
    Watch watch = {0};
    if (nargs != 3 || !parse_tag(ctx, args + 1, 2, &watch.expected)) {
        if (!HPyErr_Occurred(ctx))
            HPyErr_SetString(ctx, ctx->h_TypeError, "work takes n, interpreter_id and nonce");
        return HPy_NULL;
    }
    long n = HPyLong_AsLong(ctx, args[0]);
    if (n == -1 && HPyErr_Occurred(ctx)) return HPy_NULL;
    for (long i = 0; i < n; i++) {
        use_function(ctx, &watch);
        use_cache(ctx, &watch);
        use_counter(ctx, &watch);
        use_exception(ctx, &watch);
        if (HPyErr_Occurred(ctx)) return HPy_NULL;
    }
    return HPy_BuildValue(ctx, "(LL)", watch.loads, watch.wrong);
}

/* ---- looking ------------------------------------------------------------------------------- */

/* The repr of what a global holds for the caller, or "nothing". */
static int describe(HPyContext* ctx, HPy into, const char* name, HPyGlobal global) {
    HPy value = HPyGlobal_Load(ctx, global);
    HPy text = HPy_IsNull(value) ? HPyUnicode_FromString(ctx, "nothing") : HPy_Repr(ctx, value);
    int failed = HPy_IsNull(text) || HPy_SetItem_s(ctx, into, name, text) < 0;
    HPy_Close(ctx, value);
    HPy_Close(ctx, text);
    return failed ? -1 : 0;
}

HPyDef_METH(report, "report", HPyFunc_NOARGS,
            .doc = "report() -> dict: global -> what it holds here")
static HPy report_impl(HPyContext* ctx, HPy self) {
    HPy result = HPyDict_New(ctx);
    if (HPy_IsNull(result)) return HPy_NULL;
    if (describe(ctx, result, "Place_type", Place_type) < 0 ||
        describe(ctx, result, "AtlasError", AtlasError) < 0 ||
        describe(ctx, result, "home_key", home_key) < 0 ||
        describe(ctx, result, "to_yiq", to_yiq) < 0 || describe(ctx, result, "cache", cache) < 0 ||
        describe(ctx, result, "counter", counter) < 0) {
        HPy_Close(ctx, result);
        return HPy_NULL;
    }
    return result;
}

HPyDef_METH(objects, "objects", HPyFunc_O,
            .doc = "objects(interpreter_id) -> (created, released); from any interpreter")
static HPy objects_impl(HPyContext* ctx, HPy self, HPy arg) {
    long id = HPyLong_AsLong(ctx, arg);
    if (id == -1 && HPyErr_Occurred(ctx)) return HPy_NULL;
    if (id < 0 || id >= MAX_ID) {
        HPyErr_SetString(ctx, ctx->h_ValueError, "atlas: the id must be between 0 and 4095");
        return HPy_NULL;
    }
    long long made = atomic_load(&counts[id].created), gone = atomic_load(&counts[id].released);
    return HPy_BuildValue(ctx, "(LL)", made, gone);
}

static HPyDef* atlas_defines[] = {&start, &work, &report, &objects, NULL};

static HPyModuleDef atlas_def = {
    .doc = "Globals of every kind, each with the tag of its interpreter.",
    .size = 0,
    .defines = atlas_defines,
    .globals = atlas_globals,
};

HPy_MODINIT(atlas, atlas_def)
