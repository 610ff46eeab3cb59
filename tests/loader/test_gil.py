"""test_gil.py: without the GIL, a module declares that it needs none, or the GIL comes back."""

from __future__ import annotations

import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

import hpystate
from hpystate.policy import gil_from_environment
from hpystate.testing import compile_snippet
from tests.loader.mock import KEEPER, VERSIONS, Library, refused

NO_GIL = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))

# Prints: whether the GIL is on, and the names that warnings of it give.
SCRIPT = """
import re, sys, warnings
import hpystate
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    exec(sys.argv[1])
messages = [str(w.message) for w in caught if "GIL" in str(w.message)]
names = re.findall("module '(.*?)'", " ".join(messages))
files = [w.filename for w in caught if "GIL" in str(w.message)]
on = getattr(sys, "_is_gil_enabled", lambda: True)()
print("on" if on else "off", *names)
assert not any("hpystate" in file for file in files), files
"""


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HPYSTATE_GIL", raising=False)
    monkeypatch.delenv("PYTHON_GIL", raising=False)


@pytest.fixture
def outcome(child: Callable) -> Callable[[str], str]:
    def run(code: str) -> str:
        result = child(SCRIPT, code)
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()

    return run


def saying(word: str) -> Path:
    said = (
        "HPy_EXPORTED_FUNC const char *hpystate_gil_keeper(void);\n"
        f'const char *hpystate_gil_keeper(void) {{ return "{word}"; }}'
    )
    return compile_snippet("keeper", KEEPER.replace("HPy_MODINIT", said + "\n    HPy_MODINIT"))


def load(file: Path, options: str = "", name: str = "keeper") -> str:
    return f"hpystate.load({name!r}, {str(file)!r}, {options})\n"


OFF = "off" if NO_GIL else "on"
BACK = "on keeper" if NO_GIL else "on"


def test_importing_the_package_leaves_the_gil_off(outcome: Callable) -> None:
    assert outcome("hpystate.install()") == OFF


def test_a_module_that_says_nothing_brings_the_gil_back(keeper: Path, outcome: Callable) -> None:
    assert outcome(load(keeper)) == BACK


def test_only_the_first_such_module_is_warned_of(keeper: Path, outcome: Callable) -> None:
    assert outcome(load(keeper) + load(keeper, name="package.keeper")) == BACK


def test_a_module_that_says_so_keeps_the_gil_off(outcome: Callable) -> None:
    assert outcome(load(saying("off"))) == OFF
    assert outcome(load(saying("on"))) == BACK


def test_who_loads_a_module_is_heard_before_the_environment_and_the_module(
    keeper: Path, outcome: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert outcome(load(keeper, "gil=False")) == OFF
    assert outcome(load(saying("off"), "gil=True")) == BACK
    monkeypatch.setenv("HPYSTATE_GIL", "keeper=off")
    assert outcome(load(keeper, "gil=True")) == BACK


def test_the_environment_is_heard_before_the_module(
    keeper: Path, outcome: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HPYSTATE_GIL", "other=on, kee*=off")
    assert outcome(load(keeper)) == OFF
    monkeypatch.setenv("HPYSTATE_GIL", "keeper=on")
    assert outcome(load(saying("off"))) == BACK


def test_an_import_is_warned_of_where_it_stands(keeper: Path, outcome: Callable) -> None:
    code = f"""
hpystate.install()
sys.path.insert(0, {str(keeper.parent)!r})
import keeper
"""
    assert outcome(code) == BACK


def test_a_process_that_keeps_the_gil_off_gets_no_warning(
    keeper: Path, outcome: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    if NO_GIL:
        monkeypatch.setenv("PYTHON_GIL", "0")
    assert outcome(load(keeper)) == OFF


def test_a_process_that_keeps_the_gil_on_gets_no_warning(
    keeper: Path, outcome: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    if NO_GIL:
        monkeypatch.setenv("PYTHON_GIL", "1")
    assert outcome(load(keeper)) == "on"


@pytest.mark.parametrize("mode", ["debug", "trace"])
def test_a_module_in_a_mode_brings_the_gil_back_whatever_it_says(
    mode: str, outcome: Callable
) -> None:
    assert outcome(load(saying("off"), f"mode={mode!r}")) == BACK


def test_a_warning_that_is_an_error_is_what_the_load_raises(keeper: Path, child: Callable) -> None:
    script = f"""
import sys, warnings, hpystate
warnings.simplefilter("error")
try:
    {load(keeper)}
    print("loaded")
except RuntimeWarning as error:
    print("keeper" in str(error))
"""
    result = child(script)

    assert result.stdout.strip() == ("True" if NO_GIL else "loaded"), result.stderr


@pytest.mark.parametrize(("gil", "where"), [("own", "there"), ("shared", "everywhere")])
def test_the_gil_comes_back_in_the_interpreters_that_share_it(
    gil: str, where: str, keeper: Path, child: Callable
) -> None:
    script = f"""
import sys, warnings
from hpystate.testing import Interpreter
def is_on():
    return getattr(sys, "_is_gil_enabled", lambda: True)()
with Interpreter({gil!r}) as other:
    there = other.run('''
        import sys, warnings, hpystate
        def is_on():
            return getattr(sys, "_is_gil_enabled", lambda: True)()
        before = is_on()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            {load(keeper).strip()}
        answer = before, len(caught), is_on()
    ''')
    print(*there, is_on())
"""
    result = child(script)

    expected = f"False 1 True {where == 'everywhere'}" if NO_GIL else "True 0 True True"
    assert result.stdout.strip() == expected, result.stderr


def test_a_module_that_says_no_known_word(library: Library) -> None:
    file = library(
        VERSIONS
        + """
        static Def def;
        Def *HPyInit_mock(void) { return &def; }
        const char *hpystate_gil_mock(void) { return "maybe"; }
        """
    )

    refused(file, "bad-gil", "'off' or 'on' was expected")


def test_arguments_and_environments_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="gil is str, a bool or None was expected"):
        hpystate.load("x", tmp_path, gil="off")  # type: ignore[arg-type]
    with pytest.raises(
        ValueError, match="HPYSTATE_GIL: 'x=maybe' found; pattern=value was expected"
    ):
        gil_from_environment("x", {"HPYSTATE_GIL": "x=maybe"})
    assert gil_from_environment("y", {"HPYSTATE_GIL": "x=off"}) is None
    assert gil_from_environment("x.y", {"HPYSTATE_GIL": "x.*=off"}) == "off"
