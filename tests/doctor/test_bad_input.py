"""test_bad_input.py: what the doctor answers where there is nothing to examine, or it fails."""

from __future__ import annotations

import json
import os
import select
import sys
import textwrap
from pathlib import Path

import pytest

from hpystate.doctor import _checked, elf
from hpystate.doctor.find import NothingFound, targets_of
from tests.doctor import extensions as c
from tests.doctor.conftest import Diagnose, command

E_MACHINE, E_TYPE, EI_CLASS = 18, 16, 4
CRASH = "*(volatile int *)8 = 1;"
RAISE = 'PyErr_SetString(PyExc_OSError, "no such device"); return -1;'


def test_what_is_not_there_is_named_with_what_to_type() -> None:
    result = command("no_such_package")

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("hpystate doctor: no_such_package: neither a file, nor a ")
    assert f"{sys.executable} -m pip install no_such_package" in result.stderr


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("./no/such/file.so", "there is nothing at this path"),
        (".", "not a file"),
        ("no.such.module", "neither a file"),
        ("json.no_such", "neither a file"),
        ("", "neither a file"),
        ("../x y", "there is nothing at this path"),
        ("json", "no extension modules: its own files are Python"),
        ("sys", "sys: a part of Python itself"),
        ("..", "not a file"),
    ],
)
def test_a_name_without_an_extension_module_is_told_apart(name: str, why: str) -> None:
    with pytest.raises(NothingFound, match=why):
        targets_of(name if name != "." else "./")


def test_a_package_of_python_files_has_nothing_to_examine() -> None:
    result = command("json", "--json")

    assert (result.returncode, result.stdout) == (2, "")
    assert "json: no extension modules: its own files are Python" in result.stderr


def test_a_file_that_is_not_a_shared_object_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "text.so"
    file.write_text("not one\n")
    result = command(file)

    assert result.returncode == 1
    assert "text: cannot\n" in result.stdout
    assert "not a shared object" in result.stdout
    assert "next               Name an extension module, a package or a module\n" in result.stdout


def changed(file: Path, at: int, value: int) -> Path:
    data = bytearray(file.read_bytes())
    data[at] = value
    file.write_bytes(data)
    return file


def test_a_damaged_or_foreign_file_is_named(tmp_path: Path, diagnose: Diagnose) -> None:
    def made(name: str) -> Path:
        return c.build(tmp_path, name, c.multi(name))

    foreign = diagnose("arm", changed(made("arm"), E_MACHINE, 183))
    small = diagnose("small", changed(made("small"), EI_CLASS, 1))
    program = diagnose("program", changed(made("program"), E_TYPE, 2))

    assert "built for AArch64, 64 bits" in foreign.why[0]
    assert "32 bits" in small.why[0]
    assert "not a shared object (type 2)" in program.why[0]
    for each in (foreign, small, program):
        assert each.verdict == "cannot"


