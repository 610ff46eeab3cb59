"""test_home.py: an object belongs to the interpreter of its type, wherever it is used (PEP 573).

Legacy interpreters share the GIL and the memory of the main one, and programs do hand objects from
one to the other. What such an object sees through an HPyGlobal is then a question of a rule: the
module of its type decides, for classes made in Python the first HPy type of their MRO.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import hpystate
from hpystate.testing import Interpreter, compile_snippet
from tests.conftest import Child

SOURCE = r"""
#include <hpy.h>
static HPyGlobal who;
static HPy name(HPyContext *ctx) {
    HPy h = HPyGlobal_Load(ctx, who);
    return HPy_IsNull(h) ? HPyUnicode_FromString(ctx, "nobody") : h;
}
static void note(HPyContext *ctx, HPy where) { /* a list, for functions that return no object */
    HPy h = name(ctx);
    HPyList_Append(ctx, where, h);
    HPy_Close(ctx, h);
}
typedef struct { HPyField seen; } S;
HPyType_HELPERS(S)
HPyDef_SLOT(S_new, HPy_tp_new)
static HPy S_new_impl(HPyContext *ctx, HPy cls, const HPy *args, HPy_ssize_t n, HPy kw) {
    S *data;
    HPy self = HPy_New(ctx, cls, &data);
    HPy list = HPyList_New(ctx, 0);
    note(ctx, list);
    HPyField_Store(ctx, self, &data->seen, list);
    HPy_Close(ctx, list);
    return self;
}
static void see(HPyContext *ctx, HPy self) {
    HPy list = HPyField_Load(ctx, self, S_AsStruct(ctx, self)->seen);
    note(ctx, list);
    HPy_Close(ctx, list);
}
HPyDef_SLOT(S_init, HPy_tp_init)
static int S_init_impl(HPyContext *ctx, HPy self, const HPy *args, HPy_ssize_t n, HPy kw) {
    see(ctx, self);
    return 0;
}
HPyDef_SLOT(S_traverse, HPy_tp_traverse)
static int S_traverse_impl(void *data, HPyFunc_visitproc visit, void *arg) {
    HPy_VISIT(&((S *)data)->seen);
    return 0;
}
HPyDef_MEMBER(S_seen, "seen", HPyMember_OBJECT, offsetof(S, seen))
HPyDef_METH(S_noargs, "noargs", HPyFunc_NOARGS)
static HPy S_noargs_impl(HPyContext *ctx, HPy self) { return name(ctx); }
HPyDef_METH(S_o, "o", HPyFunc_O)
static HPy S_o_impl(HPyContext *ctx, HPy self, HPy arg) { return name(ctx); }
HPyDef_METH(S_varargs, "varargs", HPyFunc_VARARGS)
static HPy S_varargs_impl(HPyContext *ctx, HPy self, const HPy *args, size_t n) {
    return name(ctx);
}
HPyDef_METH(S_keywords, "keywords", HPyFunc_KEYWORDS)
static HPy S_keywords_impl(HPyContext *ctx, HPy self, const HPy *args, size_t n, HPy kw) {
    return name(ctx);
}
HPyDef_GETSET(S_name, "name")
static HPy S_name_get(HPyContext *ctx, HPy self, void *closure) { return name(ctx); }
static int S_name_set(HPyContext *ctx, HPy self, HPy value, void *closure) {
    note(ctx, value);
    return 0;
}
HPyDef_SLOT(S_call, HPy_tp_call)
static HPy S_call_impl(HPyContext *ctx, HPy self, const HPy *args, size_t n, HPy kw) {
    return name(ctx);
}
HPyDef_CALL_FUNCTION(own)
static HPy own_impl(HPyContext *ctx, HPy self, const HPy *args, size_t n, HPy kw) {
    return name(ctx);
}
HPyDef_METH(S_own, "own", HPyFunc_NOARGS)
static HPy S_own_impl(HPyContext *ctx, HPy self) {
    return HPy_SetCallFunction(ctx, self, &own) < 0 ? HPy_NULL : HPy_Dup(ctx, self);
}
HPyDef_SLOT(S_repr, HPy_tp_repr)
static HPy S_repr_impl(HPyContext *ctx, HPy self) { return name(ctx); }
HPyDef_SLOT(S_add, HPy_nb_add)
static HPy S_add_impl(HPyContext *ctx, HPy a, HPy b) { return name(ctx); }
HPyDef_SLOT(S_power, HPy_nb_power)
static HPy S_power_impl(HPyContext *ctx, HPy a, HPy b, HPy c) { return name(ctx); }
HPyDef_SLOT(S_item, HPy_mp_subscript)
static HPy S_item_impl(HPyContext *ctx, HPy self, HPy key) { return name(ctx); }
HPyDef_SLOT(S_set_item, HPy_mp_ass_subscript)
static int S_set_item_impl(HPyContext *ctx, HPy self, HPy key, HPy value) {
    note(ctx, value);
    return 0;
}
HPyDef_SLOT(S_compare, HPy_tp_richcompare)
static HPy S_compare_impl(HPyContext *ctx, HPy a, HPy b, HPy_RichCmpOp op) { return name(ctx); }
HPyDef_METH(S_empty_type, "empty_type", HPyFunc_NOARGS)
static HPy S_empty_type_impl(HPyContext *ctx, HPy self);
static HPyDef *S_defs[] = {&S_new, &S_init, &S_traverse, &S_seen, &S_noargs, &S_o, &S_varargs,
    &S_keywords, &S_name, &S_call, &S_own, &S_repr, &S_add, &S_power, &S_item, &S_set_item,
    &S_compare, &S_empty_type, NULL};
