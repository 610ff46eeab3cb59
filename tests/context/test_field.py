"""test_field.py: fields: references from an object's struct, and the members that show them."""

from __future__ import annotations

import gc
import sys
import weakref
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import hpystate
from hpystate.testing import compile_snippet

SOURCE = """
    #include <hpy.h>
    typedef struct { long before; HPyField value; } Box;
    HPyType_HELPERS(Box)
    HPyDef_SLOT(Box_traverse, HPy_tp_traverse)
    static int Box_traverse_impl(void *self, HPyFunc_visitproc visit, void *arg) {
        HPy_VISIT(&((Box *)self)->value);
        return 0;
    }
    HPyDef_SLOT(Box_new, HPy_tp_new)
    static HPy Box_new_impl(HPyContext *ctx, HPy cls, const HPy *args, HPy_ssize_t nargs, HPy kw) {
        Box *box;
        return HPy_New(ctx, cls, &box);
    }
    /* One field, shown by three members. */
    HPyDef_MEMBER(plain, "plain", HPyMember_OBJECT, offsetof(Box, value), .doc = "What it is.")
    HPyDef_MEMBER(strict, "strict", HPyMember_OBJECT_EX, offsetof(Box, value))
    HPyDef_MEMBER(constant, "constant", HPyMember_OBJECT, offsetof(Box, value), .readonly = 1)
    static HPyDef *type_defines[] = {&Box_traverse, &Box_new, &plain, &strict, &constant, NULL};
    static HPyType_Spec spec = {
        .name = "fields.Box", .basicsize = sizeof(Box), .builtin_shape = SHAPE(Box),
        .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_HAVE_GC | HPy_TPFLAGS_BASETYPE,
        .defines = type_defines,
    };
    HPyDef_METH(make, "make", HPyFunc_NOARGS)
    static HPy make_impl(HPyContext *ctx, HPy self) {
        return HPyType_FromSpec(ctx, &spec, NULL);
    }
    /* (box, value): without a value the field becomes null */
    HPyDef_METH(put, "put", HPyFunc_VARARGS)
    static HPy put_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) {
        Box *box = Box_AsStruct(ctx, args[0]);
        HPyField_Store(ctx, args[0], &box->value, nargs > 1 ? args[1] : HPy_NULL);
        return HPyErr_Occurred(ctx) ? HPy_NULL : HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(get, "get", HPyFunc_O)
    static HPy get_impl(HPyContext *ctx, HPy self, HPy arg) {
        Box *box = Box_AsStruct(ctx, arg);
        if (HPyField_IsNull(box->value)) return HPy_Dup(ctx, ctx->h_Ellipsis);
        return HPyField_Load(ctx, arg, box->value);
    }
    static HPyDef *defines[] = {&make, &put, &get, NULL};
    static HPyModuleDef def = {.defines = defines};
    HPy_MODINIT(fields, def)
"""


class Thing:
    pass


@pytest.fixture(scope="module")
def file() -> Path:
    return compile_snippet("fields", SOURCE)


# Layers are for one thread at a time: without the GIL they bring it back, and say so.
pytestmark = pytest.mark.filterwarnings("ignore:.*global interpreter lock:RuntimeWarning")


@pytest.fixture(params=["universal", "debug", "trace"])
def fields(request: pytest.FixtureRequest, file: Path) -> ModuleType:
    return hpystate.load("fields", file, mode=request.param)


@pytest.fixture
def box(fields: ModuleType) -> Any:
    return fields.make()()


def test_members_and_loads_show_what_was_stored(fields: ModuleType, box: Any) -> None:
    assert fields.get(box) is ...
    for number in range(3):
        first, second, third = [number], [number], [number]
        fields.put(box, first)
        assert fields.get(box) is box.plain is box.strict is box.constant is first
        box.plain = second
        assert fields.get(box) is box.plain is box.strict is box.constant is second
        box.strict = third
        assert fields.get(box) is box.plain is box.strict is box.constant is third


def test_a_null_field_is_none_or_an_attribute_error(fields: ModuleType, box: Any) -> None:
    for clear in (
        fields.put,
        lambda box: delattr(box, "plain"),
        lambda box: delattr(box, "strict"),
    ):
        fields.put(box, "something")
        clear(box)
        assert fields.get(box) is ...
        assert box.plain is None
        assert box.constant is None
        with pytest.raises(AttributeError, match="strict"):
            _ = box.strict
        with pytest.raises(AttributeError, match="strict"):
            del box.strict
        del box.plain  # allowed where there is nothing, as with CPython's members


def test_a_constant_member_is_not_written(fields: ModuleType, box: Any) -> None:
    fields.put(box, "constant")

    with pytest.raises(AttributeError):
        box.constant = 1
    with pytest.raises(AttributeError):
        del box.constant

    assert fields.get(box) == "constant"


def test_a_member_shows_its_name_and_its_text(fields: ModuleType) -> None:
    cls = fields.make()

    assert cls.plain.__name__ == "plain"
    assert cls.plain.__doc__ == "What it is."
    with pytest.raises(TypeError):
        cls.plain.__get__(Thing())


