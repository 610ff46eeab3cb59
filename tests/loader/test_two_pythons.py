"""test_two_pythons.py: two CPythons in one program, which import one file (examples/two_pythons).

The second Python is the 3.13 whose build is beside this one's. Where it is missing, or a Python
has no shared library, the tests name that as the reason why they are left out. Each program is a
process of its own, with a time limit.
"""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import hpystate
from hpystate.testing import compile_snippet
from tests.upstream.old import compile_old_snippet

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
    program.run(0, "shared.put('first'); print(shared.slot_at())")
    program.run(1, "shared.put('second'); print(shared.slot_at())")
    program.run(0, "print(shared.get(), shared.slot_content() == shared.slot_at(), flush=True)")
    program.run(1, "print(shared.get(), shared.slot_content() == shared.slot_at(), flush=True)")
    work = two_pythons.WORK.replace("20000", "2000" if mode == "debug" else "20000")
    program.at_once(work, work)
    for n in (0, 1):
        program.run(
            n, "print(shared.get()[0], shared.slot_content() == shared.slot_at(), flush=True)"
        )

    lines = output_of(program)

    assert lines[-2:] == ["3.12 True", "3.13 True"]
    statics = [line for line in lines if line.isdigit()]
    assert len(set(statics)) == 1, "one file, one set of statics"
    assert "first True" in lines
    assert "second True" in lines


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_example_shows_each_pythons_values_and_what_the_slot_holds(
    program: Any, file: Path, order: tuple[int, int]
) -> None:
    """In both orders: which Python is first does not matter."""
    program.pythons = [program.pythons[n] for n in order]
    versions = [python.version for python in program.pythons]
    two_pythons.demonstrate(program, file)

    lines = output_of(program)

    told = [re.fullmatch(r"(\S+): (.*); the slot at (0x\w+) holds (0x\w+)", line) for line in lines]
    assert all(told)
    rows = [one.groups() for one in told if one is not None]
    turns = [(v, f"'{v}, turn {turn}'") for turn in range(3) for v in versions]
    last = [(v, f"('{v}', 19999)") for v in versions]
    assert [row[:2] for row in rows] == [*turns, *last, last[1]], "the second one goes on alone"
    assert len({address for row in rows for address in row[2:]}) == 1, "one slot, its own address"


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


def test_where_a_trampoline_cannot_tell_which_python_called_it_is_refused(
    program, tmp_path: Path
) -> None:
    """A thread is attached to both, and the call has no object: an abort with a message, since no
    exception can be set in an interpreter that is not known."""
    source = """
        #include <hpy.h>
        HPyDef_METH(lost, "lost", HPyFunc_NOARGS)
        static HPy lost_impl(HPyContext *ctx, HPy self) {
            HPy one = HPyLong_FromLong(_ctx_for_trampolines, 1); /* which of the two Pythons'? */
            return one;
        }
        static HPyDef *defines[] = {&lost, NULL};
        static HPyModuleDef definition = {.defines = defines};
        HPy_MODINIT(shared, definition)
    """
    start_both(program, compile_snippet("shared", source))
    lost = program.code("print(shared.lost(), flush=True)")
    program.say("run", 0, lost)
    program.say("run", 1, lost)
    for n in (0, 1):
        program.say("enter", n)
    program.say("execute", 0, lost)

    result = program.go()

    assert (result.returncode, result.stdout) == (-signal.SIGABRT, "1\n1\n")
    assert "attached to two Pythons" in result.stderr
    assert "Detach it from one" in result.stderr


