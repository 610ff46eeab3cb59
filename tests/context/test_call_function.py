"""test_call_function.py: HPy_tp_call, and instances with a call function of their own."""

from __future__ import annotations

import functools
from types import ModuleType

import pytest

import hpystate
from hpystate.testing import Interpreter, compile_snippet

SOURCE = r"""
#include <hpy.h>

typedef struct { long value; } Adder;
HPyType_HELPERS(Adder)
typedef struct { Adder base; long more[4]; } Wide;
HPyType_HELPERS(Wide)

static HPy total(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy kwnames, long sign) {
    HPy_ssize_t keywords = HPy_IsNull(kwnames) ? 0 : HPy_Length(ctx, kwnames);
    long sum = Adder_AsStruct(ctx, self)->value;
    for (size_t i = 0; i < nargs + keywords; i++)
        sum += HPyLong_AsLong(ctx, args[i]);
    return HPyErr_Occurred(ctx) ? HPy_NULL : HPyLong_FromLong(ctx, sign * sum);
}
HPyDef_SLOT(Adder_call, HPy_tp_call)
static HPy Adder_call_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy kwnames) {
    return total(ctx, self, args, nargs, kwnames, 1);
}
HPyDef_CALL_FUNCTION(negative)
static HPy negative_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy kwnames) {
    return total(ctx, self, args, nargs, kwnames, -1);
}
/* With an argument: the instance gets a function of its own. */
HPyDef_SLOT(Adder_new, HPy_tp_new)
static HPy Adder_new_impl(HPyContext *ctx, HPy cls, const HPy *args, HPy_ssize_t n, HPy kw) {
    Adder *adder;
    HPy self = HPy_New(ctx, cls, &adder);
    if (!HPy_IsNull(self) && n > 0 && HPy_SetCallFunction(ctx, self, &negative) < 0) {
        HPy_Close(ctx, self);
        return HPy_NULL;
    }
    return self;
}
HPyDef_MEMBER(Adder_value, "value", HPyMember_LONG, offsetof(Adder, value))
HPyDef_MEMBER(Wide_last, "last", HPyMember_LONG, offsetof(Wide, more[3]))
static HPyDef *Adder_defines[] = {&Adder_new, &Adder_call, &Adder_value, NULL};
static HPyDef *Wide_defines[] = {&Wide_last, NULL};
static HPyDef *Plain_defines[] = {&Adder_call, NULL};
static HPyType_Spec Adder_spec = {
    .name = "callable.Adder", .basicsize = sizeof(Adder), .builtin_shape = SHAPE(Adder),
    .defines = Adder_defines, .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE,
};
static HPyType_Spec Wide_spec = {
    .name = "callable.Wide", .basicsize = sizeof(Wide), .builtin_shape = SHAPE(Wide),
    .defines = Wide_defines, .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE,
};
static HPyType_Spec Var_spec = {
    .name = "callable.Var", .basicsize = sizeof(Adder), .itemsize = 8,
    .builtin_shape = SHAPE(Adder), .defines = Plain_defines, .flags = HPy_TPFLAGS_DEFAULT,
};

static HPyType_Spec Same_spec = {
    .name = "callable.Same", .basicsize = sizeof(Adder), .builtin_shape = SHAPE(Adder),
    .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE,
};
static HPyType_Spec Bare_spec = {
    .name = "callable.Bare", .builtin_shape = SHAPE(Adder),
    .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE,
};

#define DERIVED(function, text, spec)                                                      \
    HPyDef_METH(function, text, HPyFunc_O)                                                 \
    static HPy function##_impl(HPyContext *ctx, HPy self, HPy base) {                      \
        HPyType_SpecParam params[] = {{HPyType_SpecParam_Base, base}, {0}};                \
        return HPyType_FromSpec(ctx, &spec, params);                                       \
    }
DERIVED(bare_type, "bare_type", Bare_spec)
DERIVED(same_type, "same_type", Same_spec)
DERIVED(wide_type, "wide_type", Wide_spec)

HPyDef_METH(set, "set", HPyFunc_O)
static HPy set_impl(HPyContext *ctx, HPy self, HPy arg) {
    return HPy_SetCallFunction(ctx, arg, &negative) < 0 ? HPy_NULL : HPy_Dup(ctx, ctx->h_None);
}
HPyDef_CALL_FUNCTION(twice)
static HPy twice_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy kwnames) {
    return total(ctx, self, args, nargs, kwnames, 2);
}
HPyDef_METH(set_twice, "set_twice", HPyFunc_O)
static HPy set_twice_impl(HPyContext *ctx, HPy self, HPy arg) {
    return HPy_SetCallFunction(ctx, arg, &twice) < 0 ? HPy_NULL : HPy_Dup(ctx, ctx->h_None);
}
HPyDef_METH(new, "new", HPyFunc_O)
static HPy new_impl(HPyContext *ctx, HPy self, HPy type) {
    void *data;
    return HPy_New(ctx, type, &data);
}
HPyDef_METH(set_nothing, "set_nothing", HPyFunc_O)
static HPy set_nothing_impl(HPyContext *ctx, HPy self, HPy arg) {
    return HPy_SetCallFunction(ctx, arg, NULL) < 0 ? HPy_NULL : HPy_Dup(ctx, ctx->h_None);
}
HPyDef_METH(set_null, "set_null", HPyFunc_O)
static HPy set_null_impl(HPyContext *ctx, HPy self, HPy arg) {
    static HPyCallFunction null;
    return HPy_SetCallFunction(ctx, arg, &null) < 0 ? HPy_NULL : HPy_Dup(ctx, ctx->h_None);
}
HPyDef_METH(set_of_null, "set_of_null", HPyFunc_O)
static HPy set_of_null_impl(HPyContext *ctx, HPy self, HPy arg) {
    HPyCallFunction *function = HPy_Is(ctx, arg, ctx->h_None) ? NULL : &twice;
    return HPy_SetCallFunction(ctx, HPy_NULL, function) < 0 ? HPy_NULL : HPy_Dup(ctx, ctx->h_None);
}
HPyDef_METH(var_type, "var_type", HPyFunc_NOARGS)
static HPy var_type_impl(HPyContext *ctx, HPy self) {
    return HPyType_FromSpec(ctx, &Var_spec, NULL);
}
HPyDef_SLOT(exec, HPy_mod_exec)
static int exec_impl(HPyContext *ctx, HPy module) {
    HPy adder = HPyType_FromSpec(ctx, &Adder_spec, NULL);
    HPyType_SpecParam params[] = {{HPyType_SpecParam_Base, adder}, {0}};
    int good = !HPy_IsNull(adder) && HPy_SetAttr_s(ctx, module, "Adder", adder) == 0 &&
               HPyHelpers_AddType(ctx, module, "Wide", &Wide_spec, params);
    HPy_Close(ctx, adder);
    return good ? 0 : -1;
}
static HPyDef *defines[] = {&set, &set_twice, &new, &set_nothing, &set_null, &set_of_null,
                            &var_type, &bare_type, &same_type, &wide_type, &exec, NULL};
static HPyModuleDef def = {.defines = defines};
HPy_MODINIT(callable, def)
"""


