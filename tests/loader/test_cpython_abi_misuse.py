"""test_cpython_abi_misuse.py: files for the CPython ABI that do what they should not: an exception,
never a crash."""

from __future__ import annotations

import pytest

from hpystate.testing import compile_snippet
from tests.conftest import Child

MODULE = """
    #include <hpy.h>
    HPyDef_SLOT(exec, HPy_mod_exec)
    static int exec_impl(HPyContext *ctx, HPy module) {
        (void)ctx, (void)module;
        BODY
    }
    static HPyDef *defines[] = {&exec, NULL};
    static HPyModuleDef definition = {.defines = defines};
    BEFORE
    HPy_MODINIT(misused, definition)
"""
IMPORT = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("misused", sys.argv[1])
try:
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    print("imported")
except (ImportError, SystemError) as error:
    print(type(error).__name__, getattr(error, "kind", ""), error)
"""


def imported(child: Child, body: str = "return 0;", before: str = "") -> str:
    """What the import prints, in a process of its own."""
    source = MODULE.replace("BODY", body).replace("BEFORE", before)
    result = child(IMPORT, str(compile_snippet("misused", source, abi="cpython")))
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("value", ["ctx->h_None", "HPy_NULL"])
def test_an_exec_slot_may_take_the_modules_name_away(child: Child, value: str) -> None:
    body = f'return HPy_SetAttr_s(ctx, module, "__name__", {value});'

    assert imported(child, body) == "imported\n"


def test_a_nameless_module_is_named_in_the_error_of_its_exec_slot(child: Child) -> None:
    body = 'HPy_SetAttr_s(ctx, module, "__name__", HPy_NULL);'
    body += ' HPyErr_SetString(ctx, ctx->h_KeyError, "mine"); return 0;'
    text = imported(child, body)

    assert text.startswith("SystemError  module misused: HPy_mod_exec set an exception, but")


#: A constant with other numbers than the headers' own.
ASKS = """
    #undef HPYSTATE_ASKS
    #define HPYSTATE_ASKS(name) static const struct hpystate_asks hpystate_asks_##name = { \\
        sizeof(struct hpystate_asks), MAJOR, MINOR, 100, NULL, NULL};
"""


@pytest.mark.parametrize(
    ("major", "minor", "kind"),
    [(1, 0, "another major"), (0, 1, "a later minor"), (0xFFFFFFFF, 4, "another major")],
)
def test_a_file_for_another_version_is_refused(
    child: Child, major: int, minor: int, kind: str
) -> None:
    """The last one is the number that HPy 0.0.4 has in this runtime."""
    before = ASKS.replace("MAJOR", f"{major}u").replace("MINOR", str(minor))
    text = imported(child, before=before)

    assert text.startswith("LoadError unsupported-version")
    assert f"needs HPy ABI {major}.{minor}, {kind} version. This hpystate" in text


EARLY = """
    #include <hpy.h>
    HPyDef_METH(f, "f", HPyFunc_NOARGS)
    static HPy f_impl(HPyContext *ctx, HPy self) { (void)self; return HPyLong_FromLong(ctx, 7); }
    static HPyDef *defines[] = {&f, NULL};
    static HPyModuleDef definition = {.defines = defines};
    HPy_MODINIT(early, definition)
"""
#: The exec slot imports the runtime by __import__, which is Python code here.
CALLED_EARLY = """
import builtins, importlib.util, sys
import hpystate
spec = importlib.util.spec_from_file_location("early", sys.argv[1])
module = importlib.util.module_from_spec(spec)
plain = builtins.__import__

def patched(name, *rest, **named):
    result = plain(name, *rest, **named)
    if name == "hpystate._native" and not called:
        called.append(module.f())
        if len(sys.argv) > 2:
            raise KeyboardInterrupt
    return result

called = []
builtins.__import__ = patched
try:
    spec.loader.exec_module(module)
except KeyboardInterrupt:
    print("interrupted")
builtins.__import__ = plain
print(called, module.f())
"""


@pytest.mark.parametrize("fails", [(), ("fails",)], ids=["works", "fails"])
def test_a_function_may_be_called_before_the_exec_slot_has_ended(
    child: Child, fails: tuple[str, ...]
) -> None:
    file = compile_snippet("early", EARLY, abi="cpython")
    result = child(CALLED_EARLY, str(file), *fails)

    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == [*(["interrupted"] if fails else []), "[7] 7"]
