"""test_versions.py: extensions of HPy 0.9 and of HPy 0.0.4 call each other's C functions.

The sources of both are the same (versions.h); each is compiled with the headers of its version.
"""

from __future__ import annotations

import itertools
import shutil
import sys
from pathlib import Path

import pytest

from hpystate import debug
from hpystate.testing import Interpreter
from tests.conftest import Child
from tests.siblings import at_once, checks
from tests.siblings.conftest import (
    EXPECTED,
    HERE,
    MODES,
    NAMES,
    PAIRS,
    VERSIONS,
    FilesOf,
    Load,
    compile_for_0_0_4,
    compile_pair,
)

#: What hpystate_context_for() takes.
NUMBERS = {"0.9": (0, 0), "0.0.4": (0xFFFFFFFF, 4)}
BOTH = ("0.9", "0.0.4")


def expected_of(borrower: str) -> checks.Result:
    """0.0 is the caller's own version only if the caller is one of 0.9."""
    return [*EXPECTED[:-1], ("own version", repr(borrower == "0.9"))]


# ---- every version and mode calls every other --------------------------------------------------


@pytest.mark.parametrize("versions", VERSIONS)
@pytest.mark.parametrize("modes", PAIRS)
def test_every_function_works_for_the_other_version(
    load: Load, files_of: FilesOf, versions: tuple[str, str], modes: tuple[str, str]
) -> None:
    """The functions run in the caller's mode."""
    lender, borrower = load(*modes, files_of(*versions))

    assert checks.everything(lender, borrower) == expected_of(versions[1])
    assert borrower.name() == NAMES[modes[1]]


@pytest.mark.parametrize("versions", VERSIONS)
@pytest.mark.parametrize("modes", PAIRS)
def test_no_call_of_the_other_version_leaves_a_reference_or_a_handle(
    load: Load, files_of: FilesOf, versions: tuple[str, str], modes: tuple[str, str]
) -> None:
    lender, borrower = load(*modes, files_of(*versions))
    checks.everything(lender, borrower)
    with debug.LeakDetector():
        grown = checks.references(borrower)

    assert grown == 0


@pytest.mark.parametrize("versions", VERSIONS)
@pytest.mark.parametrize("modes", PAIRS)
def test_three_interpreters_see_their_own_globals_of_both_versions(
    load: Load, files_of: FilesOf, versions: tuple[str, str], modes: tuple[str, str]
) -> None:
    files = files_of(*versions)

    assert at_once.wrong_answers(load(*modes, files), files, modes, expected_of(versions[1])) == []


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("own", "other"), list(itertools.product(BOTH, BOTH)))
def test_a_sibling_has_the_mode_of_the_context_and_leads_back_to_it(
    load: Load, files_of: FilesOf, own: str, other: str, mode: str
) -> None:
    _, borrower = load("universal", mode, files_of("0.9", own))

    assert borrower.sibling(*NUMBERS[other], *NUMBERS[own]) == (1, 1, NAMES[mode])
    assert borrower.context_for(*NUMBERS[other]) is (own == other)


@pytest.mark.parametrize("mode", MODES)
def test_calls_go_to_and_fro_between_the_versions(load: Load, files_of: FilesOf, mode: str) -> None:
    """Python, 0.0.4, 0.9, Python, 0.9, 0.0.4, and the exception all the way back."""
    old_lends = load(mode, mode, files_of("0.0.4", "0.9"))[1]
    new_lends = load(mode, mode, files_of("0.9", "0.0.4"))[1]
    value, error = checks.Value(), LookupError("at the bottom")

    def fail() -> None:
        raise error

    def through(function: object) -> object:
        return new_lends.call(lambda: old_lends.call(function))

    assert through(lambda: value) is value
    with pytest.raises(LookupError) as caught:
        through(fail)
    assert caught.value is error
    with pytest.raises(TypeError, match="a Holder was expected"):
        through(lambda: new_lends.unwrap(old_lends.wrap(value)))