@pytest.fixture
def module() -> ModuleType:
    return hpystate.load("callable", compile_snippet("callable", SOURCE))


def test_an_instance_is_called_with_the_function_of_its_type(module: ModuleType) -> None:
    adder = module.Adder()
    adder.value = 1

    assert adder() == 1
    assert adder(2, 3, key=4) == 10
    assert adder.__call__(2, key=3) == 6
    assert list(map(adder, [1, 2])) == [2, 3]


def test_an_instance_may_have_a_function_of_its_own(module: ModuleType) -> None:
    first, second = module.Adder(), module.Adder()
    module.set(second)

    assert (first(1, x=2), second(1, x=2)) == (3, -3)
    assert second.__call__(4) == -4
    assert second(*[1, 2], y=3) == -6


def test_a_function_of_a_freed_instance_is_not_the_next_ones(module: ModuleType) -> None:
    for _ in range(3):
        many = [module.new(module.Adder) for _ in range(200)]
        assert {module.set(each) for each in many} == {None}
        assert {each(5) for each in many} == {-5}
        del many
        assert {module.new(module.Adder)(5) for _ in range(200)} == {5}


def test_functions_are_told_apart_whichever_an_instance_was_given_first(
    module: ModuleType,
) -> None:
    adder = module.Adder()

    for _ in range(3):
        module.set(adder)
        assert adder(2) == -2
        module.set_twice(adder)
        assert adder(2) == 4


