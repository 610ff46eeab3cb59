"""test_type_bad_input.py: what is wrong with a type's spec or its parameters is said.

Long: a refusal of HPyType_FromSpec each; they share the extension that asks for it.
"""

from __future__ import annotations

import gc
from types import ModuleType
from typing import Any

import pytest

from hpystate import _native
from tests.context.snippet import NULL, in_message

SOURCE = r"""
typedef struct { long first; HPyField held; char last; } Struct;
HPyType_HELPERS(Struct)

HPyDef_METH(good_meth, "meth", HPyFunc_NOARGS)
static HPy good_meth_impl(HPyContext *ctx, HPy self) { return HPy_Dup(ctx, self); }
HPyDef_GET(good_get, "get")
static HPy good_get_get(HPyContext *ctx, HPy self, void *closure) { return HPy_Dup(ctx, self); }
HPyDef_SLOT(good_repr, HPy_tp_repr)
static HPy good_repr_impl(HPyContext *ctx, HPy self) { return HPyUnicode_FromString(ctx, "x"); }
HPyDef_SLOT(good_traverse, HPy_tp_traverse)
static int good_traverse_impl(void *self, HPyFunc_visitproc visit, void *arg) { return 0; }
HPyDef_SLOT(good_call, HPy_tp_call)
static HPy good_call_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy names) {
    return HPyLong_FromSize_t(ctx, nargs);
}
HPyDef_SLOT(mod_exec, HPy_mod_exec)
static int mod_exec_impl(HPyContext *ctx, HPy module) { return 0; }
HPyDef_MEMBER(good_member, "first", HPyMember_LONG, offsetof(Struct, first))
HPyDef_MEMBER(last_member, "last", HPyMember_CHAR, offsetof(Struct, last))
HPyDef_MEMBER(none_member, "none", HPyMember_NONE, 0)
HPyDef_MEMBER(call_offset, "__vectorcalloffset__", HPyMember_HPYSSIZET, offsetof(Struct, first),
              .readonly = 1)

#define METH(...) {.kind = HPyDef_Kind_Meth, .meth = {__VA_ARGS__}}
#define SLOT(...) {.kind = HPyDef_Kind_Slot, .slot = {__VA_ARGS__}}
#define MEMBER(...) {.kind = HPyDef_Kind_Member, .member = {__VA_ARGS__}}
#define GETSET(...) {.kind = HPyDef_Kind_GetSet, .getset = {__VA_ARGS__}}
#define FUNC (HPyCFunction)good_meth_impl
#define TRAMPOLINE (cpy_PyCFunction)good_meth_trampoline

static HPyDef unknown_kind = {.kind = (HPyDef_Kind)77};
static HPyDef no_kind = {.kind = (HPyDef_Kind)0};
static HPyDef nameless_meth = METH(.impl = FUNC, .signature = HPyFunc_NOARGS);
static HPyDef empty_meth = METH(.name = "meth", .signature = HPyFunc_NOARGS);
static HPyDef odd_meth = METH("meth", FUNC, TRAMPOLINE, HPyFunc_UNARYFUNC);
static HPyDef unknown_meth = METH("meth", FUNC, TRAMPOLINE, (HPyFunc_Signature)999);
static HPyDef negative_meth = METH("meth", FUNC, TRAMPOLINE, (HPyFunc_Signature)-1);
static HPyDef nameless_get = GETSET(.getter_impl = (HPyCFunction)good_get_get);
static HPyDef empty_get = GETSET(.name = "get");
static HPyDef unknown_slot = SLOT((HPySlot_Slot)999, FUNC);
static HPyDef negative_slot = SLOT((HPySlot_Slot)-1, FUNC);
static HPyDef zero_slot = SLOT((HPySlot_Slot)0, FUNC);
static HPyDef python_slot = SLOT((HPySlot_Slot)52, FUNC); /* CPython's tp_dealloc */
static HPyDef empty_slot = SLOT(HPy_tp_repr);
static HPyDef empty_traverse = SLOT(HPy_tp_traverse);
static HPyDef nameless_member = MEMBER(.type = HPyMember_LONG);
static HPyDef unknown_member = MEMBER("first", (HPyMember_FieldType)99);
static HPyDef hole_member = MEMBER("first", (HPyMember_FieldType)15);
static HPyDef negative_type_member = MEMBER("first", (HPyMember_FieldType)-1);
static HPyDef before_member = MEMBER("first", HPyMember_LONG, -8);
static HPyDef behind_member = MEMBER("first", HPyMember_LONG, sizeof(Struct));
static HPyDef across_member = MEMBER("first", HPyMember_LONG, sizeof(Struct) - 4);
static HPyDef short_call_offset =
    MEMBER("__vectorcalloffset__", HPyMember_SHORT, sizeof(Struct) - 2, .readonly = 1);
static HPyDef long_call_offset = MEMBER("__vectorcalloffset__", HPyMember_LONG, 0, .readonly = 1);
static HPyDef far_member = MEMBER("first", HPyMember_LONG, PTRDIFF_MAX - 8);

static const struct { const char *name; HPyDef *define; } table[] = {
#define ENTRY(name) {#name, &name}
    ENTRY(good_meth), ENTRY(good_get), ENTRY(good_repr), ENTRY(good_traverse), ENTRY(good_call),
    ENTRY(mod_exec), ENTRY(good_member), ENTRY(last_member), ENTRY(none_member),
    ENTRY(call_offset), ENTRY(unknown_kind), ENTRY(no_kind), ENTRY(nameless_meth),
    ENTRY(empty_meth), ENTRY(odd_meth), ENTRY(unknown_meth), ENTRY(negative_meth),
    ENTRY(nameless_get), ENTRY(empty_get), ENTRY(unknown_slot), ENTRY(negative_slot),
    ENTRY(zero_slot), ENTRY(python_slot), ENTRY(empty_slot), ENTRY(empty_traverse),
    ENTRY(nameless_member), ENTRY(unknown_member), ENTRY(hole_member),
    ENTRY(negative_type_member), ENTRY(before_member), ENTRY(behind_member),
    ENTRY(across_member), ENTRY(far_member), ENTRY(short_call_offset), ENTRY(long_call_offset),
};

static HPyDef *define_of(const char *name) {
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); ++i)
        if (strcmp(table[i].name, name) == 0) return table[i].define;
    return NULL;
}

/* make(name, basicsize, itemsize, flags, shape, defines, params): what FromSpec gives. */
FUNCTION(make) {
    HPyDef *defines[16] = {NULL};
    HPyType_SpecParam params[8] = {{(HPyType_SpecParam_Kind)0, HPy_NULL}};
    HPyType_Spec spec = {
        .name = TEXT(0), .basicsize = (int)SIZE(1), .itemsize = (int)SIZE(2),
        .flags = (unsigned)SIZE(3), .builtin_shape = (HPyType_BuiltinShape)SIZE(4),
        .defines = defines,
    };
    HPy_ssize_t count = HPy_Length(ctx, ARG(5));
    for (HPy_ssize_t i = 0; i < count; ++i) {
        HPy item = HPy_GetItem_i(ctx, ARG(5), i);
        defines[i] = define_of(HPyUnicode_AsUTF8AndSize(ctx, item, NULL));
        HPy_Close(ctx, item);
        if (defines[i] == NULL) return wrong(ctx, "there is no such definition");
    }
    count = HPy_Length(ctx, ARG(6));
    for (HPy_ssize_t i = 0; i < count; ++i) {
        HPy pair = HPy_GetItem_i(ctx, ARG(6), i);
        HPy kind = HPy_GetItem_i(ctx, pair, 0);
        HPy object = HPy_GetItem_i(ctx, pair, 1);
        params[i].kind = (HPyType_SpecParam_Kind)HPyLong_AsLong(ctx, kind);
        params[i].object = HPy_Is(ctx, object, ctx->h_Ellipsis) ? HPy_NULL : object;
        HPy_Close(ctx, object); /* the tuple keeps it */
        HPy_Close(ctx, kind);
        HPy_Close(ctx, pair);
    }
    return handle(ctx, HPyType_FromSpec(ctx, &spec, params));
}

FUNCTION(from_no_spec) { return handle(ctx, HPyType_FromSpec(ctx, NULL, NULL)); }

/* The exception of the call that should have given a base. */
FUNCTION(from_a_failed_base) {
    HPyType_Spec spec = {.name = "bad.T", .flags = HPy_TPFLAGS_DEFAULT};
    HPyType_SpecParam params[] = {
        {(HPyType_SpecParam_Kind)SIZE(0), HPyImport_ImportModule(ctx, "no_such_module")},
        {(HPyType_SpecParam_Kind)0, HPy_NULL}};
    return handle(ctx, HPyType_FromSpec(ctx, &spec, params));
}

FUNCTION(struct_size) { return HPyLong_FromSize_t(ctx, sizeof(Struct)); }
FUNCTION(new_of) {
    void *data = &data;
    HPy h = handle(ctx, HPy_New(ctx, ARG(0), &data));
    const int stale = HPy_IsNull(h) && !HPy_IsNull(ARG(0)) && data != NULL;
    return stale ? wrong(ctx, "a New that failed left its pointer") : h;
}
FUNCTION(generic_new_of) {
    return handle(ctx, HPyType_GenericNew(ctx, ARG(0), NULL, 0, HPy_NULL));
}
FUNCTION(name_of) {
    const char *name = HPyType_GetName(ctx, ARG(0));
    if ((name == NULL) != HPyErr_Occurred(ctx)) return wrong(ctx, "NULL and an exception");
    return name == NULL ? HPy_NULL : HPyUnicode_FromString(ctx, name);
}
FUNCTION(is_subtype) { return answer(ctx, HPyType_IsSubtype(ctx, ARG(0), ARG(1))); }
FUNCTION(shape_of) {
    HPyType_BuiltinShape shape = _HPyType_GetBuiltinShape(ctx, ARG(0));
    if ((shape == (HPyType_BuiltinShape)-2) != HPyErr_Occurred(ctx))
        return wrong(ctx, "-2 and an exception go together");
    return HPyErr_Occurred(ctx) ? HPy_NULL : HPyLong_FromLong(ctx, shape);
}
"""

