"""test_interpreters.py: `pytest --interpreters N` on small suites, each in a process of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import hpystate
from hpystate.suite.compare import compare, lines_of, read_run
from hpystate.testing import compile_snippet
from tests.clients.pages import block
from tests.doctor.extensions import OWN, SHARED, build, multi
from tests.limits import limits

#: Its static is one per process, and it declares that it may be in interpreters with own GILs.
COUNTER = multi(
    "counter",
    """
    static long count;
    static PyObject *next(PyObject *self, PyObject *unused) {
        return PyLong_FromLong(__atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST));
    }
    """,
    methods='{"next", next, METH_NOARGS, NULL},',
    slots=OWN,
)
SAME = """
    import point, pytest

    def test_passes(tmp_path, monkeypatch):
        monkeypatch.setenv("HPYSTATE_TRIED", "yes")
        (tmp_path / "mine").mkdir()

    @pytest.mark.parametrize("number", range(3))
    def test_of_hpy(number):
        if number == 0:
            assert point.where() == (0, 0)
        point.move((number, 1))
        assert point.where() == (number, 1)

    @pytest.mark.skip(reason="never")
    def test_skipped(): pass

    @pytest.mark.xfail
    def test_xfailed(): assert not "as expected"

    def test_fails(): assert not "in all of them"

    @pytest.fixture
    def broken(): raise ValueError("in a fixture")

    def test_error(broken): pass
"""
DIFFERS = """
    import counter

    def test_first_value(): assert counter.next() == 1

    def test_later_value(): assert counter.next() > 1
"""

STAGE = Path(hpystate.__file__).absolute().parents[1]  # where its files are links, perhaps
Suite = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    """Runs files as a suite with the plugin; what it returned has the report as `data`."""

    def run(count: int, *arguments: str, **files: str) -> Any:
        for name, text in files.items():
            (tmp_path / f"{name}.py").write_text(textwrap.dedent(text))
        command = [sys.executable, "-m", "pytest", "-p", "hpystate.pytest_interpreters"]
        command += ["--interpreters", str(count), "--interpreters-json", "report.json", *arguments]
        environment = os.environ | {"PYTHONPATH": str(STAGE)}
        ran: Any = limits.run(command, timeout=120, cwd=tmp_path, env=environment)
        report = tmp_path / "report.json"
        ran.data = json.loads(report.read_text()) if report.is_file() else None
        return ran

    return run


def test_what_differs_is_named(suite: Suite, tmp_path: Path) -> None:
    """Beside it: HPy extensions are found, and equal results of every kind are equal."""
    build(tmp_path, "counter", COUNTER)
    shutil.copy(compile_snippet("point", block("c", "HPy_MODINIT")), tmp_path)
    ran = suite(3, "--junitxml=junit.xml", test_same=SAME, test_differs=DIFFERS)
    assert ran.returncode == 1
    assert "test_differs.py::test_first_value: passed in main, failed in 2 of 3" in ran.stdout
    assert "3 interpreters, 10 tests: 1 differed" in ran.stdout
    (row,) = ran.data["differed"]
    assert (row["test"], row["main"]) == ("test_differs.py::test_first_value", "passed")
    assert list(row["interpreters"].values()) == ["failed", "failed"]
    assert re.search(r"assert [23] == 1$", row["message"])
    assert (ran.data["refused"], ran.data["did not run"]) == ([], {})
    # main's own result is as without the plugin, also in files
    assert "1 failed, 6 passed, 1 skipped, 1 xfailed, 1 error" in ran.stdout
    assert 'tests="10"' in (tmp_path / "junit.xml").read_text()


def test_equal_is_a_success_and_main_chooses_the_tests(suite: Suite) -> None:
    """Interpreters that take turns share what is one per process, like the current folder."""
    here = """
        import os

        def test_left_out(): assert False

        def test_folder(tmp_path, monkeypatch):
            monkeypatch.chdir(tmp_path)
            for _ in range(2000):
                assert os.getcwd() == str(tmp_path)
    """
    ran = suite(2, "-x", "-k", "folder", "--interpreters-pace=turns", test_here=here)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "2 interpreters, 1 tests: 0 differed" in ran.stdout
    assert ran.data["equal"] is True


@pytest.mark.parametrize(
    "options", ["", "addopts = -p hpystate.pytest_interpreters", "addopts = -p no:cacheprovider"]
)
def test_a_suite_whose_warnings_are_errors_runs(suite: Suite, tmp_path: Path, options: str) -> None:
    """As MarkupSafe's. pytest warns of a plugin that was imported before -p names it."""
    (tmp_path / "pytest.ini").write_text(f"[pytest]\nfilterwarnings = error\n{options}\n")
    ran = suite(2, test_strict="def test_passes(): pass")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "2 interpreters, 1 tests: 0 differed" in ran.stdout