def test_a_file_that_was_cut_anywhere_is_never_loaded(tmp_path: Path) -> None:
    whole = c.build(tmp_path, "cut", c.multi("cut"), "-g").read_bytes()
    file = tmp_path / "cut.so"
    for size in [0, 3, 20, 64, 200, *range(1000, len(whole), len(whole) // 20), len(whole) - 1]:
        file.write_bytes(whole[:size])
        with pytest.raises(elf.NotExaminable, match=r"truncated|not a shared object"):
            elf.read(str(file))


def test_damage_anywhere_in_the_tables_is_a_verdict(tmp_path: Path) -> None:
    """Each byte of the headers, one after the other: facts or a reason, no other exception."""
    whole = c.build(tmp_path, "torn", c.multi("torn")).read_bytes()
    file = tmp_path / "torn.so"
    sections = int.from_bytes(whole[40:48], "little")
    places = [*range(16, 64 + 56 * 9), *range(sections, len(whole))]
    refused = 0
    for at in places[::9]:
        data = bytearray(whole)
        data[at] ^= 0xFF
        file.write_bytes(data)
        try:
            elf.read(str(file))
        except elf.NotExaminable as error:
            refused += 1
            assert str(file) in str(error)
    assert refused > 10


def test_a_crash_at_the_import_is_a_verdict(tmp_path: Path, diagnose: Diagnose) -> None:
    found = diagnose("crash", c.multi("crash", fill=CRASH))

    assert (found.verdict, found.why[0]) == ("cannot", "its import crashed (SIGSEGV)")
    assert found.layers["declared"] == "not seen"
    (file,) = tmp_path.glob("crash*.so")
    failure = f"PYTHONPATH={tmp_path} python -c 'import crash' shows the failure"
    assert found.next == f"{failure}; then python -m hpystate doctor {file}"


def test_an_import_that_raises_is_a_verdict(diagnose: Diagnose) -> None:
    found = diagnose("raises", c.multi("raises", fill=RAISE))

    assert (found.verdict, found.why[0]) == ("cannot", "its import raised OSError: no such device")


def test_an_import_that_ends_the_process_is_a_verdict(diagnose: Diagnose) -> None:
    found = diagnose("leaves", c.multi("leaves", '#include "stdlib.h"', "_Exit(3);"))

    assert found.verdict == "cannot"
    assert found.why[0] == "its import ended its process with status 3"


def test_an_import_that_ends_the_process_without_an_error_is_a_verdict(diagnose: Diagnose) -> None:
    found = diagnose("quits", c.multi("quits", '#include "stdlib.h"', "_Exit(0);"))

    assert found.verdict == "cannot"
    assert found.why[0] == "its import ended its process with status 0"


def test_an_import_that_hangs_ends_at_the_limit(tmp_path: Path) -> None:
    file = c.build(tmp_path, "hangs", c.multi("hangs", "#include <unistd.h>", "for (;;) pause();"))
    result = command(file, "--timeout", 2)

    assert result.returncode == 1
    assert "its import took longer than 2 s" in result.stdout


def test_what_a_module_starts_ends_with_it(tmp_path: Path, diagnose: Diagnose) -> None:
    """A child of it that sleeps keeps nothing open and does not live on."""
    note = tmp_path / "pid"
    fork = f"""
        pid_t child = fork();
        if (child == 0) for (;;) pause();
        FILE *note = fopen("{note}", "w");
        fprintf(note, "%d", (int)child);
        fclose(note);
    """
    source = c.multi("starts", "#include <stdio.h>\n#include <unistd.h>", fork, slots=c.OWN)
    found = diagnose("starts", source)

    assert found.verdict == "ready", found
    try:
        process = os.pidfd_open(int(note.read_text()))
    except ProcessLookupError:
        return
    ended = select.poll()
    ended.register(process, select.POLLIN)
    assert ended.poll(60_000) != []
    os.close(process)


def test_a_crash_in_a_second_interpreter_is_a_reason_to_port(diagnose: Diagnose) -> None:
    body = "static int imports;"
    found = diagnose("once", c.multi("once", body, f"if (imports++) {{ {CRASH} }}"))

    assert (found.verdict, found.certainty) == ("port", "differential"), found
    assert found.why == ["its import in a second one crashed (SIGSEGV)"]


def test_a_module_that_puts_another_into_its_place_is_not_confused(
    tmp_path: Path, diagnose: Diagnose
) -> None:
    """Its name gives a file of Python; the extension is loaded from its own file."""
    (tmp_path / "both.py").write_text("answer = 42\n")
    found = diagnose("both", c.multi("both", slots=c.OWN))

    assert found.verdict == "ready", found


# ---- --exercise --------------------------------------------------------------------------------
@pytest.fixture
def plain(tmp_path: Path) -> Path:
    return c.build(tmp_path, "plain", c.multi("plain", slots=c.OWN))


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("plain.x", "raised AttributeError: module 'plain' has no attribute 'x'"),
        ("raise SystemExit('enough')", "raised SystemExit: enough"),
        ("import os; os.abort()", "crashed (SIGABRT)"),
    ],
)
def test_code_that_fails_is_named_and_gives_no_answer(plain: Path, code: str, why: str) -> None:
    result = command(plain, "--exercise", code)

    assert result.returncode == 2
    assert f"hpystate doctor: --exercise: {why}" in result.stderr
    assert "--exercise" in result.stdout


def test_code_that_is_not_python_runs_nothing(plain: Path) -> None:
    result = command(plain, "--exercise", "for")

    assert (result.returncode, result.stdout) == (2, "")
    assert "--exercise: SyntaxError" in result.stderr
    assert _checked("x = 1") == "x = 1"


# ---- the command line --------------------------------------------------------------------------
def test_wrong_arguments_are_refused() -> None:
    for arguments, why in (
        (["--exercise", "1"], "--exercise needs a NAME"),
        (["json", "--timeout", "0"], "--timeout is 0"),
        (["json", "--timeout", "soon"], "invalid float value"),
    ):
        result = command(*arguments)
        assert (result.returncode, result.stdout) == (2, ""), arguments
        assert why in result.stderr


def test_what_a_module_prints_is_not_in_the_answer(tmp_path: Path) -> None:
    loud = '#include <stdio.h>\n#define LOUD puts("{]"); fflush(stdout)'
    file = c.build(tmp_path, "loud", c.multi("loud", loud, "LOUD;", slots=c.OWN))
    result = command(file, "--json")

    assert (result.returncode, result.stderr) == (0, "")
    assert json.loads(result.stdout)["counts"]["ready"] == 1


def test_without_pyelftools_the_message_names_it(tmp_path: Path) -> None:
    hidden = """
        import sys

        class Hide:
            def find_spec(self, name, path=None, target=None):
                if name == "elftools":
                    raise ModuleNotFoundError(name)

        import importlib.util
        found = importlib.util.find_spec
        importlib.util.find_spec = lambda name, *rest: None if name == "elftools" else found(name)
    """
    (tmp_path / "sitecustomize.py").write_text(textwrap.dedent(hidden))
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    result = command("json", env=os.environ | {"PYTHONPATH": path})

    assert (result.returncode, result.stdout) == (2, "")
    assert "needs pyelftools" in result.stderr
    assert f"{sys.executable} -m pip install pyelftools" in result.stderr