DEFAULT, HAVE_GC, HAVE_VECTORCALL, BASETYPE = 1 << 9 | 1 << 18, 1 << 14, 1 << 11, 1 << 10
LEGACY, OBJECT, TYPE, LONG, FLOAT, UNICODE, TUPLE, LIST, DICT = range(-1, 8)
BASE, BASES, META = 1, 2, 3
BASE_KINDS = (BASE, BASES)


def make(
    c: ModuleType,
    *defines: str,
    name: Any = "bad.T",
    size: int | None = None,
    items: int = 0,
    flags: int = DEFAULT | BASETYPE,
    shape: int = OBJECT,
    params: tuple[tuple[int, Any], ...] = (),
) -> type:
    size = c.struct_size() if size is None else size
    return c.make(name, size, items, flags, shape, defines, params)


@pytest.fixture(autouse=True)
def nothing_is_registered() -> Any:
    """A spec touches no global, whether it is good or not."""
    before = _native.state()
    yield
    gc.collect()
    assert _native.state() == before


def test_the_good_parts_make_a_type(c: ModuleType) -> None:
    """What the tests below spoil is well without it."""
    parts = ("good_meth", "good_get", "good_repr", "good_traverse", "good_call", "good_member")
    cls = make(c, *parts, "last_member", "none_member", flags=DEFAULT | HAVE_GC)
    made = c.new_of(cls)

    assert (repr(made), made(1, 2), made.first, made.last, made.none) == ("x", 2, 0, "\0", None)
    assert made.meth() is made.get is made