@pytest.mark.skipif(
    sys.version_info[:3] == (3, 13, 0),
    reason="CPython 3.13.0 aborts when an interpreter refuses a module (docs/pool.md)",
)
def test_a_module_that_refuses_is_named_even_where_the_suite_catches_it(
    suite: Suite, tmp_path: Path
) -> None:
    for name in ("loud", "quiet"):
        build(tmp_path, name, multi(name, slots=SHARED))
    loud = "import loud\ndef test_one(): pass\ndef test_two(): pass"
    quiet = """
        try:
            import quiet
        except ImportError:
            quiet = None

        def test_works_without(): pass
    """
    ran = suite(2, test_loud=loud, test_quiet=quiet)
    assert ran.returncode == 1
    assert "test_loud.py: collected in main, not collected in 2 of 2" in ran.stdout
    for name in ("loud", "quiet"):
        assert (
            f"{name}: refused by 2 of 2 interpreters: module {name} does not support loading in "
            f"subinterpreters. Type: hpystate doctor {name}"
        ) in ran.stdout
    assert "2 interpreters, 3 tests: 1 differed, 2 modules refused" in ran.stdout
    assert [row["test"] for row in ran.data["differed"]] == ["test_loud.py"]


def test_a_crash_names_the_tests_and_keeps_mains_result(suite: Suite) -> None:
    crash = """
        import glob, os, threading, time
        from hpystate import pytest_interpreters

        def test_before(): pass

        def test_crash():
            if not pytest_interpreters.inside:
                return
            open(f"here-{threading.get_native_id()}", "w").close()
            while len(glob.glob("here-*")) < 2:  # both interpreters are in this test
                time.sleep(0.01)
            os.abort()

        def test_after(): pass
    """
    ran = suite(2, test_crash=crash)
    assert ran.returncode == 1
    assert "3 passed" in ran.stdout
    assert "the process of the interpreters died of SIGABRT" in ran.stdout
    for number in (1, 2):
        assert f"interpreter {number} was in test_crash.py::test_crash" in ran.stdout
    assert "Fatal Python error: Aborted" in ran.stdout
    assert "tests that not every interpreter has run: 1" in ran.stdout
    assert [row["test"] for row in ran.data["differed"]] == ["test_crash.py::test_crash"]


def test_a_hang_ends_at_the_limit(suite: Suite) -> None:
    hang = """
        import time
        from hpystate import pytest_interpreters

        def test_hang():
            if pytest_interpreters.inside:
                time.sleep(600)
    """
    ran = suite(1, "--interpreters-timeout=4", "--interpreters-pace=free", test_hang=hang)
    assert ran.returncode == 1
    assert ran.data["end of the process"] == "was ended after 4 seconds (--interpreters-timeout)"