static HPyType_Spec S_spec = {.name = "pond.S", .basicsize = sizeof(S), .builtin_shape = SHAPE(S),
    .defines = S_defs, .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE | HPy_TPFLAGS_HAVE_GC};

/* Without a struct: a class made in Python may have it beside another base. */
static HPyDef *Mixin_defs[] = {&S_noargs, NULL};
static HPyType_Spec Mixin_spec = {.name = "pond.Mixin", .defines = Mixin_defs,
    .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE};
static HPy S_empty_type_impl(HPyContext *ctx, HPy self) {
    return HPyType_FromSpec(ctx, &Mixin_spec, NULL);
}
HPyDef_SLOT(Meta_repr, HPy_tp_repr)
static HPy Meta_repr_impl(HPyContext *ctx, HPy self) { return name(ctx); }
static HPyDef *Meta_defs[] = {&Meta_repr, NULL};
static HPyType_Spec Meta_spec = {.name = "pond.Meta", .builtin_shape = HPyType_BuiltinShape_Type,
    .defines = Meta_defs, .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE};

HPyDef_METH(set, "set", HPyFunc_O)
static HPy set_impl(HPyContext *ctx, HPy self, HPy arg) {
    HPyGlobal_Store(ctx, &who, arg);
    return HPy_Dup(ctx, ctx->h_None);
}
HPyDef_METH(get, "get", HPyFunc_NOARGS)
static HPy get_impl(HPyContext *ctx, HPy self) { return name(ctx); }
HPyDef_SLOT(setup, HPy_mod_exec)
static int setup_impl(HPyContext *ctx, HPy mod) {
    HPyType_SpecParam of_type[] = {{HPyType_SpecParam_Base, ctx->h_TypeType}, {0}};
    return HPyHelpers_AddType(ctx, mod, "S", &S_spec, NULL) &&
           HPyHelpers_AddType(ctx, mod, "Mixin", &Mixin_spec, NULL) &&
           HPyHelpers_AddType(ctx, mod, "Meta", &Meta_spec, of_type) ? 0 : -1;
}
static HPyDef *defs[] = {&setup, &set, &get, NULL};
static HPyGlobal *globs[] = {&who, NULL};
static HPyModuleDef def = {.defines = defs, .globals = globs};
HPy_MODINIT(pond, def)
"""

MODES = ["universal", "debug", "trace"]

#: What an object can be asked, as Python code over `x`; `made` is one more of its class.
QUESTIONS = {
    "method without arguments": "x.noargs()",
    "method with one": "x.o(1)",
    "method with one of this interpreter": "x.o(here.S())",
    "method with some": "x.varargs(1, 2)",
    "method with names": "x.keywords(a=1)",
    "getter": "x.name",
    "setter": "setattr(x, 'name', told := []) or told[0]",
    "tp_call": "x()",
    "tp_call with names": "x(1, a=2)",
    "call function": "type(x)().own()()",
    "repr": "repr(x)",
    "operator": "x + 1",
    "operator, other operand": "1 + x",
    "operator with an object of a class made in Python": "Plain() + x",
    "power": "x ** 2",
    "power, other operand": "2 ** x",
    "power of three": "pow(x, 2, 3)",
    "item": "x[0]",
    "item that is set": "x.__setitem__(0, told := []) or told[0]",
    "comparison": "x < 1",
    "tp_new": "type(x)().seen[0]",
    "tp_init": "type(x)().seen[1]",
    "type that it makes": "x.empty_type()().noargs()",
    "class of the type that it makes": "type('Sub', (x.empty_type(),), {})().noargs()",
}


@pytest.fixture(scope="module")
def file() -> Path:
    return compile_snippet("pond", SOURCE)


@pytest.fixture(params=MODES, scope="module")
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def main(mode: str, file: Path) -> ModuleType:
    module = hpystate.load("pond", file, mode=mode)
    module.set("main")
    return module


@pytest.fixture(scope="module")
def legacy(mode: str, file: Path) -> Iterator[Interpreter]:
    """A legacy interpreter with a value of its own."""
    with Interpreter(gil="shared") as made:
        made.run(f"""
            import ctypes, hpystate
            here = hpystate.load("pond", {str(file)!r}, mode={mode!r})
            here.set("legacy")
            class Plain:
                pass
            def of(address):
                return ctypes.cast(address, ctypes.py_object).value
        """)
        yield made


def ask(interpreter: Interpreter, thing: object, question: str) -> Any:
    return interpreter.run(f"x = of({id(thing)}); answer = {question}; del x")


def objects(main: ModuleType) -> dict[str, Any]:
    """Objects of main, all with the same functions."""

    class Sub(main.S):  # type: ignore[name-defined, misc]
        pass

    class SubSub(Sub):
        __slots__ = ("extra",)

    class Beside:
        pass

    class Both(Beside, Sub):
        pass

    return {"S": main.S(), "Sub": Sub(), "SubSub": SubSub(), "Both": Both()}


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("kind", ["S", "Sub", "SubSub", "Both"])
def test_an_object_of_main_sees_its_values_in_a_legacy_interpreter(
    main: ModuleType, legacy: Interpreter, kind: str, question: str
) -> None:
    thing = objects(main)[kind]
    assert ask(legacy, thing, QUESTIONS[question]) == "main"


def test_a_function_of_a_module_belongs_to_the_module(
    main: ModuleType, legacy: Interpreter
) -> None:
    assert ask(legacy, main, "x.get()") == "main"
    assert legacy.run("answer = here.get()") == "legacy"


def test_a_base_without_a_struct_is_found_by_the_mro(main: ModuleType, legacy: Interpreter) -> None:
    """The chain of tp_base leads past it: the other base has the layout."""

    class Mixed(dict, main.Mixin):  # type: ignore[type-arg, name-defined, misc]
        pass

    assert Mixed.__base__ is dict
    assert ask(legacy, Mixed(), "x.noargs()") == "main"


def test_new_bases_count_at_once(main: ModuleType, legacy: Interpreter) -> None:
    class First(main.S):  # type: ignore[name-defined, misc]
        pass

    class Second(main.S):  # type: ignore[name-defined, misc]
        pass

    class Sub(First):
        pass

    thing = Sub()
    Sub.__bases__ = (Second,)

    assert ask(legacy, thing, "x.noargs()") == "main"


def test_a_class_of_a_metaclass_of_main(main: ModuleType, legacy: Interpreter) -> None:
    class SubMeta(main.Meta):  # type: ignore[name-defined, misc]
        pass

    assert ask(legacy, main.Meta("C", (), {}), "repr(x)") == "main"
    assert ask(legacy, SubMeta("C", (), {}), "repr(x)") == "main"


def test_a_class_that_the_legacy_interpreter_makes_above_a_type_of_main(
    main: ModuleType, legacy: Interpreter
) -> None:
    """The first HPy type of the MRO counts, whoever made the class."""
    assert ask(legacy, main.S, "type('C', (x,), {})().noargs()") == "main"
    answer = ask(legacy, main.Mixin, "type('C', (here.Mixin, x), {})().noargs()")
    assert answer == "legacy"
    answer = ask(legacy, main.Mixin, "type('C', (x, here.Mixin), {})().noargs()")
    assert answer == "main"


def test_of_two_operands_the_first_counts(main: ModuleType, legacy: Interpreter) -> None:
    thing = objects(main)["Sub"]
    assert ask(legacy, thing, "x + here.S()") == "main"
    assert ask(legacy, thing, "here.S() + x") == "legacy"
    assert ask(legacy, thing, "type('Sub', (here.S,), {})() + x") == "legacy"


def test_an_object_of_the_legacy_interpreter_sees_its_values_in_main(
    main: ModuleType, legacy: Interpreter
) -> None:
    legacy.run("class Sub(here.S): pass\nkept = here.S(), Sub()")
    for index in range(2):
        address = legacy.run(f"answer = id(kept[{index}])")
        thing = ctypes.cast(address, ctypes.py_object).value
        assert thing.noargs() == "legacy"
        assert 2**thing == "legacy"
        del thing


def test_each_own_gil_interpreter_has_its_own(mode: str, main: ModuleType, file: Path) -> None:
    """Nothing is shared there: classes made in Python find their own interpreter's types."""
    with Interpreter(gil="own") as interpreter:
        answer = interpreter.run(f"""
            import hpystate
            pond = hpystate.load("pond", {str(file)!r}, mode={mode!r})
            pond.set("own")
            class Sub(pond.S):
                pass
            x = Sub()
            answer = x.noargs(), 2 ** x, x(), type(x)().seen, repr(x)
        """)
    assert answer == ("own", "own", "own", ["own", "own"], "own")