# ---- the spec ----------------------------------------------------------------------------------


def test_no_spec_is_a_system_error(c: ModuleType) -> None:
    with pytest.raises(SystemError, match="HPyType_FromSpec: the spec is NULL"):
        c.from_no_spec()


def test_a_type_without_a_name_is_a_system_error(c: ModuleType) -> None:
    with pytest.raises(SystemError, match="the spec has no name"):
        make(c, name=NULL)


@pytest.mark.parametrize(("size", "items"), [(-1, 0), (8, -1), (-(2**31), 0), (8, -(2**31))])
def test_a_negative_size_is_a_value_error(c: ModuleType, size: int, items: int) -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        make(c, size=size, items=items)


def test_a_struct_too_large_for_cpythons_numbers_is_a_value_error(c: ModuleType) -> None:
    with pytest.raises(ValueError, match="basicsize 2147483647 is too large; at most 10737"):
        make(c, size=2**31 - 1)


@pytest.mark.parametrize("shape", [-2, 8, 99, -(2**31)])
def test_a_shape_that_does_not_exist_is_a_value_error(c: ModuleType, shape: int) -> None:
    with pytest.raises(ValueError, match=f"builtin shape {shape} does not exist"):
        make(c, shape=shape)


def test_have_gc_without_a_traverse_is_a_value_error(c: ModuleType) -> None:
    with pytest.raises(ValueError, match="HPy_tp_traverse"):
        make(c, flags=DEFAULT | HAVE_GC)


