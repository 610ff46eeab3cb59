"""test_check_api.py: API and ABI agree, and a disagreement is named by tools/check_api.py."""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def said_of(root: Path) -> list[str]:
    command = [sys.executable, str(ROOT / "tools" / "check_api.py"), str(root)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = result.stdout.splitlines()
    assert result.stderr == ""
    assert result.returncode == (0 if lines == ["api: ok"] else 1)
    return [] if result.returncode == 0 else lines


@cache
def said_of_the_tree() -> list[str]:
    return said_of(ROOT)


def problems_of(copy: Path) -> list[str]:
    """What the damage added: a fault of the tree itself fails one test, not all."""
    return [each for each in said_of(copy) if each not in said_of_the_tree()]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The public headers, to be damaged."""
    shutil.copytree(ROOT / "include", tmp_path / "include")
    return tmp_path


def damage(root: Path, header: str, old: str, new: str) -> None:
    file = root / "include" / header
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def cut(root: Path, header: str, start: str, end: str) -> None:
    """Removes the text from `start` up to and including the first `end` behind it."""
    text = (root / "include" / header).read_text()
    begin = text.index(start)
    damage(root, header, text[begin : text.index(end, begin) + len(end)], "")


def test_the_headers_agree_with_the_lists() -> None:
    assert said_of_the_tree() == []


def test_a_missing_function_is_named_by_its_slot(copy: Path) -> None:
    cut(copy, "hpy/number.h", "static inline HPy HPy_Add(", "\n}\n")

    assert problems_of(copy) == [
        "slot Add: no function HPyAdd or HPy_Add or _HPyAdd or _HPy_Add",
    ]


def test_a_function_of_another_type_than_its_slot_is_named(copy: Path) -> None:
    damage(copy, "hpy/number.h", "static inline HPy HPy_Add(", "static inline int HPy_Add(")
    damage(
        copy,
        "hpy/number.h",
        "return HPY_FUNCTION(ctx, Add)(ctx, h1, h2);",
        "HPY_FUNCTION(ctx, Add)(ctx, h1, h2);",
    )

    assert problems_of(copy) == ["HPy_Add is not of the type of slot Add"]


def test_a_changed_parameter_type_is_named(copy: Path) -> None:
    damage(
        copy,
        "hpy/float.h",
        "HPyFloat_FromDouble(HPyContext* ctx, double",
        "HPyFloat_FromDouble(HPyContext* ctx, float",
    )

    assert problems_of(copy) == ["HPyFloat_FromDouble is not of the type of slot Float_FromDouble"]


def test_a_function_that_calls_another_slot_than_its_own_is_named(copy: Path) -> None:
    damage(copy, "hpy/number.h", "HPY_FUNCTION(ctx, Add)", "HPY_FUNCTION(ctx, Subtract)")

    assert problems_of(copy) == [
        "slot Add: no function HPyAdd or HPy_Add or _HPyAdd or _HPy_Add",
        "hpy/number.h: HPy_Add: is a call of slot Subtract and nothing more, under another name",
    ]


def test_a_call_of_a_slot_that_is_not_there_is_named(copy: Path) -> None:
    damage(copy, "hpy/number.h", "HPY_FUNCTION(ctx, Add)", "HPY_FUNCTION(ctx, Addition)")

    problems = problems_of(copy)

    assert "hpy/number.h: HPy_Add: calls slot Addition, which hpy_0_9.def does not have" in problems
    assert "slot Add: no function HPyAdd or HPy_Add or _HPyAdd or _HPy_Add" in problems


def test_a_second_function_for_a_slot_is_named(copy: Path) -> None:
    text = (copy / "include/hpy/number.h").read_text()
    begin = text.rindex("/**", 0, text.index("static inline HPy HPy_Add("))
    end = text.index("\n}\n", begin) + 3
    again = text[begin:end].replace("HPy_Add(", "HPyNumber_Add(")
    damage(copy, "hpy/number.h", text[begin:end], text[begin:end] + "\n" + again)

    assert problems_of(copy) == [
        "hpy/number.h: HPyNumber_Add: is a call of slot Add and nothing more, under another name",
    ]


def test_swapped_arguments_are_named(copy: Path) -> None:
    damage(copy, "hpy/number.h", "Add)(ctx, h1, h2)", "Add)(ctx, h2, h1)")

    first = problems_of(copy)[0]

    assert first.startswith("hpy/number.h: HPy_Add: is not one call with its parameters in order")


@pytest.mark.parametrize("key", ["ctx", "h2", "returns", "raises", "thread", "since", "source"])
def test_a_missing_key_of_a_contract_is_named(copy: Path, key: str) -> None:
    text = (copy / "include/hpy/number.h").read_text()
    begin = text.rindex("/**", 0, text.index("static inline HPy HPy_Add("))
    line = text.index(f"\n *  {key} ", begin)
    end = text.index("\n", line + 1)
    while text[end:].startswith("\n *    "):  # its continuation lines
        end = text.index("\n", end + 1)
    (copy / "include/hpy/number.h").write_text(text[:line] + text[end:])

    assert problems_of(copy) == [f"hpy/number.h: HPy_Add: its contract lacks {key}"]


def test_keys_in_another_order_are_named(copy: Path) -> None:
    damage(copy, "hpy/float.h", " *  since    HPy 0.9\n", "")
    damage(copy, "hpy/float.h", " *  thread   ", " *  since    HPy 0.9\n *  thread   ")

    assert problems_of(copy) == [
        "hpy/float.h: HPyFloat_FromDouble: its contract has the order ctx, v, returns, raises, "
        "since, thread, source, not ctx, v, returns, raises, thread, since, source"
    ]


def test_a_key_that_is_not_a_parameter_is_named(copy: Path) -> None:
    damage(copy, "hpy/float.h", " *  v        ", " *  w        text\n *  v        ")

    assert problems_of(copy) == [
        "hpy/float.h: HPyFloat_FromDouble: its contract has w: no parameter and no key"
    ]


def test_a_function_without_a_contract_is_named(copy: Path) -> None:
    cut(copy, "hpy/import.h", "/** ", "*/\n")

    assert problems_of(copy) == [
        "hpy/import.h: HPyImport_ImportModule: has no contract block right in front of it"
    ]


@pytest.mark.parametrize("header", ["hpy/number.h", "hpystate/fallback.h"])
def test_a_member_of_the_context_named_directly_is_refused(copy: Path, header: str) -> None:
    file = copy / "include" / header
    lines = file.read_text().splitlines()
    bad = "static inline void f(HPyContext* ctx, HPy h) { ctx->ctx_Close(ctx, h); }"
    file.write_text("\n".join([*lines, bad, ""]))

    assert problems_of(copy) == [
        f"{header}:{len(lines) + 1}: names a member of the context; only HPY_FUNCTION may"
    ]


def test_a_trampolines_slot_is_for_trampolines(copy: Path) -> None:
    text = (copy / "include/hpy/trampoline.h").read_text()
    begin = text.index("/** Calls a function of the extension")
    function = text[begin : text.index("\n}\n", begin) + 3]
    damage(copy, "hpy/trampoline.h", function, "")
    damage(copy, "hpy/float.h", "/** ", function + "\n/** ")

    assert (
        "hpy/float.h: _HPy_CallRealFunctionFromTrampoline: calls CallRealFunctionFromTrampoline"
    ) in problems_of(copy)


def test_a_header_that_hpy_h_forgot_is_named(copy: Path) -> None:
    damage(copy, "hpy.h", '#include "hpy/float.h"\n', "")
    damage(copy, "hpy.h", "hpy/float.h         float", "")

    problems = problems_of(copy)

    assert problems[:2] == [
        "hpy.h: does not include hpy/float.h",
        "hpy.h: its table of contents does not name hpy/float.h",
    ]


def test_a_function_that_cannot_be_read_is_named(copy: Path) -> None:
    bad = "static inline HPy HPy_Odd(HPy (*callback)(HPy)) {\n    return callback(HPy_NULL);\n}\n"
    damage(copy, "hpy/float.h", "/** ", bad + "\n/** ")

    assert any("cannot read this function's head" in each for each in problems_of(copy))


def test_the_contracts_of_calls_between_extensions_are_read(copy: Path) -> None:
    header = "hpystate/sibling.h"
    damage(copy, header, " *  thread   attached to the interpreter of both\n", "")
    bad = "static inline int hpystate_odd(HPyContext* ctx) {\n    return ctx != NULL;\n}\n"
    damage(copy, header, "/* ---- publishing functions", bad + "\n/* ---- publishing functions")

    assert problems_of(copy) == [
        f"{header}: hpystate_lend: its contract lacks thread",
        f"{header}: hpystate_odd: has no contract block right in front of it",
    ]
