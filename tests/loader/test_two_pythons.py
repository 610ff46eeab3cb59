"""test_two_pythons.py: two CPythons in one program, which import one file (examples/two_pythons).

The second Python is the 3.13 whose build is beside this one's. Where it is missing, or a Python
has no shared library, the tests name that as the reason why they are left out. Each program is a
process of its own, with a time limit.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import hpystate

ROOT = Path(__file__).resolve().parents[2]
STAGE = Path(hpystate.__file__).parents[1]
#: Where the second one is, if not there: PYTHON=STAGE.
SECOND = os.environ.get("HPYSTATE_SECOND_PYTHON", "")


def example() -> ModuleType:
    path = ROOT / "examples" / "two_pythons" / "two_pythons.py"
    spec = importlib.util.spec_from_file_location("two_pythons", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["two_pythons"] = module
    spec.loader.exec_module(module)
    return module


two_pythons = example()


def second() -> tuple[str, Path]:
    """The interpreter and the stage of the second Python; skips the test where there is none."""
    if not sysconfig.get_config_var("Py_ENABLE_SHARED"):
        pytest.skip("left out: this Python has no shared library (Py_ENABLE_SHARED)")
    if SECOND:
        program, _, stage = SECOND.partition("=")
        return program, Path(stage)
    if sys.version_info[:2] != (3, 12):
        pytest.skip("left out: these tests run with a 3.12 as the first Python")
    environment = ROOT / ".venv" / "3.13" / "bin" / "python"
    stage = ROOT / "build" / "dev-3.13" / "stage"
    if not (environment.exists() and list(stage.glob("hpystate/_native*.so"))):
        pytest.skip(f"left out: {stage} is not built; `make build PYTHON=` a shared 3.13 builds it")
    base = subprocess.run(
        [environment, "-c", "import sys; print(sys._base_executable)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return base.stdout.strip(), stage


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("two_pythons")


@pytest.fixture(scope="module")
def pythons(folder: Path) -> list[object]:
    other, stage = second()
    own = str(getattr(sys, "_base_executable", sys.executable))
    return [
        two_pythons.prepare(own, STAGE, folder),
        two_pythons.prepare(other, stage, folder),
    ]


@pytest.fixture(scope="module")
def file(folder: Path) -> Path:
    path: Path = two_pythons.build_shared(folder, STAGE)
    return path


@pytest.fixture
def program(folder: Path, pythons: list[object], tmp_path: Path) -> Any:
    return two_pythons.Program(two_pythons.build_host(folder), pythons, tmp_path)


def start_both(program: Any, file: Path, mode: str = "universal") -> None:
    for n in (0, 1):
        program.start(n)
        program.run(n, two_pythons.IMPORT.format(path=str(file), mode=mode))


def output_of(program: Any) -> list[str]:
    result = program.go()
    assert result.returncode == 0, result.stderr
    lines: list[str] = result.stdout.splitlines()
    return lines


@pytest.mark.parametrize("mode", ["universal", "debug"])
def test_each_keeps_its_own_values_alternately_and_at_once(
    program: Any, file: Path, mode: str
) -> None:
    start_both(program, file, mode)
    program.run(0, "shared.put('first'); print(shared.statics_at())")
    program.run(1, "shared.put('second'); print(shared.statics_at())")
    program.run(0, "print(shared.get(), shared.holds_its_address(), flush=True)")
    program.run(1, "print(shared.get(), shared.holds_its_address(), flush=True)")
    work = two_pythons.WORK.replace("20000", "2000" if mode == "debug" else "20000")
    program.at_once(work, work)
    for n in (0, 1):
        program.run(n, "print(shared.get()[0], shared.holds_its_address(), flush=True)")

    lines = output_of(program)

    assert lines[-2:] == ["3.12 True", "3.13 True"]
    statics = [line for line in lines if line.isdigit()]
    assert len(set(statics)) == 1, "one file, one set of statics"
    assert "first True" in lines
    assert "second True" in lines


def test_ending_one_leaves_the_other_intact(program: Any, file: Path) -> None:
    start_both(program, file)
    program.run(0, "shared.put([1])")
    program.run(1, "shared.put([2]); Power = shared.make_type()")
    program.say("finish", 0)
    program.run(1, two_pythons.WORK)
    program.run(1, "shared.put([2]); print(shared.get(), 2 ** Power(), flush=True)")
    program.say("finish", 1)

    assert output_of(program) == ["[2] [2]"]


def test_neither_waits_for_the_others_gil(program: Any, file: Path) -> None:
    """One runs Python code in an HPy call until the other, meanwhile, has run its own: under one
    GIL the first would wait for ever, since it never gives its own up."""
    flag = program.folder / "flag"
    # os.stat in a tight loop does not switch threads: nobody asks for the GIL.
    wait = f"""
import os, sys, time
sys.setswitchinterval(1000)
end = time.monotonic() + 60
def until():
    while not os.path.exists({str(flag)!r}):
        assert time.monotonic() < end, "the other Python did not run"
    return True
assert shared.call(until)
"""
    signal = f"shared.put('ran'); assert shared.get() == 'ran'; open({str(flag)!r}, 'w').close()"
    start_both(program, file)
    program.at_once(wait, "import time; time.sleep(0.5)\n" + signal)

    output_of(program)

    assert flag.exists()


def test_a_thread_that_is_attached_to_both_calls_each_with_its_own_context(
    program, file: Path
) -> None:
    start_both(program, file)
    code = [program.code(f"shared.put({n}); Power = shared.make_type()") for n in (0, 1)]
    show = program.code("print(shared.get(), 2 ** Power(), Power() ** 2, flush=True)")
    for n in (0, 1):
        program.say("enter", n)
    for n in (0, 1):
        program.say("execute", n, code[n])
    for n in (0, 1, 0, 1):
        program.say("execute", n, show)
    for n in (1, 0):
        program.say("leave", n)

    assert output_of(program) == ["0 0 0", "1 1 1"] * 2


#: Modules of another layout have no thunks: their methods, and so `get`, are the file's
#: trampolines.
PRETEND = """
import hpystate
hpystate._native._pretend_other_module_layout()
"""


@pytest.mark.parametrize("attached", ["one at a time", "both"])
def test_the_trampolines_of_the_file_find_the_right_runtime(
    program, file: Path, attached: str
) -> None:
    for n in (0, 1):
        program.start(n)
        program.run(n, PRETEND + two_pythons.IMPORT.format(path=str(file), mode="universal"))
    codes = [program.code(f"shared.put({n})") for n in (0, 1)]
    show = program.code("print(shared.get(), flush=True)")
    if attached == "both":
        for n in (0, 1):
            program.say("enter", n)
    word = "execute" if attached == "both" else "run"
    for n in (0, 1):
        program.say(word, n, codes[n])
    for n in (0, 1, 0, 1):
        program.say(word, n, show)
    if attached == "both":
        for n in (1, 0):
            program.say("leave", n)
    program.at_once(two_pythons.WORK, two_pythons.WORK)

    assert output_of(program) == ["0", "1"] * 2