def test_a_vectorcall_flag_without_a_place_for_it_is_a_type_error(c: ModuleType) -> None:
    with pytest.raises(TypeError, match="HPy_TPFLAGS_HAVE_VECTORCALL needs"):
        make(c, flags=DEFAULT | HAVE_VECTORCALL)
    base = make(c, "call_offset", flags=DEFAULT | BASETYPE | HAVE_VECTORCALL)
    with pytest.raises(TypeError, match="does not support vectorcall|is not callable"):
        make(c, flags=DEFAULT | HAVE_VECTORCALL, params=((BASE, base),))()()


def test_a_legacy_struct_without_room_for_the_header_is_a_type_error(c: ModuleType) -> None:
    with pytest.raises(TypeError, match="'bad.T'.*8 bytes.*'object'"):
        make(c, size=8, shape=LEGACY)


def test_members_need_a_struct(c: ModuleType) -> None:
    with pytest.raises(TypeError, match="'first' needs a name, and a type whose basicsize"):
        make(c, "good_member", size=0)


# ---- definitions -------------------------------------------------------------------------------


@pytest.mark.parametrize("define", ["unknown_kind", "no_kind"])
def test_a_definition_of_no_kind_is_a_system_error(c: ModuleType, define: str) -> None:
    with pytest.raises(SystemError, match="unknown kind"):
        make(c, "good_meth", define)


@pytest.mark.parametrize("define", ["nameless_meth", "empty_meth", "nameless_get", "empty_get"])
def test_a_definition_without_name_or_function_is_a_system_error(
    c: ModuleType, define: str
) -> None:
    with pytest.raises(SystemError, match="no name or no function"):
        make(c, "good_meth", define)


@pytest.mark.parametrize("define", ["odd_meth", "unknown_meth", "negative_meth"])
def test_a_method_with_the_signature_of_none_is_a_value_error(c: ModuleType, define: str) -> None:
    with pytest.raises(ValueError, match="^Unsupported HPyMeth signature$"):
        make(c, define)


@pytest.mark.parametrize(
    "define", ["unknown_slot", "negative_slot", "zero_slot", "python_slot", "mod_exec"]
)
def test_a_number_of_no_slot_of_a_type_is_a_system_error(c: ModuleType, define: str) -> None:
    with pytest.raises(SystemError, match=r"slot -?\d+ \(.*\) is not a slot of a type. A t"):
        make(c, define)


@pytest.mark.parametrize("define", ["empty_slot", "empty_traverse"])
def test_a_slot_without_a_function_is_a_system_error(c: ModuleType, define: str) -> None:
    with pytest.raises(SystemError, match="has no function. Define it with HPyDef_SLOT."):
        make(c, define)


def test_a_member_without_a_name_is_a_type_error(c: ModuleType) -> None:
    with pytest.raises(TypeError, match="needs a name"):
        make(c, "nameless_member")


@pytest.mark.parametrize("define", ["unknown_member", "hole_member", "negative_type_member"])
@pytest.mark.parametrize("shape", [OBJECT, LONG])
def test_a_member_of_an_unknown_type_is_a_system_error(
    c: ModuleType, define: str, shape: int
) -> None:
    """CPython raises a SystemError too, when the member is read."""
    params = ((BASE, int),) if shape == LONG else ()
    with pytest.raises(SystemError, match="member 'first' has the unknown type"):
        make(c, define, shape=shape, params=params)


@pytest.mark.parametrize(
    "define", ["before_member", "behind_member", "across_member", "far_member"]
)
@pytest.mark.parametrize("shape", [OBJECT, LONG])
def test_a_member_outside_of_the_struct_is_a_system_error(
    c: ModuleType, define: str, shape: int
) -> None:
    params = ((BASE, int),) if shape == LONG else ()
    for items in (0, int.__itemsize__):
        with pytest.raises(SystemError, match="member 'first' .* outside of the struct"):
            make(c, define, items=items, shape=shape, params=params)


