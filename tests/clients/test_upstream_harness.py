"""test_upstream_harness.py: the harness of HPy's suite, on a small suite of this project.

Each test of that small suite ends in another way, and the harness must say so in every kind of
interpreter.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

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


@pytest.mark.parametrize("kind", KINDS)
def test_each_test_has_the_outcome_that_happened(
    kind: str, run: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINY_PATH", str(UPSTREAM))
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "test_tiny.py").write_text(textwrap.dedent(SUITE))
    results = run.Results()

    run.run_part(kind, tmp_path, ["other"], ["test/test_tiny.py"], results)

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
    assert not run.show(kind, results)


def test_a_test_that_hangs_is_named_with_its_stack(
    run: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "SECONDS", 10)
    (tmp_path / "test").mkdir()
    text = "import threading\ndef test_hangs():\n    threading.Event().wait()\n"
    (tmp_path / "test" / "test_tiny.py").write_text(text)
    results = run.Results()

    run.run_part("main", tmp_path, ["other"], ["test/test_tiny.py"], results)

    ((test, _), (outcome, reason)) = next(iter(results.tests.items()))
    assert test.endswith("::test_hangs")
    assert outcome == "crashed"
    assert "in test_hangs" in reason


def test_a_file_that_cannot_be_collected_is_not_a_success(run: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "test_tiny.py").write_text("import no_such_module\n")
    results = run.Results()

    run.run_part("own-gil", tmp_path, ["other"], ["test/test_tiny.py"], results)

    assert len(results.broken) == 1
    assert "no_such_module" in results.broken[0]


def test_results_of_another_kind_of_interpreter_are_refused(run: ModuleType) -> None:
    results = run.Results(tests={("test", "other"): ("passed", "")}, seen={"main"})

    assert not run.show("own-gil", results)
    assert results.broken == ["own-gil: pytest ran in ['main']"]


def test_a_test_that_came_to_nothing_is_named_by_its_abi(run: ModuleType) -> None:
    results = run.Results(
        tests={(str(n), abi): ("passed", "") for abi, c in run.TESTS.items() for n in range(c)}
    )
    assert run.lost(results) == []
    del results.tests["0", "hybrid"]

    assert run.lost(results) == ["hybrid: 74 tests had an outcome, the suite has 75"]


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


def test_a_leak_is_not_a_success(run: ModuleType) -> None:
    results = run.Results(seen={"main"}, leaks=["Direct leak of 24 byte(s)"], looked=1)

    assert not run.show("main", results)