#: More functions than there are thunks: those beyond are called by the file's trampolines.
MANY = 520
MANY_SOURCE = (
    "#include <hpy.h>\nstatic HPyGlobal kept;\n"
    'HPyDef_METH(put, "put", HPyFunc_O)\n'
    "static HPy put_impl(HPyContext *ctx, HPy self, HPy value) {\n"
    "    HPyGlobal_Store(ctx, &kept, value);\n"
    "    return HPy_Dup(ctx, ctx->h_None);\n"
    "}\n"
    + "".join(
        f'HPyDef_METH(f{n}, "f{n}", HPyFunc_NOARGS)\n'
        f"static HPy f{n}_impl(HPyContext *ctx, HPy self) {{\n"
        f"    HPy number = HPyLong_FromLong(ctx, {n}), value = HPyGlobal_Load(ctx, kept);\n"
        f"    HPy pair = HPyTuple_Pack(ctx, 2, number, value);\n"
        f"    HPy_Close(ctx, number);\n"
        f"    HPy_Close(ctx, value);\n"
        f"    return pair;\n"
        f"}}\n"
        for n in range(MANY)
    )
    + "static HPyDef *defines[] = {&put, "
    + "".join(f"&f{n}, " for n in range(MANY))
    + "NULL};\nstatic HPyGlobal *globals[] = {&kept, NULL};\n"
    "static HPyModuleDef definition = {.defines = defines, .globals = globals};\n"
    "HPy_MODINIT(shared, definition)\n"
)
ALL = f"""
for n in range({MANY}):
    assert getattr(shared, f"f{{n}}")() == (n, name), n
"""


@pytest.mark.slow
def test_where_the_thunks_are_used_up_each_call_still_finds_its_own_python(program) -> None:
    start_both(program, compile_snippet("shared", MANY_SOURCE))
    for n in (0, 1):
        program.run(n, "shared.put(name)")
    for n in (0, 1):
        program.run(n, ALL)
    program.at_once(ALL, ALL)
    for n in (0, 1):
        program.say("enter", n)
    for n in (0, 1, 0):
        program.say("execute", n, program.code(ALL))
    for n in (1, 0):
        program.say("leave", n)
    program.run(0, "print('all right', flush=True)")

    assert output_of(program) == ["all right"]


#: Calls its own trampoline, as a legacy table does.
OLD = """
    #include <hpy.h>
    static HPyGlobal kept;
    HPyDef_METH(put, "put", put_impl, HPyFunc_O)
    static HPy put_impl(HPyContext *ctx, HPy self, HPy value) {
        HPyGlobal_Store(ctx, &kept, value);
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(get, "get", get_impl, HPyFunc_NOARGS)
    static HPy get_impl(HPyContext *ctx, HPy self) { return HPyGlobal_Load(ctx, kept); }
    HPyDef_METH(by_trampoline, "by_trampoline", by_trampoline_impl, HPyFunc_NOARGS)
    static HPy by_trampoline_impl(HPyContext *ctx, HPy self) {
        return (HPy){(HPy_ssize_t)get_trampoline((cpy_PyObject *)self._i, NULL)};
    }
    static HPyDef *defines[] = {&put, &get, &by_trampoline, NULL};
    static HPyModuleDef def = {.name = "shared", .defines = defines};
    HPy_MODINIT(shared)
    static HPy init_shared_impl(HPyContext *ctx) { return HPyModule_Create(ctx, &def); }
"""


@pytest.mark.parametrize("attached", ["one at a time", "both"])
def test_a_file_of_hpy_0_0_4_works_in_both(program, tmp_path: Path, attached: str) -> None:
    """Each import writes its own context into the file; its trampolines find the caller's."""
    start_both(program, compile_old_snippet("shared", OLD, tmp_path))
    codes = [program.code(f"shared.put({n})") for n in (0, 1)]
    show = program.code("print(shared.get(), shared.by_trampoline(), flush=True)")
    work = """
for i in range(5000):
    shared.put((name, i))
    assert shared.get() == shared.by_trampoline() == (name, i)
"""
    word = "execute" if attached == "both" else "run"
    if attached == "both":
        for n in (0, 1):
            program.say("enter", n)
    for n in (0, 1):
        program.say(word, n, codes[n])
    for n in (0, 1, 0, 1):
        program.say(word, n, show)
    if attached == "both":
        for n in (1, 0):
            program.say("leave", n)
    program.at_once(work, work)
    program.say("finish", 1)
    program.run(0, work)

    assert output_of(program) == ["0 0", "1 1"] * 2
