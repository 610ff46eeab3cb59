"""test_recursion.py: endless recursion through HPy's functions is a RecursionError, no crash.

CPython counts calls by tp_call, of methods, of types, and of tp_repr and tp_richcompare itself. A
function that is called by PEP 590 has to count itself, and HPy gives it no way to.
"""

from __future__ import annotations

import os
import sys

import pytest

from hpystate.testing import compile_snippet
from tests.conftest import Child

pytestmark = pytest.mark.skipif(
    "HPYSTATE_SANITIZED" in os.environ and sys.version_info < (3, 14),
    reason="before 3.14 CPython counts calls, and a sanitizer's frames are too large for so many",
)

SOURCE = r"""
#include <hpy.h>
typedef struct { long unused; } D;
HPyType_HELPERS(D)
static long calls;

HPyDef_SLOT(D_call, HPy_tp_call)
static HPy D_call_impl(HPyContext *ctx, HPy self, const HPy *args, size_t n, HPy kw) {
    return HPy_Call(ctx, self, args, n, HPy_NULL);
}
static HPy again_or_fail(HPyContext *ctx, HPy self, const HPy *args, size_t n) {
    calls++;
    if (n < 2) return HPy_Call(ctx, self, args, n, HPy_NULL);
    HPyErr_SetString(ctx, ctx->h_KeyError, "not deep");
    return HPy_NULL;
}
HPyDef_CALL_FUNCTION(again)
static HPy again_impl(HPyContext *ctx, HPy self, const HPy *args, size_t n, HPy kw) {
    return again_or_fail(ctx, self, args, n);
}
static HPyCallFunction *function_of(long number);
HPyDef_SLOT(D_new, HPy_tp_new)
static HPy D_new_impl(HPyContext *ctx, HPy cls, const HPy *args, HPy_ssize_t n, HPy kw) {
    if (n == 1) return HPy_Call(ctx, cls, args, 1, HPy_NULL);
    D *data;
    HPy self = HPy_New(ctx, cls, &data);
    if (n == 2) HPy_SetCallFunction(ctx, self, function_of(HPyLong_AsLong(ctx, args[1])));
    return self;
}
static HPy call_method(HPyContext *ctx, const char *name, HPy self, HPy argument) {
    HPy args[] = {self, argument};
    HPy text = HPyUnicode_FromString(ctx, name);
    HPy result = HPy_CallMethod(ctx, text, args, HPy_IsNull(argument) ? 1 : 2, HPy_NULL);
    HPy_Close(ctx, text);
    return result;
}
HPyDef_METH(D_noargs, "noargs", HPyFunc_NOARGS)
static HPy D_noargs_impl(HPyContext *ctx, HPy self) {
    return call_method(ctx, "noargs", self, HPy_NULL);
}
HPyDef_METH(D_o, "o", HPyFunc_O)
static HPy D_o_impl(HPyContext *ctx, HPy self, HPy arg) { return call_method(ctx, "o", self, arg); }
HPyDef_METH(D_varargs, "varargs", HPyFunc_VARARGS)
static HPy D_varargs_impl(HPyContext *ctx, HPy self, const HPy *args, size_t n) {
    return call_method(ctx, "varargs", self, HPy_NULL);
}
HPyDef_METH(D_keywords, "keywords", HPyFunc_KEYWORDS)
static HPy D_keywords_impl(HPyContext *ctx, HPy self, const HPy *args, size_t n, HPy kwnames) {
    return call_method(ctx, "keywords", self, HPy_NULL);
}
HPyDef_SLOT(D_repr, HPy_tp_repr)
static HPy D_repr_impl(HPyContext *ctx, HPy self) { return HPy_Repr(ctx, self); }
HPyDef_SLOT(D_compare, HPy_tp_richcompare)
static HPy D_compare_impl(HPyContext *ctx, HPy a, HPy b, HPy_RichCmpOp op) {
    return HPy_RichCompare(ctx, a, b, op);
}
static HPyDef *D_defines[] = {&D_call, &D_new, &D_noargs, &D_o, &D_varargs, &D_keywords, &D_repr,
                              &D_compare, NULL};
static HPyType_Spec D_spec = {.name = "deep.D", .basicsize = sizeof(D), .builtin_shape = SHAPE(D),
    .defines = D_defines, .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE};
HPyDef_METH(called, "called", HPyFunc_NOARGS)
static HPy called_impl(HPyContext *ctx, HPy self) {
    long since = calls;
    calls = 0;
    return HPyLong_FromLong(ctx, since);
}
HPyDef_SLOT(exec, HPy_mod_exec)
static int exec_impl(HPyContext *ctx, HPy module) {
    return HPyHelpers_AddType(ctx, module, "D", &D_spec, NULL) ? 0 : -1;
}
static HPyDef *defines[] = {&called, &exec, NULL};
static HPyModuleDef def = {.defines = defines};
HPy_MODINIT(deep, def)
"""
ONE = "static HPyCallFunction *function_of(long number) { return &again; }\n"