def test_what_is_replaced_is_released_at_once(fields: ModuleType, box: Any) -> None:
    def put(value: object) -> None:
        fields.put(box, value)

    def plain(value: object) -> None:
        box.plain = value

    def strict(value: object) -> None:
        box.strict = value

    stores = (put, plain, strict)
    for store in stores:
        for replace in (*stores, lambda _: delattr(box, "strict"), lambda _: fields.put(box)):
            thing = Thing()
            watched = weakref.ref(thing)
            store(thing)
            del thing
            assert watched() is not None
            replace("another")
            assert watched() is None


def test_loads_and_refused_stores_keep_the_count_of_references(
    fields: ModuleType, box: Any
) -> None:
    thing = Thing()
    fields.put(box, thing)
    before = sys.getrefcount(thing)

    for _ in range(20):
        assert fields.get(box) is box.plain is box.strict is thing
        with pytest.raises(AttributeError):
            box.constant = thing
        box.plain = thing

    assert sys.getrefcount(thing) == before


def test_a_destructor_finds_the_new_value(fields: ModuleType, box: Any) -> None:
    found = []

    class Last:
        def __del__(self) -> None:
            found.append(box.plain)
            box.plain = "by the destructor"

    fields.put(box, Last())
    fields.put(box, "new")
    box.plain = Last()
    box.strict = "newer"

    assert found == ["new", "newer"]
    assert fields.get(box) == "by the destructor"


def test_the_collector_sees_what_a_member_stored(fields: ModuleType) -> None:
    class Sub(fields.make()):  # type: ignore[misc]
        pass

    for cls in (fields.make(), Sub):
        box, thing = cls(), Thing()
        watched = weakref.ref(thing)
        box.strict, thing.back = thing, box  # type: ignore[attr-defined]
        assert sum(referent is thing for referent in gc.get_referents(box)) == 1
        del box, thing
        gc.collect()
        assert watched() is None


def test_many_fields_come_and_go(fields: ModuleType) -> None:
    cls = fields.make()
    for _ in range(3):
        boxes = [cls() for _ in range(1000)]
        for number, box in enumerate(boxes):
            fields.put(box, (number, box))
        assert all(fields.get(box) == (number, box) for number, box in enumerate(boxes))
        del boxes, box
        gc.collect()


HYBRID = """
    #include <Python.h>
    #include <hpy.h>
    #include <structmember.h>
    /* A struct in the middle of its port: HPy and the C API know the same word. */
    typedef struct { PyObject_HEAD PyObject *value; } Old;
    HPyType_LEGACY_HELPERS(Old)
    HPyDef_SLOT(Old_traverse, HPy_tp_traverse)
    static int Old_traverse_impl(void *self, HPyFunc_visitproc visit, void *arg) {
        HPy_VISIT((HPyField *)&((Old *)self)->value);
        return 0;
    }
    HPyDef_MEMBER(ported, "ported", HPyMember_OBJECT, offsetof(Old, value))
    static PyMemberDef members[] = {{"old", T_OBJECT, offsetof(Old, value), 0, NULL}, {NULL}};
    static PyType_Slot slots[] = {{Py_tp_members, members}, {0, NULL}};
    static HPyDef *old_defines[] = {&Old_traverse, &ported, NULL};
    static HPyType_Spec old_spec = {
        .name = "hybrid.Old", .basicsize = sizeof(Old), .builtin_shape = SHAPE(Old),
        .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_HAVE_GC | HPy_TPFLAGS_BASETYPE,
        .legacy_slots = slots, .defines = old_defines,
    };
    HPyDef_METH(make, "make", HPyFunc_NOARGS)
    static HPy make_impl(HPyContext *ctx, HPy self) {
        return HPyType_FromSpec(ctx, &old_spec, NULL);
    }
    HPyDef_METH(put, "put", HPyFunc_VARARGS)
    static HPy put_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) {
        HPyField_Store(ctx, args[0], (HPyField *)&Old_AsStruct(ctx, args[0])->value, args[1]);
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(get, "get", HPyFunc_O)
    static HPy get_impl(HPyContext *ctx, HPy self, HPy arg) {
        return HPyField_Load(ctx, arg, *(HPyField *)&Old_AsStruct(ctx, arg)->value);
    }
    HPyDef_METH(raw, "raw", HPyFunc_O)
    static HPy raw_impl(HPyContext *ctx, HPy self, HPy arg) {
        return HPy_FromPyObject(ctx, Old_AsStruct(ctx, arg)->value);
    }
    static HPyDef *defines[] = {&make, &put, &get, &raw, NULL};
    static HPyModuleDef def = {.defines = defines};
    HPy_MODINIT(hybrid, def)
"""


def test_in_a_legacy_struct_a_field_is_what_the_c_api_takes_for_an_object() -> None:
    hybrid = hpystate.load("hybrid", compile_snippet("hybrid", HYBRID, abi="hybrid"))
    cls = hybrid.make()

    for made in (cls, type("Sub", (cls,), {})):
        old = made()
        for value in ([1], [2]):
            hybrid.put(old, value)
            assert hybrid.get(old) is hybrid.raw(old) is old.ported is old.old is value
        old.ported = value = [3]
        assert hybrid.get(old) is hybrid.raw(old) is old.ported is old.old is value
        old.old = value = [4]
        assert hybrid.get(old) is hybrid.raw(old) is old.ported is old.old is value
        assert sum(referent is value for referent in gc.get_referents(old)) == 1