def test_a_derived_struct_has_its_own_place_for_it(module: ModuleType) -> None:
    wide = module.Wide()
    wide.value, wide.last = 1, 2
    module.set(wide)

    assert (wide.value, wide.last) == (1, 2)
    assert wide(3) == -4
    wide.last = -1
    assert wide(3) == -4


def test_a_struct_behind_a_type_that_adds_none_leaves_the_place(module: ModuleType) -> None:
    """The type between has no struct and no call slot of its own, and has the place for it."""
    between = module.bare_type(module.Adder)
    wide, same = module.wide_type(between)(), module.same_type(between)()
    wide.last = 2**62

    assert (between()(2), wide(2), same(2)) == (2, 2, 2)
    module.set(wide)
    assert (wide(2), wide.last) == (-2, 2**62)


def test_a_class_made_in_python_inherits_the_protocol(module: ModuleType) -> None:
    class Sub(module.Wide):  # type: ignore[name-defined, misc]
        pass

    class Own(module.Adder):  # type: ignore[name-defined, misc]
        def __call__(self, *args: int) -> str:
            return f"own {super().__call__(*args)}"

    sub = Sub()
    assert sub(5) == 5
    module.set(sub)
    assert sub(5) == -5
    assert Own()(5) == "own 5"


def test_a_class_with_its_own_call_may_have_such_instances(module: ModuleType) -> None:
    """CPython takes the flag of PEP 590 from the class; its base's function is found as before."""

    class Own(module.Adder):  # type: ignore[name-defined, misc]
        def __call__(self, *args: int, **names: int) -> str:
            return f"own {super().__call__(*args, **names)}"

    class Below(Own):
        pass

    for cls in (Own, Below):
        assert (cls()(2), cls("negative")(2, x=3)) == ("own 2", "own -5")
        later = cls()
        module.set(later)
        assert later(2) == "own -2"


def replaced(cls: type, take_back: str) -> None:
    """A `__call__` in Python is set and deleted."""
    before = cls.__call__
    cls.__call__ = lambda self, *args: "replaced"  # type: ignore[method-assign]
    assert cls()(2) == "replaced"
    if take_back == "deleted":
        del cls.__call__
    else:
        cls.__call__ = before  # type: ignore[method-assign]


@pytest.mark.parametrize("take_back", ["deleted", "restored"])
def test_a_call_that_was_replaced_in_python_is_restored(module: ModuleType, take_back: str) -> None:
    class Sub(module.Adder):  # type: ignore[name-defined, misc]
        pass

    early = Sub("negative")
    replaced(Sub, take_back)

    assert (Sub()(2), Sub("negative")(2), early(2, x=3)) == (2, -2, -5)
    later = Sub()
    module.set(later)
    assert later(2) == -2


def test_the_call_of_the_type_itself_is_restored(module: ModuleType) -> None:
    early = module.Adder("negative")
    replaced(module.Adder, "restored")

    assert (module.Adder()(2), module.Adder("negative")(2), early(2, x=3)) == (2, -2, -5)
    assert early.__call__(2) == -2


def test_a_type_whose_own_call_was_deleted_is_as_one_of_the_c_api(module: ModuleType) -> None:
    """CPython has forgotten the slot's function then: the control is a type without us."""
    source = r"""
        #include <Python.h>
        #include <hpy.h>
        static PyObject *call(PyObject *self, PyObject *args, PyObject *kw) { Py_RETURN_NONE; }
        static PyType_Slot slots[] = {{Py_tp_call, call}, {0, NULL}};
        static PyType_Spec spec = {"control.Called", sizeof(PyObject), 0, 0, slots};
        static PyObject *make(PyObject *self, PyObject *ignored) { return PyType_FromSpec(&spec); }
        static PyMethodDef methods[] = {{"make", make, METH_NOARGS}, {NULL}};
        static HPyModuleDef definition = {.legacy_methods = methods};
        HPy_MODINIT(control, definition)
    """
    control = hpystate.load("control", compile_snippet("control", source, abi="hybrid")).make()
    for cls in (control, module.Adder):
        replaced(cls, "deleted")
        with pytest.raises(TypeError, match="object is not callable"):
            cls()()
    assert not callable(module.Adder("negative"))


