"""shapes.py: types of every builtin shape, for the tests of what they do and what they refuse."""

from __future__ import annotations

from types import ModuleType
from typing import Any

SOURCE = r"""
enum { kDict = 7 }; /* HPy's master appended the shape after 0.9.0 */

typedef struct {
    HPyField child;
    long number;
    char letter;
    unsigned char raw[27];
} Small;
typedef struct {
    Small small;
    HPyField other;
    unsigned char raw[64];
} Large;
typedef struct { unsigned char raw[45]; } Odd;
_Static_assert(sizeof(Large) == 120, "the tests know it");

static long destroyed;
HPyDef_SLOT(Small_traverse, HPy_tp_traverse)
static int Small_traverse_impl(void *self, HPyFunc_visitproc visit, void *arg) {
    HPy_VISIT(&((Small *)self)->child);
    return 0;
}
HPyDef_SLOT(Small_destroy, HPy_tp_destroy)
static void Small_destroy_impl(void *self) { destroyed += ((Small *)self)->number; }
HPyDef_MEMBER(Small_child, "child", HPyMember_OBJECT_EX, offsetof(Small, child))
HPyDef_MEMBER(Small_number, "number", HPyMember_LONG, offsetof(Small, number), .doc = "A number.")
HPyDef_MEMBER(Small_letter, "letter", HPyMember_CHAR, offsetof(Small, letter), .readonly = 1)
HPyDef_SLOT(Large_traverse, HPy_tp_traverse)
static int Large_traverse_impl(void *self, HPyFunc_visitproc visit, void *arg) {
    HPy_VISIT(&((Large *)self)->other);
    return 0;
}
HPyDef_SLOT(Large_destroy, HPy_tp_destroy)
static void Large_destroy_impl(void *self) { destroyed += 1000000; }
HPyDef_MEMBER(Large_other, "other", HPyMember_OBJECT, offsetof(Large, other))
HPyDef_SLOT(Any_call, HPy_tp_call)
static HPy Any_call_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy names) {
    return HPyLong_FromSize_t(ctx, nargs);
}
HPyDef_MEMBER(Any_offset, "__vectorcalloffset__", HPyMember_HPYSSIZET, 0, .readonly = 1)
HPyDef_MEMBER(Any_dict, "__dictoffset__", HPyMember_HPYSSIZET, 0, .readonly = 1)

static HPyDef *Small_defines[] = {&Small_traverse, &Small_destroy, &Small_child, &Small_number,
                                  &Small_letter, NULL};
static HPyDef *Large_defines[] = {&Large_traverse, &Large_destroy, &Large_other, NULL};
static HPyDef *Call_defines[] = {&Any_call, NULL};
static HPyDef *Offset_defines[] = {&Any_offset, NULL};
static HPyDef *Dict_defines[] = {&Any_dict, NULL};
static HPyDef *no_defines[] = {NULL};

static int describe(HPyContext *ctx, HPy kind, HPyType_Spec *spec) {
    const char *word = HPyUnicode_AsUTF8AndSize(ctx, kind, NULL);
    spec->name = "shapes.Made";
    spec->flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE;
    spec->defines = no_defines;
    if (!strcmp(word, "small")) {
        spec->basicsize = sizeof(Small);
        spec->defines = Small_defines;
        spec->flags |= HPy_TPFLAGS_HAVE_GC;
    } else if (!strcmp(word, "large")) {
        spec->basicsize = sizeof(Large);
        spec->defines = Large_defines;
        spec->flags |= HPy_TPFLAGS_HAVE_GC;
    } else if (!strcmp(word, "plain")) {
        spec->basicsize = sizeof(Large);
    } else if (!strcmp(word, "odd")) {
        spec->basicsize = sizeof(Odd);
    } else if (!strcmp(word, "call")) {
        spec->defines = Call_defines;
    } else if (!strcmp(word, "struct and call")) {
        spec->basicsize = sizeof(Large);
        spec->defines = Call_defines;
    } else if (!strcmp(word, "offset")) {
        spec->basicsize = sizeof(Large);
        spec->defines = Offset_defines;
        spec->flags |= HPy_TPFLAGS_HAVE_VECTORCALL;
    } else if (!strcmp(word, "dict")) {
        spec->basicsize = sizeof(Large);
        spec->defines = Dict_defines;
    } else if (!strcmp(word, "vectorcall flag")) {
        spec->flags |= HPy_TPFLAGS_HAVE_VECTORCALL;
    }
    return !HPyErr_Occurred(ctx);
}

/* make(shape, kind, bases[, metaclass]) */
FUNCTION(make) {
    HPyType_Spec spec = {0};
    spec.builtin_shape = (HPyType_BuiltinShape)SIZE(0);
    if (!describe(ctx, ARG(1), &spec)) return HPy_NULL;
    HPyType_SpecParam params[] = {
        {HPyType_SpecParam_BasesTuple, ARG(2)}, {HPyType_SpecParam_Metaclass, ARG(3)}, {0}};
    if (HPy_IsNull(ARG(3))) params[1].kind = (HPyType_SpecParam_Kind)0;
    return handle(ctx, HPyType_FromSpec(ctx, &spec, params));
}

/* The slot of each shape, as HPyType_HELPERS would choose it. */
static unsigned char *struct_of(HPyContext *ctx, HPy_ssize_t shape, HPy h) {
    switch (shape) {
    case HPyType_BuiltinShape_Object: return HPyType_BuiltinShape_Object_AsStruct(ctx, h);
    case HPyType_BuiltinShape_Type: return HPyType_BuiltinShape_Type_AsStruct(ctx, h);
    case HPyType_BuiltinShape_Long: return HPyType_BuiltinShape_Long_AsStruct(ctx, h);
    case HPyType_BuiltinShape_Float: return HPyType_BuiltinShape_Float_AsStruct(ctx, h);
    case HPyType_BuiltinShape_Unicode: return HPyType_BuiltinShape_Unicode_AsStruct(ctx, h);
    case HPyType_BuiltinShape_Tuple: return HPyType_BuiltinShape_Tuple_AsStruct(ctx, h);
    case HPyType_BuiltinShape_List: return HPyType_BuiltinShape_List_AsStruct(ctx, h);
    case kDict: return APPENDED(AsStruct_Dict)(ctx, h);
    default: return NULL;
    }
}
/* fill(object, shape, size, byte): writes every byte of the struct. */
FUNCTION(fill) {
    memset(struct_of(ctx, SIZE(1), ARG(0)), (int)SIZE(3), (size_t)SIZE(2));
    return done(ctx);
}
/* look(object, shape, size): the bytes of the struct. */
FUNCTION(look) {
    const char *data = (const char *)struct_of(ctx, SIZE(1), ARG(0));
    return HPyBytes_FromStringAndSize(ctx, data, SIZE(2));
}
/* misplaced(object, shape): how far the struct is from an address that suits any C type. */
FUNCTION(misplaced) {
    uintptr_t address = (uintptr_t)struct_of(ctx, SIZE(1), ARG(0));
    return HPyLong_FromSsize_t(ctx, (HPy_ssize_t)(address % 16));
}
FUNCTION(new_of) {
    void *data = &data;
    HPy h = HPy_New(ctx, ARG(0), &data);
    if (HPy_IsNull(h)) return data == NULL ? HPy_NULL : wrong(ctx, "the struct without an object");
    if (nargs > 1 && data != struct_of(ctx, SIZE(1), h))
        return wrong(ctx, "HPy_New and AsStruct disagree");
    return h;
}
FUNCTION(destroyed_since) {
    long result = destroyed;
    destroyed = 0;
    return HPyLong_FromLong(ctx, result);
}
FUNCTION(shape_of) {
    int shape = _HPyType_GetBuiltinShape(ctx, ARG(0));
    if (HPyErr_Occurred(ctx)) return shape == -2 ? HPy_NULL : wrong(ctx, "an error answers -2");
    return HPyLong_FromLong(ctx, shape);
}
"""