def test_extensions_in_c_plus_plus_call_those_in_c(load: Load, tmp_path: Path) -> None:
    old = {}
    for name in ("lender", "borrower"):
        source = tmp_path / f"{name}.cpp"
        shutil.copyfile(HERE / f"{name}.c", source)
        old[name] = compile_for_0_0_4(tmp_path, name, "-std=c++20", source=source)
    new = {name: compile_pair(tmp_path, name) for name in old}
    for pair in ((old["lender"], new["borrower"]), (new["lender"], old["borrower"])):
        lender, borrower = load("universal", "debug", pair)
        assert checks.everything(lender, borrower)[:-1] == EXPECTED[:-1]


# ---- mistakes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("versions", VERSIONS)
@pytest.mark.parametrize("function", ["leak_lent", "leak_result"])
def test_debug_mode_finds_a_handle_that_a_call_left_open(
    load: Load, files_of: FilesOf, versions: tuple[str, str], function: str
) -> None:
    """A handle that was lent, and one that the other version's function returned."""
    _, borrower = load("universal", "debug", files_of(*versions))
    # Between extensions of one version the handle itself is lent.
    count = 0 if (function, *versions) == ("leak_lent", "0.0.4", "0.0.4") else 1
    generation = debug.new_generation()
    getattr(borrower, function)(list)

    assert len(debug.get_open_handles(generation)) == count


@pytest.mark.parametrize("versions", VERSIONS[:2])
def test_the_leak_detector_raises_for_a_call_of_the_other_version(
    load: Load, files_of: FilesOf, versions: tuple[str, str]
) -> None:
    _, borrower = load("universal", "debug", files_of(*versions))
    with pytest.raises(debug.HPyLeakError), debug.LeakDetector():
        borrower.leak_result(list)


@pytest.mark.parametrize("own", BOTH)
def test_a_version_that_is_not_there_is_named_with_the_two_that_are(
    load: Load, files_of: FilesOf, own: str
) -> None:
    _, borrower = load("universal", "universal", files_of("0.9", own))
    for asked, text in (((0, 1), "0.1"), ((1, 0), "1.0"), ((0xFFFFFFFF, 5), "0.0.5")):
        with pytest.raises(RuntimeError) as caught:
            borrower.context_for(*asked)
        assert f"a context of HPy ABI {text} was asked for" in str(caught.value)
        assert "this runtime has 0.0 (HPy 0.9), 0.0.4 (HPy 0.0.4)." in str(caught.value)


@pytest.mark.parametrize("own", BOTH)
@pytest.mark.parametrize("other", BOTH)
@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_context_of_another_runtime_is_refused_and_not_read_further(
    files_of: FilesOf, child: Child, own: str, other: str, part: int
) -> None:
    """Memory that cannot be read begins behind its second word, and behind the word to which that
    points."""
    lender, borrower = map(str, files_of("0.9", own))
    script = f"""
import sys
sys.path[:] = {sys.path!r}
import hpystate
sys.modules["lender"] = hpystate.load("lender", {lender!r})
try:
    hpystate.load("borrower", {borrower!r}).foreign({part}, *{NUMBERS[other]!r})
except SystemError as error:
    print(error)
"""
    result = child(script)

    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(
        "hpystate_lend: the context 'a foreign runtime' belongs to another runtime than the one "
        "that loaded this extension's file."
    )


@pytest.mark.parametrize(("outer_version", "inner_version"), [BOTH, BOTH[::-1]])
def test_a_handle_of_debug_mode_with_a_plain_context_of_another_version_is_refused(
    load: Load, files_of: FilesOf, outer_version: str, inner_version: str
) -> None:
    outer = load("universal", "universal", files_of("0.9", outer_version))[1]
    inner = load("universal", "debug", files_of("0.9", inner_version))[1]

    def cross() -> object:
        return inner.with_wrong_context(outer.outer_context(), checks.Value())

    with pytest.raises(SystemError, match="hpystate_lend: the handle belongs to debug mode, and"):
        outer.outer_call(cross)