def test_what_an_ended_interpreter_leaves_sees_no_value_of_a_later_one(
    child: Child, file: Path, mode: str
) -> None:
    """Its memory serves others; what leads there may still be called."""
    run = child(f"""
import ctypes, os
import hpystate
from hpystate.testing import Interpreter
load = "import hpystate; here = hpystate.load('pond', {str(file)!r}, mode={mode!r}); here.set"
exec(load + "('main')")
with Interpreter(gil="shared") as legacy:
    legacy.run(load + "('legacy')")
    legacy.run("class Sub(here.S): pass\\nkept = here.S(), Sub(), here")
    S, Sub, module = [ctypes.cast(legacy.run(f"answer = id(kept[{{i}}])"), ctypes.py_object).value
                      for i in range(3)]
answers = set()
for gil in ["own", "shared", "own"]:
    with Interpreter(gil=gil) as later:
        later.run(load + "('later')")
        answers |= {{S.noargs(), Sub.noargs(), 2 ** Sub, module.get()}}
print("later" in answers, flush=True)
os._exit(0) # before CPython 3.13 the collector of a dead interpreter owns what is left
""")
    assert (run.returncode, run.stdout) == (0, "False\n"), run.stderr


def test_functions_beyond_the_pool_follow_the_rule(child: Child) -> None:
    """The 513th method and function come through the file's own trampolines."""
    count = 520
    head, _, tail = SOURCE.partition("static HPyDef *S_defs[] = {")
    methods = "".join(
        f'HPyDef_METH(m{i}, "m{i}", HPyFunc_NOARGS)\n'
        f"static HPy m{i}_impl(HPyContext *ctx, HPy self) {{ return name(ctx); }}\n"
        for i in range(count)
    )
    table = "".join(f"&m{i}, " for i in range(count))
    source = f"{head}{methods}static HPyDef *S_defs[] = {{{table}{tail}"
    source = source.replace("{&setup, &set, &get, NULL}", f"{{{table}&setup, &set, &get, NULL}}")
    path = str(compile_snippet("pond", source))
    run = child(f"""
import hpystate
from hpystate.testing import Interpreter
pond = hpystate.load("pond", {path!r})
pond.set("main")
things = [type("Sub", (pond.S,), {{}})(), pond.S(), pond]
with Interpreter(gil="shared") as legacy:
    legacy.run("import ctypes, hpystate")
    legacy.run(f"here = hpystate.load('pond', {{pond.__file__!r}}); here.set('legacy')")
    for thing in things:
        legacy.run(f"x = ctypes.cast({{id(thing)}}, ctypes.py_object).value")
        print(legacy.run("answer = {{getattr(x, f'm{{i}}')() for i in range({count})}}; del x"))
    print(legacy.run("answer = {{getattr(here, f'm{{i}}')() for i in range({count})}}"))
""")
    assert (run.stdout, run.stderr) == ("{'main'}\n" * 3 + "{'legacy'}\n", "")
