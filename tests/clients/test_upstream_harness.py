"""test_upstream_harness.py: the harness of HPy's suites, on a small suite of this project.

Each test of that small suite ends in another way, and the harness must say so in every kind of
interpreter.
"""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from hpystate.build import upstream_sdist

UPSTREAM = Path(__file__).parents[1] / "upstream"
KINDS = ("main", "legacy", "own-gil")

SUITE = """
    import os, signal, subprocess, sys
    import pytest
    from guest import kind_here

    def python(code):
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    def test_passes():
        assert kind_here() == os.environ["HPYSTATE_SUITE_KIND"]

    def test_fails():
        assert kind_here() == "none of the three"

    def test_skips():
        pytest.skip("the reason for it")

    def test_crashes():
        os.kill(os.getpid(), signal.SIGSEGV)

    def test_that_comes_after_the_crash():
        pass

    def test_a_child_is_of_the_same_kind():
        path = f"import sys; sys.path.append({os.environ['TINY_PATH']!r}); "
        child = python(path + "from guest import kind_here; print(kind_here())")
        assert (child.returncode, child.stdout, child.stderr) == (0, kind_here() + "\\n", "")

    def test_a_child_ends_as_python_ends():
        raised = python("print('before'); 1 / 0")
        assert (raised.returncode, raised.stdout) == (1, "before\\n")
        assert raised.stderr.splitlines()[-1] == "ZeroDivisionError: division by zero"
        assert python("import os; os.abort()").returncode == -signal.SIGABRT
"""


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The harness's module; it finds its neighbours by sys.path, as a script does."""
    monkeypatch.syspath_prepend(str(UPSTREAM))
    ours = ("run", "suite", "guest")
    before = {name: sys.modules.pop(name, None) for name in ours}
    import run as module

    yield module
    for name in ours:
        sys.modules.pop(name, None)
        if before[name] is not None:
            sys.modules[name] = before[name]


def job_of(run: ModuleType, kind: str, folder: Path, release: str = "0.9.0") -> Any:
    return run.Job(run.SUITES[release], kind, folder, ["other"])


@pytest.mark.parametrize("kind", KINDS)
def test_each_test_has_the_outcome_that_happened(
    kind: str, run: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINY_PATH", str(UPSTREAM))
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "test_tiny.py").write_text(textwrap.dedent(SUITE))
    job = job_of(run, kind, tmp_path)
    results = job.results

    run.run_part(job, ["test/test_tiny.py"])

    found = {test.rpartition("::")[2]: out for (test, _), (out, _) in results.tests.items()}
    assert found == {
        "test_passes": "passed",
        "test_fails": "failed",
        "test_skips": "skipped",
        "test_crashes": "crashed",
        "test_that_comes_after_the_crash": "passed",
        "test_a_child_is_of_the_same_kind": "passed",
        "test_a_child_ends_as_python_ends": "passed",
    }, results
    reasons = {test.rpartition("::")[2]: why for (test, _), (_, why) in results.tests.items()}
    assert reasons["test_skips"] == "the reason for it"
    assert reasons["test_crashes"].startswith("exit status -11")
    assert "none of the three" in reasons["test_fails"]
    assert results.seen == {kind}
    assert not results.broken
    assert not run.show(job)


@pytest.mark.long
def test_a_test_that_hangs_is_named_with_its_stack(
    run: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "SECONDS", 10)
    (tmp_path / "test").mkdir()
    text = "import threading\ndef test_hangs():\n    threading.Event().wait()\n"
    (tmp_path / "test" / "test_tiny.py").write_text(text)
    job = job_of(run, "main", tmp_path)

    run.run_part(job, ["test/test_tiny.py"])

    ((test, _), (outcome, reason)) = next(iter(job.results.tests.items()))
    assert test.endswith("::test_hangs")
    assert outcome == "crashed"
    assert "in test_hangs" in reason


def test_a_file_that_cannot_be_collected_is_not_a_success(run: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "test_tiny.py").write_text("import no_such_module\n")
    job = job_of(run, "own-gil", tmp_path)

    run.run_part(job, ["test/test_tiny.py"])

    assert len(job.results.broken) == 1
    assert "no_such_module" in job.results.broken[0]


