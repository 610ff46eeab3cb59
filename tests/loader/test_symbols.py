"""test_symbols.py: names that the dynamic linker takes from elsewhere, or does not find.

A file that was compiled without -fvisibility=hidden leaves its definitions to be found by name, and
libc is searched first.
"""

from __future__ import annotations

import ctypes
import re
from pathlib import Path

import pytest

import hpystate
from hpystate import LoadError
from hpystate.testing import compile_snippet
from tests.loader.mock import refused

SOURCE = r"""
#define err libcs_err
#define floor libms_floor
#include <hpy.h>
#undef err
#undef floor

#define METHOD(name) \
    HPyDef_METH(name, #name, HPyFunc_NOARGS) \
    static HPy name##_impl(HPyContext *ctx, HPy self) { return HPyLong_FromLong(ctx, 42); }
METHOD(err)
METHOD(floor)
METHOD(fine)

HPyDef *defines_of_one[] = {&METH, NULL}, *type_defines[] = {&TYPE_METH, NULL};
HPyGlobal optarg, own, *globals_of_one[] = {&GLOBAL, NULL};
static HPyType_Spec spec = {.name = "visible.T", .defines = type_defines};
HPyDef_METH(make, "make", HPyFunc_NOARGS)
static HPy make_impl(HPyContext *ctx, HPy self) { return HPyType_FromSpec(ctx, &spec, NULL); }
HPyDef *all_defines[] = {&METH, &make, NULL};
HPyModuleDef def = {.defines = all_defines, .globals = globals_of_one};
HPy_MODINIT(visible, def)
"""


VISIBLE = ("-fvisibility=default",)


def compiled(method: str = "fine", of_type: str = "fine", of_globals: str = "own") -> Path:
    flags = (
        *VISIBLE,
        "-fno-builtin",
        f"-DMETH={method}",
        f"-DTYPE_METH={of_type}",
        f"-DGLOBAL={of_globals}",
    )
    return compile_snippet("visible", SOURCE, flags=flags)


def test_definitions_that_all_can_see_are_good_where_nobody_else_has_their_names() -> None:
    module = hpystate.load("visible", compiled())

    assert (module.fine(), module.make()().fine()) == (42, 42)


def test_a_method_with_the_name_of_a_function_of_libc_is_refused() -> None:
    words = ("defines[0]", "is 'err' of", "libc.so", "-fvisibility=hidden")

    refused(compiled("err"), "foreign-symbol", *words, name="visible")


def test_a_method_with_the_name_of_a_function_with_several_bodies_is_refused() -> None:
    error = refused(compiled("floor"), "foreign-symbol", "defines[0]", "libm", name="visible")

    assert "rename the definition" in str(error)


def test_a_global_with_the_name_of_a_variable_of_libc_is_not_written_to() -> None:
    """libc's optarg is writable, and so might take a token."""
    error = refused(
        compiled(of_globals="optarg"), "foreign-symbol", "globals[0]", "'optarg'", name="visible"
    )

    assert error.details["symbol"] == "optarg"


@pytest.mark.parametrize("name", ["err", "floor"])
def test_a_definition_of_a_type_with_such_a_name_is_a_system_error(name: str) -> None:
    module = hpystate.load("visible", compiled(of_type=name))

    for _ in range(2):
        with pytest.raises(SystemError, match=r"^type 'visible.T': defines\[0\] .*lib[cm]\.so"):
            module.make()


def test_a_helper_library_may_hold_definitions_and_globals() -> None:
    """Its symbols are known to the extension alone, then to the whole process."""
    helper = r"""
        #include <hpy.h>
        __attribute__((visibility("default"))) HPyGlobal helper_global;
        HPyDef_METH(helper_meth, "helper", HPyFunc_NOARGS)
        static HPy helper_meth_impl(HPyContext *ctx, HPy self) {
            return HPyLong_FromLong(ctx, 43);
        }
        HPyContext *_ctx_for_trampolines;
        __attribute__((visibility("default"))) HPyDef *helper_define(void) { return &helper_meth; }
    """
    library = compile_snippet("helper", helper, flags=("-Wl,-soname,helper.hpy0.so",))
    source = r"""
        #include <hpy.h>
        extern HPyGlobal helper_global;
        HPyDef *helper_define(void);
        static HPyDef *defines[2];
        static HPyGlobal *globals[] = {&helper_global, NULL};
        static HPyModuleDef def = {.defines = defines, .globals = globals};
        __attribute__((constructor)) static void fill(void) { defines[0] = helper_define(); }
        HPy_MODINIT(helped, def)
    """
    folder = library.parent
    flags = (f"-L{folder}", f"-Wl,--no-as-needed,-rpath,{folder}", f"-l:{library.name}")
    path = compile_snippet("helped", source, flags=flags)

    assert hpystate.load("helped", path).helper() == 43
    ctypes.CDLL(str(library), ctypes.RTLD_GLOBAL)
    assert hpystate.load("helped", path).helper() == 43


# ---- names that are not found ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            "static HPyModuleDef def = {0}; void *used(void) { return &def; }"
            "HPyDef_METH(f, \"f\", HPyFunc_NOARGS)"
            "static HPy f_impl(HPyContext *ctx, HPy self) { return HPy_NULL; }"
            "HPyDef *defines(void) { return &f; }",
            "macro HPy_MODINIT, which defines that symbol, is missing",
        ),
        ("void HPyErr_NoSuchHelper(void); void f(void) { HPyErr_NoSuchHelper(); }", "hpy/src"),
        ("void PyNo_SuchFunction(void); void f(void) { PyNo_SuchFunction(); }", "build the extens"),
        ("void nobodys(void); void f(void) { nobodys(); }", "Check that the libraries"),
    ],
    ids=["no HPy_MODINIT", "no helper", "no function of the C API", "no library"],
)  # fmt: skip
def test_a_symbol_that_is_missing_is_named_with_what_to_do(source: str, words: str) -> None:
    path = compile_snippet(
        "unbound", f"#include <hpy.h>\n{source}", headers="upstream", flags=VISIBLE
    )

    error = refused(path, "open-failed", words, name="unbound")

    assert re.search(r"undefined symbol: \w+", str(error))
    assert ("HPy_MODINIT(unbound, definition)" in str(error)) == ("MODINIT" in words)


def test_load_errors_of_symbols_are_import_errors() -> None:
    with pytest.raises(ImportError) as caught:
        hpystate.load("visible", compiled("err"))
    assert isinstance(caught.value, LoadError)
