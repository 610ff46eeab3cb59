"""test_abi_of_old.py: `python -m hpystate abi FILE` for a file of HPy 0.0.4."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hpystate.testing import compile_snippet
from tests.loader.mock import GOOD
from tests.upstream.old import compile_old_snippet
from tests.versions.sources import KEEPER

ROOT = Path(__file__).resolve().parents[2]
#: Where functions that 0.9 does not have, or has otherwise, are written.
SOURCES = ("runtime/versions/v0_0_4", "runtime/loader")


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hpystate", "abi", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_old_snippet("keeper", KEEPER, tmp_path_factory.mktemp("old"))


def written() -> set[str]:
    """The members of the context that this runtime has code of its own for."""
    text = "".join(file.read_text() for each in SOURCES for file in (ROOT / each).glob("*.cpp"))
    return set(re.findall(r"\bEmulated::(\w+)\(HPyContext", text))


def test_it_says_what_a_file_of_0_0_4_asks_for_and_gets(old: Path) -> None:
    result = command(old)
    lines = result.stdout.splitlines()

    assert result.returncode == 0, result.stderr
    assert lines[:5] == [
        str(old),
        "module keeper",
        "  asks for   HPy 0.0.4 (ABI 0.0.4, tag hpy)",
        "  by         HPyInit_keeper alone",
        "  gets       HPy 0.0.4 (ABI 0.0.4), 152 functions",
    ]
    assert lines[-2:] == ["  fused calls: not used", "  calls between extensions: not used"]


def test_it_lists_everything_that_is_emulated_for_0_0_4(old: Path) -> None:
    """And nothing else: the list is compared with the functions that are written."""
    found = json.loads(command(old, "--json").stdout)
    (module,) = found["modules"]
    emulated = {each["name"]: each["by"] for each in module["emulated"]}
    parts = {name for name in emulated if name.startswith("HPyFunc_")}
    members = {re.sub(r"^HPy_?", "", name) for name in emulated.keys() - parts}

    assert module["asks"]["release"] == module["gets"]["release"] == "0.0.4"
    assert members == written()
    assert len(members) > 15  # the pattern has found them
    assert parts == {"HPyFunc_KEYWORDS", "HPyFunc_VARARGS"}
    assert emulated["HPyLong_FromLong"] == "HPyLong_FromInt64_t"
    assert emulated["HPy_AsStruct"] == "HPy_AsStruct_Object"
    shown = command(old).stdout.splitlines()
    at = shown.index(f"  emulated   {len(emulated)} that 0.9 does not have, or has otherwise")
    assert shown[at + 1 : at + 1 + len(emulated)] == [
        f"    {name}: {by}" for name, by in emulated.items()
    ]


def test_the_table_of_versions_counts_what_is_emulated() -> None:
    lines = command().stdout.splitlines()
    at = lines.index("HPy 0.0.4: ABI 0.0.4, NAME.hpy.so, 152 functions")
    rows = {row["release"]: row for row in json.loads(command("--json").stdout)["offers"]}

    assert lines[at + 1] == "  asked for by HPyInit_NAME alone"
    count = len(rows["0.0.4"]["emulated"])
    assert lines[at + 2] == f"  emulated     {count} that 0.9 does not have, or has otherwise"
    assert rows["0.9"]["emulated"] == []


def test_a_file_of_0_9_says_0_9() -> None:
    result = command(compile_snippet("good", GOOD))

    assert "HPy 0.9 (ABI 0.0" in result.stdout
    assert "0.0.4" not in result.stdout