def test_the_call_slot_and_a_call_offset_exclude_each_other(c: ModuleType) -> None:
    with pytest.raises(TypeError, match="HPy_tp_call cannot be combined with a member"):
        make(c, "good_call", "call_offset")


@pytest.mark.parametrize("define", ["short_call_offset", "long_call_offset"])
def test_a_call_offset_of_another_type_is_a_system_error(c: ModuleType, define: str) -> None:
    with pytest.raises(SystemError, match="has the wrong type .* HPyMember_HPYSSIZET"):
        make(c, define)


def test_the_call_slot_needs_a_constant_place(c: ModuleType) -> None:
    expected = "^Cannot use HPy call protocol with var objects: type 'bad.T'"
    with pytest.raises(TypeError, match=expected):
        make(c, "good_call", items=4)


@pytest.mark.parametrize("base", [int, tuple, bytes])
@pytest.mark.parametrize("kind", BASE_KINDS)
def test_the_call_slot_has_no_place_among_the_items_of_a_base(
    c: ModuleType, kind: int, base: type
) -> None:
    with pytest.raises(TypeError, match="HPy_tp_call cannot be combined with a base that has"):
        make(c, "good_call", size=0, params=((kind, base if kind == BASE else (base,)),))


def test_the_call_slot_has_a_place_behind_a_type(c: ModuleType) -> None:
    meta = make(c, "good_call", size=0, params=((BASE, type),))

    cls = meta("cls", (), {"__slots__": ("first", "second")})

    assert cls(1, 2, 3) == 3
    assert cls.__dict__.keys() >= {"first", "second"}


def test_a_legacy_type_that_inherits_its_struct_has_no_call_slot(c: ModuleType) -> None:
    with pytest.raises(TypeError, match="HPy_tp_call cannot be combined with a legacy type"):
        make(c, "good_call", size=0, shape=LEGACY)


# ---- parameters --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [4, 99, -1])
def test_an_unknown_parameter_is_a_type_error(c: ModuleType, kind: int) -> None:
    with pytest.raises(TypeError, match=f"unknown HPyType_SpecParam kind {kind}"):
        make(c, params=((kind, int),))


@pytest.mark.parametrize("base", [3, None, "object", (object,), NULL])
def test_a_base_that_is_not_a_type_is_a_type_error(c: ModuleType, base: object) -> None:
    with pytest.raises(TypeError, match="a type was expected"):
        make(c, params=((BASE, object), (BASE, base)))


@pytest.mark.parametrize("bases", [int, [int], 3, NULL])
def test_bases_that_are_not_a_tuple_are_a_type_error(c: ModuleType, bases: object) -> None:
    with pytest.raises(TypeError, match=f"_BasesTuple is {in_message(bases)}, a tuple was"):
        make(c, params=((BASES, bases),))


@pytest.mark.parametrize("base", [3, None, "object", (object,)])
def test_bases_with_something_else_among_them_are_a_type_error(c: ModuleType, base: object) -> None:
    with pytest.raises(TypeError, match=r"base 1 is of type '\w+', a type was expected"):
        make(c, params=((BASES, (object, base)),))


def test_bases_are_given_in_one_way(c: ModuleType) -> None:
    with pytest.raises(TypeError, match="not both"):
        make(c, params=((BASE, object), (BASES, (object,))))
    with pytest.raises(TypeError, match="not both"):
        make(c, params=((BASES, (object,)), (BASE, object)))
    with pytest.raises(TypeError, match="HPyType_SpecParam_BasesTuple is given twice. Keep one"):
        make(c, params=((BASES, (object,)), (BASES, (object,))))


def test_no_bases_in_a_tuple_are_object(c: ModuleType) -> None:
    cls = make(c, params=((BASES, ()),))

    assert cls.__bases__ == (object,)
    assert type(c.new_of(cls)) is cls


@pytest.mark.parametrize("base", [bool, type(None), type(lambda: 0)])
@pytest.mark.parametrize("kind", BASE_KINDS)
def test_a_base_that_takes_no_subclasses_is_a_type_error(
    c: ModuleType, kind: int, base: type
) -> None:
    with pytest.raises(TypeError, match="is not an acceptable base type"):
        make(c, size=0, params=((kind, base if kind == BASE else (base,)),))