@pytest.mark.parametrize("name", ["lender", "borrower"])
def test_a_file_of_0_0_4_without_the_table_is_told_what_is_missing(
    load: Load, files_of: FilesOf, tmp_path: Path, name: str
) -> None:
    """HPy 0.0.4 has no capsules of its own, so without the table nothing can be published."""
    later = compile_for_0_0_4(tmp_path, name, "-DLATER_HEADER")
    lender, borrower = files_of("0.9", "0.0.4")
    pair = (later, borrower) if name == "lender" else (lender, later)
    function = {"lender": "hpystate_api_publish", "borrower": "hpystate_api_find"}[name]
    with pytest.raises(RuntimeError, match=f"{function}: HPy 0.0.4 has no capsules, and the "):
        load("universal", "universal", pair)


@pytest.mark.parametrize("optimised", ["-O0", "-O2"])
@pytest.mark.parametrize("name", ["lender", "borrower"])
def test_the_header_gives_no_warning_with_the_headers_of_0_0_4(
    tmp_path: Path, name: str, optimised: str
) -> None:
    # What 0.0.4's own macros do.
    theirs = ("missing-field-initializers", "unused-parameter", "cast-function-type")
    flags = ["-Wall", "-Wextra", *(f"-Wno-{each}" for each in theirs), "-Werror", optimised]

    assert compile_for_0_0_4(tmp_path, name, *flags).exists()


def test_two_versions_of_the_lender_do_not_serve_one_borrower(
    load: Load, files_of: FilesOf, tmp_path: Path
) -> None:
    """What the first load found is kept for all interpreters."""
    borrower = compile_pair(tmp_path, "borrower")
    load("universal", "universal", (files_of("0.0.4", "0.9")[0], borrower))
    with pytest.raises(ImportError, match="publishes other functions here than in an interpreter"):
        load("universal", "universal", (files_of("0.9", "0.9")[0], borrower))


# ---- an interpreter that ended, or is ending ---------------------------------------------------

ENDING = """
    import os
    class Late:
        # Of the second one it runs in the last collection, when globals have no values any more.
        def __init__(self, name):
            self.name = name
        def __del__(self, borrower=borrower, write=os.write, error=SystemError, end=chr(10)):
            try:
                shown = borrower.pair(1, self)  # loads a global
            except error as raised:
                shown = raised
            write(1, f"{self.name}: {borrower.twice(21)}, {shown}{end}".encode())
    borrower.keep(Late("kept"))
    class Cycle:
        late = Late("in a cycle")
    Cycle.itself = Cycle
    borrower.remember(Cycle)
    del Cycle
"""


@pytest.mark.parametrize("versions", VERSIONS)
@pytest.mark.parametrize("mode", MODES)
def test_finalizers_of_an_ending_interpreter_call_the_other_version(
    files_of: FilesOf, child: Child, versions: tuple[str, str], mode: str
) -> None:
    files = files_of(*versions)
    script = f"""
import sys
sys.path[:] = {sys.path!r}
from hpystate.testing import Interpreter
with Interpreter("own") as interpreter:
    interpreter.run('''{at_once.loads(files, (mode, mode))}''')
    interpreter.run('''{ENDING}''')
print("ended")
with Interpreter("own") as interpreter:  # in the memory of the first
    interpreter.run('''{at_once.loads(files, (mode, mode))}''')
    print(interpreter.run("answer = checks.everything(lender, borrower)"))
"""
    result = child(script)
    print(result.stdout, result.stderr)

    assert result.returncode == 0
    *late, ended, found = result.stdout.splitlines()
    # A load returns HPy_NULL by then.
    raised = "42, HPyTuple_FromArray: item 2 is HPy_NULL, a handle was expected."
    assert sorted(late) == [f"in a cycle: {raised}", f"kept: {raised}"]
    assert (ended, found) == ("ended", repr(expected_of(versions[1])))


@pytest.mark.parametrize("own", BOTH)
@pytest.mark.parametrize("ended", [False, True])
def test_a_context_of_another_interpreter_is_refused_also_if_that_ended(
    load: Load, files_of: FilesOf, own: str, ended: bool
) -> None:
    files = files_of("0.9", own)
    _, borrower = load("universal", "universal", files)
    with Interpreter("shared") as interpreter:
        interpreter.run(at_once.loads(files, ("universal", "universal")))
        other = interpreter.run("answer = borrower.own_context()")
        if ended:
            interpreter.close()
        with pytest.raises(SystemError, match="one context belongs to interpreter 0, the other"):
            borrower.through(other, checks.Value())