def test_results_of_another_kind_of_interpreter_are_refused(
    run: ModuleType, tmp_path: Path
) -> None:
    job = job_of(run, "own-gil", tmp_path)
    job.results = run.Results(tests={("test", "other"): ("passed", "")}, seen={"main"})

    assert not run.show(job)
    assert job.results.broken == ["own-gil  HPy 0.9.0: pytest ran in ['main']"]


@pytest.mark.parametrize(("release", "abi"), [("0.9.0", "hybrid"), ("0.0.4", "debug")])
def test_a_test_that_came_to_nothing_is_named_by_its_abi(
    release: str, abi: str, run: ModuleType, tmp_path: Path
) -> None:
    job = job_of(run, "main", tmp_path, release)
    has = job.suite.tests
    job.results.tests = {(str(n), a): ("passed", "") for a, c in has.items() for n in range(c)}
    assert run.lost(job) == []
    del job.results.tests["0", abi]

    number = has[abi]
    assert run.lost(job) == [f"{abi}: {number - 1} tests had an outcome, the suite has {number}"]


# ---- what is left out --------------------------------------------------------------------------


@pytest.mark.parametrize("release", ["0.9.0", "0.0.4"])
def test_every_file_with_tests_is_run_or_left_out_with_a_reason(
    release: str, run: ModuleType
) -> None:
    folder = upstream_sdist(release)

    files = run.test_files(folder, release)
    assert len(files) > 25
    assert {"test/test_00_basic.py", "test/debug/test_charptr.py"} <= set(files)
    assert not [file for file in files if "hpy_devel" in file]


def test_a_file_with_tests_that_nobody_names_is_an_error(
    run: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import suite

    monkeypatch.setattr(suite, "left_out", lambda _: ())
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "test_more.py").touch()

    with pytest.raises(ValueError, match="elsewhere/test_more.py"):
        run.test_files(tmp_path, "0.0.4")


