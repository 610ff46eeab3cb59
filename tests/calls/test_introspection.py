"""test_introspection.py: to pickle, inspect and help() an HPy function is a builtin like others."""

from __future__ import annotations

import copy
import inspect
import pickle
import pydoc
import sys
import types
from collections.abc import Iterator

import pytest

import hpystate
from hpystate.testing import compile_snippet

SOURCE = r"""
#include <hpy.h>

typedef struct { long value; } Counter;
HPyType_HELPERS(Counter)

HPyDef_METH(double_it, "double_it", HPyFunc_O,
            .doc = "double_it($module, number, /)\n--\n\nGives twice the number.")
static HPy double_it_impl(HPyContext *ctx, HPy self, HPy arg) { return HPy_Add(ctx, arg, arg); }
HPyDef_METH(nothing, "nothing", HPyFunc_NOARGS, .doc = "nothing($module, /)\n--\n\nGives None.")
static HPy nothing_impl(HPyContext *ctx, HPy self) { return HPy_Dup(ctx, ctx->h_None); }
HPyDef_METH(plain, "plain", HPyFunc_VARARGS)
static HPy plain_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) {
    return HPyLong_FromSize_t(ctx, nargs);
}
HPyDef_METH(named, "named", HPyFunc_KEYWORDS,
            .doc = "named($module, a, b=1)\n--\n\nCounts what it is given.")
static HPy named_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy kwnames) {
    return HPyLong_FromSize_t(ctx, nargs);
}

HPyDef_SLOT(Counter_new, HPy_tp_new)
static HPy Counter_new_impl(HPyContext *ctx, HPy cls, const HPy *args, HPy_ssize_t n, HPy kw) {
    Counter *counter;
    return HPy_New(ctx, cls, &counter);
}
HPyDef_METH(Counter_add, "add", HPyFunc_O, .doc = "add($self, n, /)\n--\n\nAdds to the value.")
static HPy Counter_add_impl(HPyContext *ctx, HPy self, HPy arg) {
    Counter_AsStruct(ctx, self)->value += HPyLong_AsLong(ctx, arg);
    return HPyLong_FromLong(ctx, Counter_AsStruct(ctx, self)->value);
}
HPyDef_GETSET(Counter_value, "value", .doc = "What was added up.")
static HPy Counter_value_get(HPyContext *ctx, HPy self, void *closure) {
    return HPyLong_FromLong(ctx, Counter_AsStruct(ctx, self)->value);
}
static int Counter_value_set(HPyContext *ctx, HPy self, HPy value, void *closure) {
    Counter_AsStruct(ctx, self)->value = HPyLong_AsLong(ctx, value);
    return 0;
}
HPyDef_METH(Counter_reduce, "__reduce__", HPyFunc_NOARGS)
static HPy Counter_reduce_impl(HPyContext *ctx, HPy self) {
    HPy type = HPy_Type(ctx, self), nothing = HPyTuple_FromArray(ctx, NULL, 0);
    HPy made = HPyTuple_Pack(ctx, 2, type, nothing);
    HPy_Close(ctx, type);
    HPy_Close(ctx, nothing);
    return made;
}
static HPyDef *counter_defines[] = {&Counter_new, &Counter_add, &Counter_value, &Counter_reduce,
                                    NULL};
static HPyType_Spec counter_spec = {.name = "introspection.Counter", .basicsize = sizeof(Counter),
                                    .builtin_shape = Counter_SHAPE, .doc = "Adds up.",
                                    .defines = counter_defines};
HPyDef_SLOT(execute, HPy_mod_exec)
static int execute_impl(HPyContext *ctx, HPy module) {
    return HPyHelpers_AddType(ctx, module, "Counter", &counter_spec, NULL) ? 0 : -1;
}
static HPyDef *defines[] = {&double_it, &nothing, &plain, &named, &execute, NULL};
static HPyModuleDef definition = {.doc = "A module to look at.", .defines = defines};
HPy_MODINIT(introspection, definition)
"""

FUNCTIONS = ["double_it", "nothing", "plain", "named"]


@pytest.fixture(params=["universal", "debug", "trace"])
def module(request: pytest.FixtureRequest) -> Iterator[types.ModuleType]:
    """Found by its name, as pickle does."""
    file = compile_snippet("introspection", SOURCE)
    made = hpystate.load("introspection", str(file), mode=request.param)
    sys.modules["introspection"] = made
    yield made
    del sys.modules["introspection"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_of_a_module_is_a_builtin_of_that_module(
    module: types.ModuleType, name: str
) -> None:
    function = getattr(module, name)
    assert type(function) is types.BuiltinFunctionType
    assert inspect.isbuiltin(function)
    assert function.__self__ is module
    assert (function.__name__, function.__qualname__) == (name, name)
    assert function.__module__ == "introspection"
    assert repr(function) == f"<built-in function {name}>"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_pickled_by_its_name(
    module: types.ModuleType, name: str, protocol: int
) -> None:
    function = getattr(module, name)
    assert pickle.loads(pickle.dumps(function, protocol)) is function
    assert copy.copy(function) is function
    assert copy.deepcopy(function) is function


def test_a_bound_method_is_pickled_with_its_object(module: types.ModuleType) -> None:
    bound = module.Counter().add
    assert inspect.isbuiltin(bound)
    assert bound.__self__.add == bound
    assert bound.__qualname__ == "Counter.add"
    again = pickle.loads(pickle.dumps(bound))
    assert type(again.__self__) is module.Counter
    assert again(2) == 2


def test_signatures_are_those_of_the_docs(module: types.ModuleType) -> None:
    assert str(inspect.signature(module.double_it)) == "(number, /)"
    assert str(inspect.signature(module.nothing)) == "()"
    assert str(inspect.signature(module.named)) == "(a, b=1)"
    assert str(inspect.signature(module.Counter().add)) == "(n, /)"
    assert str(inspect.signature(module.Counter.add)) == "(self, n, /)"
    assert module.double_it.__doc__ == "Gives twice the number."
    assert module.plain.__doc__ is None
    with pytest.raises(ValueError, match="no signature found"):
        inspect.signature(module.plain)


def test_what_a_type_has_is_what_the_types_of_python_have(module: types.ModuleType) -> None:
    counter = module.Counter
    assert inspect.isclass(counter) and type(counter) is type
    assert inspect.ismethoddescriptor(counter.add)
    assert type(counter.add) is types.MethodDescriptorType
    assert type(counter.value) is types.GetSetDescriptorType
    assert inspect.isgetsetdescriptor(counter.value)
    assert counter.add.__objclass__ is counter
    assert (counter.__module__, counter.__doc__) == ("introspection", "Adds up.")
    members = dict(inspect.getmembers(module, inspect.isbuiltin))
    assert sorted(members) == sorted(FUNCTIONS)


def test_help_shows_functions_methods_and_docs(module: types.ModuleType) -> None:
    text = pydoc.plain(pydoc.render_doc(module))
    for line in (
        "A module to look at.",
        "double_it(number, /)",
        "Gives twice the number.",
        "plain(...)",
        "named(a, b=1)",
        "class Counter(builtins.object)",
        "add(self, n, /)",
        "What was added up.",
    ):
        assert line in text