WAYS = {
    "call function": "D(1, 2)()",
    "call function with an argument": "D(1, 2)(1)",
    "call function out of C": "list(map(D(1, 2), [1]))",
    "call function by __call__": "D(1, 2).__call__()",
    "call function of a class made in Python": "type('Sub', (D,), {})(1, 2)()",
    "tp_call": "D()()",
    "tp_new": "D(1)",
    "method without arguments": "D().noargs()",
    "method with one": "D().o(1)",
    "method with some": "D().varargs()",
    "method with names": "D().keywords()",
    "repr": "repr(D())",
    "comparison": "D() < D()",
}

SCRIPT = """
import warnings
import hpystate
warnings.simplefilter("ignore", RuntimeWarning)  # debug and trace mode bring the GIL back
deep = hpystate.load("deep", {path!r}, mode={mode!r})
D = deep.D
def ends(code):
    try:
        eval(code)
    except RecursionError:
        return True
"""


@pytest.mark.parametrize("mode", ["universal", "debug", "trace"])
def test_endless_recursion_is_an_exception(child: Child, mode: str) -> None:
    script = SCRIPT.format(path=str(compile_snippet("deep", SOURCE + ONE)), mode=mode)
    asked = "".join(f"print({way!r}, ends({code!r}), flush=True)\n" for way, code in WAYS.items())
    run = child(script + asked * 2)

    expected = "".join(f"{way} True\n" for way in WAYS) * 2
    assert (run.stdout, run.stderr, run.returncode) == (expected, "", 0)


@pytest.mark.parametrize("mode", ["universal", "debug", "trace"])
def test_what_was_counted_is_given_back(child: Child, mode: str) -> None:
    """A call function may be called as deep as before, however the calls before it ended."""
    script = SCRIPT.format(path=str(compile_snippet("deep", SOURCE + ONE)), mode=mode)
    run = child(
        script
        + """
depths = []
for _ in range(3):
    ends("D(1, 2)()")
    depths.append(deep.called())
    again = D(1, 2)
    for _ in range(20_000):
        try:
            again("fails", "at once")
        except KeyError:
            continue
        raise SystemExit("no KeyError")
    assert deep.called() == 20_000
print(min(depths) > 0.9 * max(depths) > 100, depths)
"""
    )
    assert run.stdout.startswith("True"), (run.stdout, run.stderr, run.returncode)


def test_every_call_function_of_many_is_counted(child: Child) -> None:
    count = 140
    functions = "".join(
        f"HPyDef_CALL_FUNCTION(f{i})\n"
        f"static HPy f{i}_impl(HPyContext *ctx, HPy self, const HPy *args, size_t n, HPy kw) {{\n"
        "    return again_or_fail(ctx, self, args, n);\n"
        "}\n"
        for i in range(count)
    )
    table = ", ".join(f"&f{i}" for i in range(count))
    source = (
        f"{SOURCE}{functions}"
        "static HPyCallFunction *function_of(long number) {\n"
        f"    HPyCallFunction *all[] = {{{table}}};\n"
        "    return all[number];\n"
        "}\n"
    )
    script = SCRIPT.format(path=str(compile_snippet("deep", source)), mode="universal")
    run = child(f"{script}\nprint({{ends(f'D(1, {{i}})()') for i in range({count})}})")

    assert (run.stdout, run.stderr, run.returncode) == ("{True}\n", "", 0)