LEGACY, OBJECT, TYPE, LONG, FLOAT, UNICODE, TUPLE, LIST, DICT = range(-1, 8)
LARGE = 120  # bytes of the struct Large in SOURCE

#: shape -> its builtin type, arguments for an instance; several where the size matters
BUILTIN: dict[int, tuple[type, list[tuple[Any, ...]]]] = {
    OBJECT: (object, [()]),
    LONG: (int, [(0,), (-1,), (2**30,), (2**60,), (-(10**18),), (10**999,)]),
    FLOAT: (float, [(0.0,), (-1.5e300,)]),
    UNICODE: (str, [("",), ("x" * 1000,), ("\u0394\U0001f40d" * 50,)]),
    TUPLE: (tuple, [((),), (("x",),), (tuple(range(2)),), (tuple(range(1000)),)]),
    LIST: (list, [([],), (list(range(1000)),)]),
    DICT: (dict, [({},), ({n: str(n) for n in range(100)},)]),
}
CASES = [(shape, args) for shape, (_, instances) in BUILTIN.items() for args in instances]
WITH_BASE = [shape for shape in BUILTIN if shape != OBJECT]


class Thing:
    """Can be referenced weakly, and can hold what it is given."""

    held: object = None


def made(c: ModuleType, shape: int, kind: str, *further: type) -> type:
    return c.make(shape, kind, (*further, *(() if further else (BUILTIN[shape][0],))))
