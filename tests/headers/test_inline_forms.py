"""test_inline_forms.py: in the CPython ABI each function of the frozen list has an inline form or
is the context's, of the same type; and the table that a file and the runtime share is frozen."""

from __future__ import annotations

import re
import subprocess
import sysconfig
from pathlib import Path

INCLUDE = Path(__file__).resolve().parents[2] / "include"
LIST = re.findall(
    r"^HPY_FUNC\([^,]+, (\w+),", (INCLUDE / "hpy/abi/hpy_0_9.def").read_text(), re.MULTILINE
)
TEXT = "".join(path.read_text() for path in sorted((INCLUDE / "hpy/cpython").glob("*.h")))
NAMED = re.findall(r"^#define _HPY_CPY_(\w+) ~, hpy_cpy_(\w+)$", TEXT, re.MULTILINE)


def run_compiler(text: str, option: str, abi: str) -> subprocess.CompletedProcess[str]:
    python = f"-isystem{sysconfig.get_path('include')}"
    flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", f"-DHPY_ABI_{abi}", f"-I{INCLUDE}", python]
    return subprocess.run(
        ["cc", *flags, option, "-x", "c", "-"],
        input=f"#include <hpy.h>\n{text}",
        capture_output=True,
        text=True,
        check=False,
    )


def compiled(text: str) -> str:
    """What the compiler writes about it; nothing where it is good."""
    return run_compiler(text, "-fsyntax-only", "CPYTHON").stderr


def test_every_function_of_the_list_has_the_lists_type() -> None:
    """HPY_FUNCTION of each, inline or not, is assigned to a pointer of the member's own type."""
    checks = "".join(
        f"__typeof__(ctx->ctx_{name}) f_{name} = HPY_FUNCTION(ctx, {name}); (void)f_{name};\n"
        for name in LIST
    )

    assert (
        compiled(f"int check(HPyContext *ctx);\nint check(HPyContext *ctx) {{\n{checks}return 0;}}")
        == ""
    )


def test_a_wrong_type_would_be_found() -> None:
    text = "int check(HPyContext *ctx);\nint check(HPyContext *ctx) {\n"
    text += "__typeof__(ctx->ctx_Add) f = HPY_FUNCTION(ctx, Close); (void)f; return 0;}"

    assert "incompatible pointer type" in compiled(text)


def test_every_inline_form_is_of_the_list_and_is_used() -> None:
    names = [name for name, _ in NAMED]

    assert [name for name, function in NAMED if name != function] == []
    assert sorted(set(names)) == sorted(names)
    assert set(names) <= set(LIST)
    # one that is defined and not named would never be called
    written = set(re.findall(r"\bhpy_cpy_(\w+)\(", TEXT))
    written |= set(re.findall(r"^_HPY_CPY_[123]\([^,]+, (\w+),", TEXT, re.MULTILINE))
    written |= {
        f"AsStruct_{n}" for n in re.findall(r"^_HPY_CPY_STRUCT\((\w+),", TEXT, re.MULTILINE)
    }
    assert written - set(names) == set()
    assert len(names) > 120


def test_the_search_for_functions_of_other_runtimes_is_not_compiled_in() -> None:
    """Such a file runs on hpystate alone. HPyCapsule_New is one of those that PyPy moved."""
    call = "void *check(HPyContext *ctx);\nvoid *check(HPyContext *ctx) {"
    call += "return (void *)HPY_FUNCTION(ctx, Capsule_New);}"
    texts = {abi: run_compiler(call, "-E", abi).stdout for abi in ("CPYTHON", "HYBRID")}

    assert "check(HPyContext *ctx)" in texts["CPYTHON"]
    assert "hpystate_words_later" in texts["HYBRID"]
    assert "hpystate_words_later" not in texts["CPYTHON"]


def test_the_struct_of_the_table_is_frozen() -> None:
    """Offsets that compiled files have in them; members are appended only."""
    expected = {
        ("hpystate_cpython_table", "size"): 0,
        ("hpystate_cpython_table", "python"): 4,
        ("hpystate_cpython_table", "create"): 8,
        ("hpystate_cpython_table", "execute"): 16,
        ("hpystate_cpython_file", "size"): 0,
        ("hpystate_cpython_file", "python"): 4,
        ("hpystate_cpython_file", "name"): 8,
        ("hpystate_cpython_file", "init"): 16,
        ("hpystate_cpython_file", "init_context"): 24,
        ("hpystate_cpython_file", "asks"): 32,
        ("hpystate_cpython_file", "interpreters"): 40,
        ("hpystate_cpython_file", "gil"): 48,
        ("hpystate_cpython_file", "layout"): 56,
        ("hpystate_cpython_state", "context"): 0,
        ("hpystate_cpython_state", "release"): 8,
        ("hpystate_cpython_layout", "object_struct"): 0,
        ("hpystate_cpython_layout", "fields"): 24,
        ("hpystate_cpython_layout", "builders"): 28,
    }
    text = "#include <stddef.h>\n" + "".join(
        f'_Static_assert(offsetof(struct {struct}, {member}) == {offset}, "{struct}.{member}");\n'
        for (struct, member), offset in expected.items()
    )

    assert compiled(text) == ""