def test_a_place_that_is_of_another_type_is_not_written_to(module: ModuleType) -> None:
    """functools.partial is called by PEP 590 too, and has room for one word."""
    cls = module.bare_type(functools.partial)
    made = cls(int, "12")
    with pytest.raises(TypeError, match="does not implement HPy's call protocol"):
        module.set(made)
    assert made() == 12


@pytest.mark.parametrize("value", [object(), 3, len, type])
def test_other_objects_are_refused(module: ModuleType, value: object) -> None:
    with pytest.raises(TypeError, match="does not implement HPy's call protocol"):
        module.set(value)


def test_a_legacy_type_with_a_tp_dealloc_of_its_own_may_have_such_instances() -> None:
    source = r"""
    #include <Python.h>
    #include <hpy.h>
    typedef struct { PyObject_HEAD int x; } T;
    HPyDef_CALL_FUNCTION(own)
    static HPy own_impl(HPyContext *ctx, HPy self, const HPy *args, size_t n, HPy kw) {
        return HPyLong_FromLong(ctx, 7);
    }
    HPyDef_SLOT(call, HPy_tp_call)
    static HPy call_impl(HPyContext *ctx, HPy self, const HPy *args, size_t n, HPy kw) {
        return HPyLong_FromLong(ctx, 6);
    }
    HPyDef_METH(set, "set", HPyFunc_NOARGS)
    static HPy set_impl(HPyContext *ctx, HPy self) {
        return HPy_SetCallFunction(ctx, self, &own) < 0 ? HPy_NULL : HPy_Dup(ctx, self);
    }
    static void dealloc(PyObject *self) {
        PyTypeObject *type = Py_TYPE(self);
        type->tp_free(self);
        Py_DECREF(type);
    }
    static PyType_Slot slots[] = {{Py_tp_dealloc, dealloc}, {0}};
    static HPyDef *type_defines[] = {&call, &set, NULL};
    static HPyType_Spec spec = {
        .name = "legacy.T", .basicsize = sizeof(T), .builtin_shape = HPyType_BuiltinShape_Legacy,
        .legacy_slots = slots, .defines = type_defines, .flags = HPy_TPFLAGS_DEFAULT,
    };
    HPyDef_METH(make, "make", HPyFunc_NOARGS)
    static HPy make_impl(HPyContext *ctx, HPy self) { return HPyType_FromSpec(ctx, &spec, NULL); }
    static HPyDef *defines[] = {&make, NULL};
    static HPyModuleDef def = {.defines = defines};
    HPy_MODINIT(legacy, def)
    """
    cls = hpystate.load("legacy", compile_snippet("legacy", source, abi="hybrid")).make()
    assert cls()() == 6
    assert cls().set()() == 7


def test_no_function_is_refused(module: ModuleType) -> None:
    adder = module.Adder()
    for refused in (module.set_nothing, module.set_null):
        with pytest.raises(SystemError, match="the call function is NULL"):
            refused(adder)
    assert adder(5) == 5


@pytest.mark.parametrize("mode", ["universal", "debug", "trace"])
@pytest.mark.parametrize("function", ["a function", None])
def test_no_object_is_refused(mode: str, function: object) -> None:
    module = hpystate.load("callable", compile_snippet("callable", SOURCE), mode=mode)
    with pytest.raises(SystemError, match="HPy_SetCallFunction.*parameter 1 is HPy_NULL"):
        module.set_of_null(function)


def test_a_type_with_items_has_no_fixed_place_for_it(module: ModuleType) -> None:
    with pytest.raises(TypeError, match="itemsize"):
        module.var_type()


def test_it_works_in_every_interpreter(module: ModuleType, interpreter: Interpreter) -> None:
    answer = interpreter.run(f"""
        import hpystate
        module = hpystate.load("callable", {module.__file__!r})
        adder = module.Adder()
        before = adder(7)
        module.set(adder)
        answer = before, adder(7)
    """)
    assert answer == (7, -7)