@pytest.mark.parametrize("kind", BASE_KINDS)
def test_bases_whose_layouts_conflict_are_a_type_error(c: ModuleType, kind: int) -> None:
    params = ((BASE, int), (BASE, dict)) if kind == BASE else ((BASES, (int, dict)),)
    with pytest.raises(TypeError, match="lay-?out conflict"):
        make(c, size=0, params=params)


@pytest.mark.parametrize("layout", [str, int, list, tuple])
def test_a_dict_that_has_no_place_is_a_type_error(c: ModuleType, layout: type) -> None:
    """CPython makes such a type, and writes the first attribute to a wrong address."""

    class Mixin:
        pass

    class Slim:
        __slots__ = ()

    with pytest.raises(TypeError, match=f"the layout of '{layout.__name__}' has no room"):
        make(c, size=0, params=((BASE, Mixin), (BASE, layout)))
    cls = make(c, size=0, params=((BASE, Slim), (BASE, layout)))
    with pytest.raises(AttributeError):
        cls().attribute = 1


def test_bases_without_a_common_order_are_a_type_error(c: ModuleType) -> None:
    class Above:
        pass

    class Below(Above):
        pass

    with pytest.raises(TypeError, match=r"resolution\sorder"):
        make(c, size=0, params=((BASE, Above), (BASE, Below)))


def test_the_same_base_twice_is_a_type_error(c: ModuleType) -> None:
    base = make(c)
    with pytest.raises(TypeError, match="duplicate base class"):
        make(c, params=((BASE, base), (BASE, base)))


@pytest.mark.parametrize("meta", [int, 3, "type", NULL, object])
def test_a_metaclass_that_is_not_a_metatype_is_a_type_error(c: ModuleType, meta: object) -> None:
    match = f"the metaclass is {in_message(meta)}, a subclass of type was expected"
    if isinstance(meta, type):
        match = f"the metaclass is '{meta.__name__}', which is not a subclass of type. Derive"
    with pytest.raises(TypeError, match=match):
        make(c, params=((META, meta),))


def test_two_metaclasses_are_a_value_error(c: ModuleType) -> None:
    with pytest.raises(ValueError, match="more than one metaclass is given. Keep one"):
        make(c, params=((META, type), (META, type)))


def test_a_metaclass_with_a_new_of_its_own_is_a_type_error(c: ModuleType) -> None:
    class Meta(type):
        def __new__(cls, *args: object) -> Any:
            raise AssertionError("must not be called")

    with pytest.raises(TypeError, match="custom tp_new"):
        make(c, params=((META, Meta),))


def test_a_metaclass_beside_that_of_the_base_is_a_type_error(c: ModuleType) -> None:
    class One(type):
        pass

    class Other(type):
        pass

    class Base(metaclass=One):
        pass

    with pytest.raises(TypeError, match="metaclass conflict"):
        make(c, size=0, params=((BASE, Base), (META, Other)))


@pytest.mark.parametrize("kind", [BASE, BASES, META])
def test_the_exception_of_a_failed_parameter_is_kept(c: ModuleType, kind: int) -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        c.from_a_failed_base(kind)


# ---- shape and base ----------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [TYPE, LONG, FLOAT, UNICODE, TUPLE, LIST, DICT])
@pytest.mark.parametrize("base", [BaseException, set])
def test_a_shape_that_does_not_fit_its_base_is_a_type_error(
    c: ModuleType, shape: int, base: type
) -> None:
    with pytest.raises(TypeError, match=f"'bad.T'.*'{base.__name__}'|the builtin shape"):
        make(c, shape=shape, params=((BASE, base),))


@pytest.mark.parametrize("base", [int, float, str, tuple, list, dict, type, BaseException])
def test_a_struct_on_a_builtin_without_its_shape_is_a_type_error(c: ModuleType, base: type) -> None:
    with pytest.raises(TypeError, match=f"does not fit on the base '{base.__name__}'"):
        make(c, params=((BASE, base),))


