"""test_thunk_limit.py: what happens to functions for which no thunk is left.

Plain functions go on through the file's own trampolines. Where those cannot serve, the SystemError
names the slot and the limit.
"""

from __future__ import annotations

import pytest

from hpystate.testing import compile_snippet
from tests.conftest import Child

COUNT = 600
SOURCE = (
    r"""
#include <hpy.h>
#define CALL(n) \
    HPyDef_SLOT(call_##n, HPy_tp_call) \
    static HPy call_##n##_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy k) { \
        return HPyLong_FromLong(ctx, n); \
    }
#define GET(n) \
    HPyDef_GET(get_##n, "get") \
    static HPy get_##n##_get(HPyContext *ctx, HPy self, void *closure) { \
        return HPyLong_FromLong(ctx, n); \
    }
#define REPR(n) \
    HPyDef_SLOT(repr_##n, HPy_tp_repr) \
    static HPy repr_##n##_impl(HPyContext *ctx, HPy self) { \
        return HPyUnicode_FromString(ctx, #n); \
    }
#define OWN(n) \
    HPyDef_CALL_FUNCTION(own_##n) \
    static HPy own_##n##_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy k) { \
        return HPyLong_FromLong(ctx, n); \
    }
"""
    + "".join(f"CALL({n}) GET({n}) REPR({n}) OWN({n})\n" for n in range(1, COUNT))
    + "static HPyDef *all[][3] = {"
    + "".join(f"{{&call_{n}, &get_{n}, &repr_{n}}}, " for n in range(1, COUNT))
    + "};\nstatic HPyCallFunction *owns[] = {"
    + "".join(f"&own_{n}, " for n in range(1, COUNT))
    + r"""};

/* set(object, number): its call function */
HPyDef_METH(set, "set", HPyFunc_VARARGS)
static HPy set_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) {
    HPyCallFunction *own = owns[HPyLong_AsLong(ctx, args[1])];
    return HPy_SetCallFunction(ctx, args[0], own) < 0 ? HPy_NULL : HPy_Dup(ctx, args[0]);
}
/* make(number, kind): a type with one definition */
HPyDef_METH(make, "make", HPyFunc_VARARGS)
static HPy make_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) {
    HPyDef *defines[] = {all[HPyLong_AsLong(ctx, args[0])][HPyLong_AsLong(ctx, args[1])], NULL};
    HPyType_Spec spec = {.name = "many.T", .flags = HPy_TPFLAGS_DEFAULT, .basicsize = 8,
                         .defines = defines};
    return HPyType_FromSpec(ctx, &spec, NULL);
}
static HPyDef *defines[] = {&make, &set, NULL};
static HPyModuleDef def = {.defines = defines};
HPy_MODINIT(many, def)
"""
)

SCRIPT = f"""
import sys
import hpystate
path, mode, kind = sys.argv[1:]
many = hpystate.load("many", path, mode=mode)
ask = [
    lambda one: one(), lambda one: one.get, lambda one: int(repr(one)), lambda one: one(),
][int(kind)]
for number in range({COUNT - 1}):
    try:
        if kind == "3":
            one = many.set(many.make(0, 0)(), number)
        else:
            one = many.make(number, int(kind))()
    except SystemError as error:
        print(number, error)
        break
    assert ask(one) == number + 1
"""


@pytest.mark.parametrize(
    ("mode", "kind", "limit", "words"),
    [
        ("universal", 0, 128, "type 'many.T': no thunk is left for HPy_tp_call"),
        pytest.param(
            *("debug", 0, 256, "type 'many.T': no thunk is left for HPy_tp_call"),
            marks=pytest.mark.long,
        ),
        ("debug", 1, 512, "get-set 'get': no thunk is left for its getter"),
        ("debug", 2, 256, "type 'many.T': no thunk is left for HPy_tp_repr"),
        ("debug", 3, 256, "HPy_SetCallFunction: type 'many.T': no thunk is left for its call"),
    ],
)
def test_a_function_that_gets_no_thunk_is_named_with_the_limit(
    child: Child, mode: str, kind: int, limit: int, words: str
) -> None:
    run = child(SCRIPT, str(compile_snippet("many", SOURCE)), mode, str(kind))

    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith(f"{limit} {words}")
    name = "plain" if mode == "universal" else mode
    assert f"{limit} different functions of that kind in {name} mode" in run.stdout
    assert "load fewer extensions" in run.stdout


def test_plain_call_functions_have_no_limit(child: Child) -> None:
    """One function of ours calls all of them."""
    run = child(SCRIPT, str(compile_snippet("many", SOURCE)), "universal", "3")

    assert (run.returncode, run.stdout) == (0, ""), run.stderr


@pytest.mark.parametrize("kind", [1, 2])
def test_plain_functions_beyond_the_limit_go_through_the_files_trampolines(
    child: Child, kind: int
) -> None:
    run = child(SCRIPT, str(compile_snippet("many", SOURCE)), "universal", str(kind))

    assert (run.returncode, run.stdout) == (0, ""), run.stderr