def test_what_is_left_out_and_not_there_is_an_error(run: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not in the distribution: .*microbench"):
        run.test_files(tmp_path, "0.0.4")


@pytest.mark.parametrize(
    "entry",
    [
        'releases = ["0.0.4"]\ntest = "a"\npath = "b"\nreason = "two kinds"',
        'releases = ["0.0.4"]\npath = "a"\nabi = "debug"\nreason = "no ABI of a file"',
        'releases = ["0.0.4"]\ntest = "a"\nabi = "no such ABI"\nreason = "a"',
        'releases = ["0.0.4"]\ntest = "no reason"\nreason = ""',
        'releases = ["0.0.5"]\ntest = "no such release"\nreason = "a"',
        'releases = ["0.0.4"]\ntest = "a word"\nreason = "a"\nwithout = true',
    ],
)
def test_a_wrong_entry_is_named(
    entry: str, run: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import suite

    (tmp_path / "left_out.toml").write_text(f"[[left_out]]\n{entry}\n")
    monkeypatch.setattr(suite, "HERE", tmp_path)

    with pytest.raises(ValueError, match=r"left_out.toml: \{.*'releases'"):
        suite.left_out("0.0.4")


def test_a_test_that_is_left_out_and_not_there_is_an_error(run: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "test_hpyfield.py").write_text("def test_other():\n    pass\n")
    job = job_of(run, "main", tmp_path)

    run.run_part(job, ["test/test_hpyfield.py"])

    assert len(job.results.broken) == 1
    assert "left_out.toml names tests that are not there" in job.results.broken[0]


def test_a_test_that_is_left_out_of_an_abi_and_has_no_such_abi_is_an_error(
    run: ModuleType, tmp_path: Path
) -> None:
    (tmp_path / "test").mkdir()
    text = "class TestBasic:\n    def test_ctx_name(self):\n        pass\n"
    (tmp_path / "test" / "test_00_basic.py").write_text(text)
    job = job_of(run, "main", tmp_path)

    run.run_part(job, ["test/test_00_basic.py"])

    assert len(job.results.broken) == 1
    assert "('test_00_basic.py::TestBasic::test_ctx_name', 'cpython')" in job.results.broken[0]


# ---- choices -----------------------------------------------------------------------------------


def test_our_headers_are_not_those_of_0_0_4(
    run: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run.parse(["--headers", "hpystate"])[0].release == ["0.9.0"]
    with pytest.raises(SystemExit):
        run.parse(["--headers", "hpystate", "--release", "0.0.4"])
    assert "not those of HPy 0.0.4; with them --release 0.9.0 was expected" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize("headers", ["upstream", "hpystate"])
def test_the_cpython_abi_is_compiled_with_our_headers_in_every_run(
    headers: str, run: ModuleType
) -> None:
    import suite

    own = suite.folder_of("0.9.0", "hpystate")
    chosen = ["--headers", headers, "--kind", "main", "--abi", "cpython", "--abi", "debug"]
    work = run.make_jobs(run.parse([*chosen, "--release", "0.9.0"])[0])

    where = {abi: job.folder for job, _ in work for abi in job.abis}
    assert where == {"debug": suite.folder_of("0.9.0", headers), "cpython": own}
    assert (own / "hpy" / "devel" / "include" / "hpy" / "cpython").is_dir()
    assert len({id(job.results) for job, _ in work}) == 1
    assert (where["debug"] == own) == (headers == "hpystate")


def test_0_0_4_is_not_run_for_the_cpython_abi(run: ModuleType) -> None:
    options = run.parse(["--kind", "main", "--release", "0.0.4"])[0]
    ((job, _),) = run.make_jobs(options)
    assert set(job.abis) == set(run.ABIS) - {"cpython"}


def test_an_abi_can_be_left_out_of_one_kind_of_interpreter_or_of_all(run: ModuleType) -> None:
    left = ["--release", "0.9.0", "--without", "cpython/legacy", "--without", "debug"]
    ran: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for job, _ in run.make_jobs(run.parse(left)[0]):
        ran[job.kind] |= set(job.abis)

    here = set(run.ABIS) - {"debug"}
    assert ran == {"main": here, "legacy": here - {"cpython"}, "own-gil": here}


def test_a_file_that_no_suite_has_is_an_error(
    run: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run.main(["--release", "0.0.4", "--file", "test/test_capsule.py"]) == 2
    assert "no suite of ['0.0.4'] runs the file test/test_capsule.py" in capsys.readouterr().out


def test_results_of_one_release_keep_those_of_the_other(run: ModuleType, tmp_path: Path) -> None:
    for release in ("0.9.0", "0.0.4"):
        job = job_of(run, "main", tmp_path, release)
        job.results.tests = {(release, "debug"): ("passed", "")}
        run.write_results([job], tmp_path)

    (file,) = tmp_path.glob("*.json")
    counts = {release: of["main"]["counts"] for release, of in json.loads(file.read_text()).items()}
    assert counts == {"0.9.0": {"debug": {"passed": 1}}, "0.0.4": {"debug": {"passed": 1}}}


# ---- leaks -------------------------------------------------------------------------------------

LOST = """\
Direct leak of 24 byte(s) in 1 object(s) allocated from:
    #0 0x7f in operator new(unsigned long) asan/asan_new_delete.cpp:99
    #1 0x7f in std::vector<int>::reserve (/usr/lib/libstdc++.so.6+0x1)
    #2 0x7f in {where}
    #3 0x7f in method_vectorcall_NOARGS Objects/descrobject.c:453
"""


def test_only_what_our_code_allocated_is_a_leak_of_ours(run: ModuleType) -> None:
    import leaks

    ours = "make (/build/hpystate/_native.cpython-312-x86_64-linux-gnu.so+0x2)"
    assert leaks.is_ours(LOST.format(where=ours))
    assert not leaks.is_ours(LOST.format(where="PyList_New Objects/listobject.c:159"))


def test_a_leak_is_not_a_success(run: ModuleType, tmp_path: Path) -> None:
    job = job_of(run, "main", tmp_path)
    job.results = run.Results(seen={"main"}, leaks=["Direct leak of 24 byte(s)"], looked=1)

    assert not run.show(job)