@pytest.mark.parametrize("shape", [OBJECT, LEGACY])
@pytest.mark.parametrize("kind", BASE_KINDS)
def test_a_struct_smaller_than_the_bases_is_a_type_error(
    c: ModuleType, kind: int, shape: int
) -> None:
    base = make(c, size=64, shape=shape)
    with pytest.raises(TypeError, match="32 bytes.* does not fit on the base 'bad.T'"):
        make(c, size=32, shape=shape, params=((kind, base if kind == BASE else (base,)),))


@pytest.mark.parametrize("shape", [OBJECT, LEGACY])
@pytest.mark.parametrize("below", [OSError, type("Slots", (), {"__slots__": ("slot",)})])
def test_a_struct_over_what_is_below_a_type_without_one_is_a_type_error(
    c: ModuleType, below: type, shape: int
) -> None:
    bare = make(c, size=0, shape=shape, params=((BASE, below),))
    with pytest.raises(TypeError, match="does not fit on the base 'bad.T'"):
        make(c, size=4096, params=((BASE, bare),))
    make(c, size=0, params=((BASE, bare),))


@pytest.mark.parametrize("shape", [OBJECT, LEGACY])
def test_a_struct_over_slots_of_a_class_between_is_a_type_error(c: ModuleType, shape: int) -> None:
    class Between(make(c, size=64, shape=shape)):  # type: ignore[misc]
        __slots__ = ("slot",)

    class Slim(make(c, size=64, shape=shape)):  # type: ignore[misc]
        __slots__ = ()

    with pytest.raises(TypeError, match="does not fit on the base 'Between'"):
        make(c, size=128, shape=shape, params=((BASE, Between),))
    bare = make(c, size=0, shape=shape, params=((BASE, Slim),))
    make(c, size=128, shape=shape, params=((BASE, bare),))


@pytest.mark.parametrize(("base", "shape"), [(int, LONG), (tuple, TUPLE), (type, TYPE)])
@pytest.mark.parametrize("kind", BASE_KINDS)
def test_items_of_another_size_than_the_bases_are_a_type_error(
    c: ModuleType, kind: int, base: type, shape: int
) -> None:
    params = ((kind, base if kind == BASE else (base,)),)
    with pytest.raises(TypeError, match=f"items of 1 bytes.*'{base.__name__}' has items of"):
        make(c, items=1, shape=shape, params=params)
    with pytest.raises(TypeError, match=f"items of 1 bytes.*'{base.__name__}' has items of"):
        make(c, size=0, items=1, params=params)


def test_a_legacy_type_cannot_stand_on_a_pure_struct(c: ModuleType) -> None:
    with pytest.raises(TypeError, match="should not inherit its memory layout from a pure type"):
        make(c, size=0, shape=LEGACY, params=((BASE, make(c)),))


# ---- functions that take types -----------------------------------------------------------------


@pytest.mark.parametrize("function", ["new_of", "generic_new_of", "name_of", "shape_of"])
@pytest.mark.parametrize("value", [3, None, "int", (int,)])
def test_what_is_not_a_type_is_a_type_error(c: ModuleType, function: str, value: object) -> None:
    with pytest.raises(TypeError, match="type"):
        getattr(c, function)(value)


@pytest.mark.parametrize(("sub", "cls"), [(3, int), (int, 3), (None, None), (int, (int,))])
def test_no_type_is_a_subtype_of_none(c: ModuleType, sub: object, cls: object) -> None:
    with pytest.raises(TypeError, match="HPyType_IsSubtype.*a type was expected"):
        c.is_subtype(sub, cls)


@pytest.mark.parametrize(
    ("function", "slot"),
    [
        ("new_of", "HPy_New"),
        ("generic_new_of", "HPyType_GenericNew"),
        ("name_of", "HPyType_GetName"),
        ("shape_of", "HPyType_GetBuiltinShape"),
    ],
)
def test_a_null_type_is_a_system_error_naming_the_function(
    c: ModuleType, function: str, slot: str
) -> None:
    with pytest.raises(SystemError, match=slot):
        getattr(c, function)(NULL)


@pytest.mark.parametrize("arguments", [(NULL, int), (int, NULL)])
def test_a_null_subtype_is_a_system_error(c: ModuleType, arguments: tuple) -> None:
    with pytest.raises(SystemError, match="HPyType_IsSubtype"):
        c.is_subtype(*arguments)
