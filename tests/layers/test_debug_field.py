"""test_debug_field.py: debug mode names the type whose fields nobody visits."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

import hpystate
from hpystate.testing import Interpreter, compile_snippet
from tests.conftest import Child
from tests.layers.conftest import told_in

SOURCE = """
    #include <hpy.h>

    typedef struct { HPyField held; } Box;
    HPyType_HELPERS(Box)

    HPyDef_SLOT(Box_new, HPy_tp_new)
    static HPy Box_new_impl(HPyContext *ctx, HPy cls, const HPy *args, HPy_ssize_t n, HPy kw) {
        Box *box;
        return HPy_New(ctx, cls, &box);
    }
    HPyDef_SLOT(Box_traverse, HPy_tp_traverse)
    static int Box_traverse_impl(void *data, HPyFunc_visitproc visit, void *arg) {
        HPy_VISIT(&((Box *)data)->held);
        return 0;
    }
    HPyDef_SLOT(Box_destroy, HPy_tp_destroy)
    static void Box_destroy_impl(void *data) {}

    HPyDef_METH(put, "put", HPyFunc_VARARGS)
    static HPy put_impl(HPyContext *ctx, HPy self, const HPy *args, size_t n) {
        HPyField_Store(ctx, args[0], &Box_AsStruct(ctx, args[0])->held, n > 1 ? args[1] : HPy_NULL);
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(get, "get", HPyFunc_O)
    static HPy get_impl(HPyContext *ctx, HPy self, HPy box) {
        return HPyField_Load(ctx, box, Box_AsStruct(ctx, box)->held);
    }

    static HPyDef *careless[] = {&Box_new, &Box_destroy, NULL};
    static HPyDef *visiting[] = {&Box_new, &Box_traverse, NULL};
    static HPyDef *made_of_it[] = {&Box_new, NULL};
    #define SPEC(n, gc, d) {.name = "boxes." n, .basicsize = sizeof(Box), .defines = d, \\
        .builtin_shape = HPyType_BuiltinShape_Object, \\
        .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE | gc}
    static HPyType_Spec specs[] = {
        SPEC("Careless", 0, careless), SPEC("Visiting", HPy_TPFLAGS_HAVE_GC, visiting),
        SPEC("Uncollected", 0, visiting), SPEC("Derived", 0, made_of_it)};

    HPyDef_METH(make_type, "make_type", HPyFunc_VARARGS)
    static HPy make_type_impl(HPyContext *ctx, HPy self, const HPy *args, size_t n) {
        HPy base = n > 1 ? args[1] : ctx->h_BaseObjectType;
        HPyType_SpecParam params[] = {{HPyType_SpecParam_Base, base}, {0}};
        return HPyType_FromSpec(ctx, &specs[HPyLong_AsSsize_t(ctx, args[0])], params);
    }

    static HPyDef *defines[] = {&make_type, &put, &get, NULL};
    static HPyModuleDef definition = {.defines = defines};
    HPy_MODINIT(boxes, definition)
"""
CARELESS, VISITING, UNCOLLECTED, DERIVED = range(4)


@pytest.fixture(scope="module")
def file() -> Path:
    return compile_snippet("boxes", SOURCE)


@pytest.fixture
def boxes(file: Path) -> ModuleType:
    return hpystate.load("boxes", str(file), mode="debug")


def test_a_type_whose_fields_nobody_visits_is_named_at_the_store(
    boxes: ModuleType, told: list[tuple[str, str]]
) -> None:
    box = boxes.make_type(CARELESS)()
    value = object()
    boxes.put(box, value)

    ((kind, text),) = told
    assert kind == "field"
    assert text.startswith(
        "HPyField_Store in interpreter 0: the type 'boxes.Careless' has no HPy_tp_t"
    )
    assert "HPy_VISIT for each HPyField" in text and "HPy_TPFLAGS_HAVE_GC" in text
    assert boxes.get(box) is value  # it was stored all the same
    boxes.put(box)
    assert len(told) == 1  # to clear a field takes no visit


def test_an_instance_of_a_class_on_such_a_type_names_the_type(
    boxes: ModuleType, told: list[tuple[str, str]]
) -> None:
    class Class(boxes.make_type(CARELESS)):  # type: ignore[misc]
        pass

    box = Class()
    boxes.put(box, 1)
    boxes.put(box)

    assert [kind for kind, _ in told] == ["field"]
    assert "'boxes.Careless'" in told[0][1]


def test_a_type_on_such_a_type_is_named_itself(
    boxes: ModuleType, told: list[tuple[str, str]]
) -> None:
    box = boxes.make_type(DERIVED, boxes.make_type(CARELESS))()
    boxes.put(box, 1)
    boxes.put(box)

    assert [kind for kind, _ in told] == ["field"]
    assert "'boxes.Derived'" in told[0][1]


def test_a_type_whose_base_visits_the_fields_is_not_named(
    boxes: ModuleType, told: list[tuple[str, str]]
) -> None:
    boxes.put(boxes.make_type(DERIVED, boxes.make_type(VISITING))(), 1)

    assert told == []


@pytest.mark.parametrize("number", [VISITING, UNCOLLECTED])
def test_types_that_visit_their_fields_are_not_named(
    boxes: ModuleType, told: list[tuple[str, str]], number: int
) -> None:
    base = boxes.make_type(number)

    class Class(base):  # type: ignore[misc,valid-type]
        pass

    for cls in (base, Class):
        boxes.put(cls(), 1)

    assert told == []


def test_in_another_interpreter_too(file: Path) -> None:
    with Interpreter("own") as interpreter, told_in(interpreter) as told:
        interpreter.run(f"""
            boxes = hpystate.load("boxes", {str(file)!r}, mode="debug")
            box = boxes.make_type(0)()
            boxes.put(box, 1)
            boxes.put(box)
        """)

    kind, text = told[0]
    assert kind == "field"
    assert "HPyField_Store in interpreter 0" not in text


def test_without_a_hook_it_is_a_message_and_an_abort(child: Child, file: Path) -> None:
    script = """
import sys, hpystate
boxes = hpystate.load("boxes", sys.argv[1], mode=sys.argv[2])
boxes.put(boxes.make_type(0)(), "value")
print("not seen")
"""
    plain = child(script, str(file), "universal")
    debugged = child(script, str(file), "debug")

    assert (plain.returncode, plain.stdout) == (0, "not seen\n")
    assert debugged.returncode == -6
    assert "the type 'boxes.Careless' has no HPy_tp_traverse" in debugged.stderr