def test_the_interpreters_end_when_main_is_killed(tmp_path: Path) -> None:
    hang = """
        import os, time
        from hpystate import pytest_interpreters

        def test_hang():
            if pytest_interpreters.inside:
                with open("running", "w") as file:
                    file.write(str(os.getpid()))
                os.rename("running", "process")
                time.sleep(600)
    """
    (tmp_path / "test_hang.py").write_text(textwrap.dedent(hang))
    command = [sys.executable, "-m", "pytest", "-p", "hpystate.pytest_interpreters"]
    environment = os.environ | {"PYTHONPATH": str(STAGE)}
    main = subprocess.Popen(
        [*command, "--interpreters", "1"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until((tmp_path / "process").exists)
    finally:
        main.kill()
        main.wait()
    process = int((tmp_path / "process").read_text())
    wait_until(lambda: not is_running(process))


def is_running(process: int) -> bool:
    """False for one that has ended and was not waited for yet."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 100
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_suite_that_does_not_begin_there_is_reported_with_what_it_printed(suite: Suite) -> None:
    conftest = """
        from hpystate import pytest_interpreters

        if pytest_interpreters.inside:
            raise RuntimeError("not for interpreters")
    """
    ran = suite(1, conftest=conftest, test_one="def test_one(): pass")
    assert ran.returncode == 1
    assert "pytest did not run in interpreter 1:" in ran.stdout
    assert "RuntimeError: not for interpreters" in ran.stdout
    assert "1 interpreters, 1 tests: 0 differed, 1 interpreters did not run" in ran.stdout


USAGE = {
    "--interpreters 0": "--interpreters 0: the number of interpreters was expected, 1 to 64",
    "--interpreters many": "--interpreters many: the number of interpreters was expected",
    "--interpreters 65": "--interpreters 65: the number of interpreters was expected, 1 to 64",
    "--interpreters 2 -n 2": "leave one of them out, for example by -n 0",
    "--interpreters 2 --pdb": "leave out --pdb and --trace",
    "--interpreters 2 --interpreters-pace slow": "invalid choice: 'slow'",
    "--interpreters 2 --interpreters-timeout 0": "a number of seconds above 0 was expected",
    "--interpreters 2 --interpreters-json none/x": "none is not a folder; make it first",
    "--interpreters-json x": "--interpreters-json needs --interpreters; add --interpreters 8",
}


def test_errors_of_usage(child: Callable[..., Any], tmp_path: Path) -> None:
    """One process for all of them; the last run has no tests, so no interpreters start."""
    (tmp_path / "test_one.py").write_text("import nothing_of_this_name")
    script = f"""if True:
        import os, sys, pytest
        os.chdir({str(tmp_path)!r})
        for line in {[*USAGE, "--interpreters 2"]!r}:
            sys.stderr = sys.stdout
            print("run:", line)
            arguments = ["-p", "hpystate.pytest_interpreters", *line.split()]
            print("status:", int(pytest.main(arguments)), flush=True)
    """
    ran = child(script)
    assert ran.returncode == 0, ran.stderr
    _, *runs = ran.stdout.split("run: ")
    assert len(runs) == len(USAGE) + 1
    for text, (line, message) in zip(runs, USAGE.items(), strict=False):
        assert text.startswith(f"{line}\n")
        assert message in text, text
        assert "status: 4" in text
    assert "2 interpreters: not started, since main's run has no result" in runs[-1]
    assert "status: 2" in runs[-1]


def ran(test: str, outcome: str, message: str = "") -> dict[str, str]:
    return {"event": "ran", "test": test, "outcome": outcome, "message": message}


def test_a_test_has_the_worst_of_its_phases() -> None:
    run = read_run([ran("a", "passed"), ran("a", "failed", "why"), ran("a", "passed")])
    assert run.tests == {"a": ("failed", "why")}


def test_comparing_counts_each_interpreter() -> None:
    main = read_run([ran("f::a", "passed"), ran("f::b", "passed"), ran("g::c", "skipped", "x")])
    over = {"event": "over", "status": 1}
    skipped = {"event": "collected", "test": "g", "outcome": "skipped", "message": "whole file"}
    guests = [
        read_run([ran("f::a", "passed"), ran("f::b", "passed"), ran("g::c", "passed"), over]),
        read_run([ran("f::a", "error", "no"), ran("f::b", "passed"), skipped, over]),
        read_run([ran("f::a", "failed", "other"), ran("g::c", "skipped"), over]),
    ]
    found = compare(main, list(main.tests), ["m"], guests, "", "")
    assert lines_of(found) == [
        "g::c: skipped in main, passed in 1 of 3",
        "g: collected in main, skipped in 1 of 3",
        "    whole file",
        "f::a: passed in main, error in 1 of 3, failed in 1 of 3",
        "    no",
        "f::b: passed in main, not found in 1 of 3",
        "    the interpreter collected no such test",
        "3 interpreters, 3 tests: 4 differed",
    ]


def test_without_the_option_nothing_else_is_imported(child: Callable[..., Any]) -> None:
    ran = child("""if True:
        import sys, pytest
        pytest.main(["-p", "hpystate.pytest_interpreters", "--markers"])
        assert "hpystate.pytest_interpreters" in sys.modules
        print([name for name in sys.modules if name.startswith("hpystate.suite")])
    """)
    assert ran.stdout.strip().endswith("[]"), ran.stdout + ran.stderr
