"""test_two_pythons_upstream.py: HPy's own runtime in two Pythons of one program: the control.

The same program and the same kind of file as in test_two_pythons.py. Each Python works as long as
it has a file to itself. A file that both import ends the process, or has the wrong value.
"""

from __future__ import annotations

import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from hpystate.demo.upstream import install_upstream
from hpystate.testing import compile_snippet
from tests.conftest import WITH_UPSTREAM
from tests.loader.test_two_pythons import output_of, second, two_pythons

pytestmark = [WITH_UPSTREAM, pytest.mark.slow]

CALL = """
    #include <hpy.h>
    HPyDef_METH(call, "call", HPyFunc_VARARGS)
    static HPy call_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) {
        return HPy_Call(ctx, args[0], args + 1, nargs - 1, HPy_NULL);
    }
"""
WITHOUT_GLOBAL = """
    static HPyDef *defines[] = {&call, NULL};
    static HPyModuleDef definition = {.defines = defines};
    HPy_MODINIT(shared, definition)
"""
WITH_GLOBAL = """
    static HPyGlobal kept;
    HPyDef_METH(put, "put", HPyFunc_O)
    static HPy put_impl(HPyContext *ctx, HPy self, HPy value) {
        HPyGlobal_Store(ctx, &kept, value);
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(get, "get", HPyFunc_NOARGS)
    static HPy get_impl(HPyContext *ctx, HPy self) { return HPyGlobal_Load(ctx, kept); }
    static HPyDef *defines[] = {&call, &put, &get, NULL};
    static HPyGlobal *globals[] = {&kept, NULL};
    static HPyModuleDef definition = {.defines = defines, .globals = globals};
    HPy_MODINIT(shared, definition)
"""

IMPORT = """
import importlib.util, hpy.universal
assert "hpystate" not in hpy.universal.__file__
spec = importlib.util.spec_from_file_location("shared", {path!r}, loader=None)
shared = hpy.universal.load("shared", {path!r}, spec)
print("loaded", flush=True)
"""
CALLS = "print('called', shared.call(len, (1, 2)), flush=True)"
STORES = "shared.put([{n}]); print('stored', flush=True)"
LOADS = "print('loaded', repr(shared.get()), flush=True)"

ENDED_BY = {-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS}


@pytest.fixture(scope="module")
def pythons(tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    folder = tmp_path_factory.mktemp("upstream")
    other, _ = second()
    prepared = []
    for program in (two_pythons.sys.executable, other):
        base = two_pythons.facts_of(program)
        site = install_upstream(program).parent.parent / "lib" / f"python{base['version']}"
        found = two_pythons.prepare(program, site / "site-packages", folder, "hpy")
        prepared.append(found)
    return prepared


@pytest.fixture
def program(tmp_path: Path, pythons: list[object]) -> Any:
    return two_pythons.Program(two_pythons.build_host(tmp_path), pythons, tmp_path)


def file_of(source: str, folder: Path) -> Path:
    """One with upstream's headers, so nothing of it is ours."""
    made = compile_snippet("shared", CALL + source, headers="upstream")
    return Path(shutil.copy(made, folder))


def start(program: Any, files: list[Path]) -> None:
    for n in (0, 1):
        program.start(n)
        program.run(n, IMPORT.format(path=str(files[n])))


def both(program: Any, text: str) -> None:
    for n in (0, 1):
        program.run(n, text.format(n=n))


def test_upstreams_runtime_works_if_each_python_has_a_file_to_itself(
    program: Any, tmp_path: Path
) -> None:
    files = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        files.append(file_of(WITH_GLOBAL, tmp_path / name))
    start(program, files)
    both(program, CALLS)
    both(program, STORES)
    both(program, LOADS)

    lines = output_of(program)

    assert lines == ["loaded"] * 2 + ["called 2"] * 2 + ["stored"] * 2 + [
        "loaded [0]",
        "loaded [1]",
    ]


def test_upstreams_runtime_crashes_at_a_call_of_a_file_without_a_global_that_both_have(
    program: Any, tmp_path: Path
) -> None:
    file = file_of(WITHOUT_GLOBAL, tmp_path)
    start(program, [file, file])
    both(program, CALLS)

    result = program.go()

    assert result.returncode in ENDED_BY, (result.stdout, result.stderr)
    assert result.stdout.splitlines() == ["loaded"] * 2, "the first Python's first call"


def test_upstreams_runtime_crashes_where_both_store_to_one_global(
    program: Any, tmp_path: Path
) -> None:
    """The second one's store releases the first one's object. Where that is survived, the first
    one's load runs through the second one's functions."""
    file = file_of(WITH_GLOBAL, tmp_path)
    for n in (0, 1):
        program.start(n)
        program.run(n, IMPORT.format(path=str(file)) + STORES.format(n=n))
    program.run(0, LOADS)

    result = program.go()

    assert result.returncode in ENDED_BY, (result.stdout, result.stderr)
    lines = result.stdout.splitlines()
    assert lines[:3] == ["loaded", "stored", "loaded"]
    assert not [line for line in lines if line.startswith("loaded [")], "no value was loaded"


def test_upstreams_runtime_returns_the_other_pythons_value_to_a_thread_attached_to_both(
    program: Any, tmp_path: Path
) -> None:
    """So it is not for want of an interpreter that the load above goes wrong."""
    file = file_of(WITH_GLOBAL, tmp_path)
    start(program, [file, file])
    for n in (0, 1):
        program.say("enter", n)
    for n in (0, 1):
        program.say("execute", n, program.code(STORES.format(n=n)))
    program.say("execute", 0, program.code(LOADS))
    for n in (1, 0):
        program.say("leave", n)

    assert output_of(program)[-1] == "loaded [1]"
