"""test_run.py: the stress run fails where it must: crashes, wrong values, losses, no checks."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

STRESS = Path(__file__).resolve().parents[2] / "stress"


@pytest.fixture(scope="module")
def run() -> ModuleType:
    sys.path.insert(0, str(STRESS))
    spec = importlib.util.spec_from_file_location("stress_run", STRESS / "run.py")
    assert spec is not None and spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.path.remove(str(STRESS))
    return module


def judged(run: ModuleType, status: int, without: bool = False, **result: Any) -> list[str]:
    outcome = run.Outcome("churn", 7, without)
    outcome.result = {"problems": [], "checked": 5, "made": 2, "destroyed": 2, **result}
    run.judge(outcome, status, "what it said")
    return outcome.problems


def test_a_run_that_checked_and_lost_nothing_is_good(run: ModuleType) -> None:
    assert judged(run, 0) == []


def test_a_run_that_checked_nothing_fails(run: ModuleType) -> None:
    assert judged(run, 0, checked=0) == ["nothing was checked"]


def test_the_control_need_not_check(run: ModuleType) -> None:
    assert judged(run, 0, without=True, checked=0) == []


def test_a_wrong_value_fails(run: ModuleType) -> None:
    assert judged(run, 1, wrong=1) == ["1 wrong values"]


def test_a_lost_object_fails(run: ModuleType) -> None:
    assert judged(run, 1, destroyed=1) == ["1 of 2 objects destroyed"]


def test_a_status_without_a_problem_fails(run: ModuleType) -> None:
    assert judged(run, 3) == ["ended with status 3: what it said"]


def test_a_crash_fails_though_there_is_a_result(run: ModuleType) -> None:
    assert judged(run, -11) == ["ended by SIGSEGV: what it said"]


def test_a_process_without_a_result_fails(run: ModuleType) -> None:
    outcome = run.Outcome("late", 7, False)
    run.judge(outcome, 0, "nothing")

    assert outcome.problems == ["ended with status 0, no result: nothing"]


class FakeRunner:
    """Gives outcomes one after the other instead of running anything."""

    def __init__(self, run: ModuleType, statuses: list[tuple[int, bool]]) -> None:
        self.outcomes: list[Any] = []
        self.asked: list[dict[str, Any]] = []
        self.growth: dict[str, float] = {}
        self.options = argparse.Namespace(interpreters=0, loads=0, controls=1)
        self._run = run
        self._statuses = iter(statuses)

    def run(self, scenario: str, seconds: float, **more: Any) -> Any:
        status, without = next(self._statuses)
        self.asked.append(more)
        assert more.get("without", False) is without
        outcome = self._run.Outcome(scenario, more.get("seed") or 7, without)
        if status == 0:
            outcome.result = {"problems": [], "checked": 5, "interpreters": 5, "seconds": 5.0}
        self._run.judge(outcome, status, "what it said")
        self.outcomes.append(outcome)
        return outcome


OURS, CONTROL = False, True
SIGSEGV = -11


def churned(run: ModuleType, statuses: list[tuple[int, bool]]) -> FakeRunner:
    runner = FakeRunner(run, statuses)
    run.churn(runner, 3.0)
    assert next(runner._statuses, None) is None, "not all of them were run"
    return runner


def problems_of(runner: FakeRunner) -> list[str]:
    return [problem for outcome in runner.outcomes for problem in outcome.problems]


def test_a_crash_of_the_churn_fails_with_the_gil(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "WITHOUT_GIL", False)

    assert problems_of(churned(run, [(SIGSEGV, OURS)]))
    assert problems_of(churned(run, [(0, OURS), (SIGSEGV, CONTROL)]))


def test_a_crash_without_the_gil_is_excused_by_a_control_that_crashes(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "WITHOUT_GIL", True)
    runner = churned(
        run,
        [(SIGSEGV, OURS), (0, CONTROL), (SIGSEGV, CONTROL), (0, OURS)],
    )

    assert problems_of(runner) == []
    rows = run.totals(runner.outcomes)
    assert rows["churn"]["crashes"] == 1
    told = "\n".join(run.stepped_around(rows))
    assert "1 of 2 processes of churn crashed" in told


def test_a_crash_without_the_gil_fails_where_no_control_crashes(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "WITHOUT_GIL", True)
    controls = [(0, CONTROL)] * run.TRIES

    assert problems_of(churned(run, [(SIGSEGV, OURS), *controls]))


@pytest.mark.parametrize("status", [-9, -6])
def test_a_hang_and_an_abort_are_never_excused(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(run, "WITHOUT_GIL", True)

    assert problems_of(churned(run, [(status, OURS)]))


def test_no_more_than_a_few_crashes_are_excused(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "WITHOUT_GIL", True)
    excused = [(SIGSEGV, OURS), (SIGSEGV, CONTROL)] * run.EXCUSED

    assert problems_of(churned(run, [*excused, (SIGSEGV, OURS)])) == [
        "ended by SIGSEGV: what it said"
    ]


def test_crashes_that_controls_have_less_often_are_not_excused(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "WITHOUT_GIL", True)
    rare = [(SIGSEGV, OURS), *[(0, CONTROL)] * (run.TRIES - 1), (SIGSEGV, CONTROL)]

    assert problems_of(churned(run, rare * 4)) == [
        "ended by SIGSEGV: what it said",
        "4 of 4 batches crashed with hpystate, 4 of 24 without: too many to be CPython's own",
    ]


def test_where_cpython_crashes_as_often_the_next_batch_is_smaller(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "WITHOUT_GIL", True)
    both = [(SIGSEGV, OURS), (SIGSEGV, CONTROL)]
    runner = churned(run, [*both, *both, *both, (0, OURS)])

    assert problems_of(runner) == []
    assert [more["more"] for more in runner.asked[0:7:2]] == [
        ("--interpreters", str(number)) for number in (400, 200, 100, 50)
    ]


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [((1, 1), (1, 1), 1.0), ((3, 3), (0, 3), 1 / 20), ((0, 5), (3, 5), 1.0), ((2, 2), (1, 2), 0.5)],
)
def test_the_likelihood_is_that_of_fishers_exact_test(
    run: ModuleType, ours: tuple[int, int], theirs: tuple[int, int], expected: float
) -> None:
    assert run.likelihood(ours, theirs) == pytest.approx(expected)


def test_no_run_changes_what_the_documents_show_unless_it_is_told_to(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`make test` compares the documents with stress/results."""
    options: list[argparse.Namespace] = []
    monkeypatch.setattr(run, "run", lambda parsed: options.append(parsed) or 0)
    for arguments in ([], ["--only", "cost"], ["--quick", "--beside"]):
        monkeypatch.setattr(sys, "argv", ["run.py", *arguments])
        assert run.main() == 0

    assert {parsed.results for parsed in options} == {run.BUILD / "stress" / "results"}
    assert not run.BUILD.is_relative_to(STRESS)


def test_growth_is_measured_behind_the_first_quarter(run: ModuleType) -> None:
    outcome = run.Outcome("churn", 7, False)
    outcome.memory = [(n, 0.0, 10**9 if n < 100 else 1000 * n) for n in range(0, 401, 10)]

    assert run.growth(outcome) == pytest.approx(1000)


def test_a_few_interpreters_tell_no_growth(run: ModuleType) -> None:
    outcome = run.Outcome("churn", 7, False)
    outcome.memory = [(n, 0.0, n) for n in range(30)]

    assert run.growth(outcome) is None


@pytest.mark.parametrize(
    ("ours", "theirs", "pairs", "is_judged_bad"),
    [
        (1_100, 1_120, 5, False),
        (1_160, 1_100, 5, False),  # the same script differs by as much
        (1_180, 1_100, 5, True),
        (1_180, 1_100, 2, False),  # too few
        (20, 4, 5, True),
        (-5, -11, 5, False),
        (-1, -11, 5, True),
        (20, -400, 5, True),
    ],
)
def test_memory_may_grow_by_no_more_than_without(
    run: ModuleType, ours: float, theirs: float, pairs: int, is_judged_bad: bool
) -> None:
    growth = {"with": ours * 1024, "without": theirs * 1024, "batches": pairs}

    assert bool(run.judge_growth(growth)) == is_judged_bad


def test_builds_without_the_gil_have_results_of_their_own(
    run: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run.sysconfig, "get_config_var", {"ABIFLAGS": "t"}.get)
    targets: list[Path] = []
    monkeypatch.setattr(run, "measure", lambda program, target, say: targets.append(target) or [])
    options = argparse.Namespace(
        seed=1,
        threads=1,
        seconds=1.0,
        program=tmp_path,
        only="flat",
        quick=False,
        beside=False,
        results=tmp_path,
    )

    assert run.run(options) == 0
    assert [target.name for target in targets] == [
        f"{sys.version_info[0]}.{sys.version_info[1]}t-flat.json"
    ]


@pytest.fixture
def options(tmp_path: Path) -> argparse.Namespace:
    return argparse.Namespace(
        only=None, quick=False, seed=1, threads=4, results=tmp_path / "results", plot=None
    )


def saved(run: ModuleType, options: argparse.Namespace) -> set[str]:
    before = set(options.results.glob("*"))
    runner = FakeRunner(run, [])
    runner.outcomes = [run.Outcome("churn", 7, False, memory=[(n, 1.0 * n, n) for n in range(9)])]
    run.save(options, {}, [], runner)
    return {path.name for path in set(options.results.glob("*")) - before}


def test_each_run_has_result_files_of_its_own(
    run: ModuleType, options: argparse.Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "version_name", lambda: "3.12")

    for only in (None, "faults", *run.SHARES):
        for quick in (False, True):
            options.only, options.quick = only, quick
            stem = "3.12" + (f"-{only}" if only else "") + ("-quick" if quick else "")
            assert saved(run, options) == {f"{stem}.json", f"{stem}-curves.json"}


def test_a_plot_is_made_where_one_is_wanted(
    run: ModuleType, options: argparse.Namespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    curves = ModuleType("curves")  # without matplotlib, which not every environment has
    curves.draw = lambda outcomes, file: file.write_text("")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "curves", curves)
    saved(run, options)
    assert list(tmp_path.rglob("*.png")) == []

    options.plot = tmp_path / "memory.png"
    saved(run, options)
    assert options.plot.exists()


def test_a_plot_that_cannot_be_made_is_refused_before_anything_runs(
    run: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run.importlib.util, "find_spec", lambda name: name)
    assert run.problem_with_plot(None, "asan") == ""
    assert run.problem_with_plot(tmp_path / "memory.png", None) == ""

    assert "is not measured" in run.problem_with_plot(tmp_path / "memory.png", "asan")
    for bad in (tmp_path, tmp_path / "no" / "folder.png"):
        assert f"{bad} cannot be written" in run.problem_with_plot(bad, None)
    monkeypatch.setattr(run.importlib.util, "find_spec", lambda name: None)
    assert "matplotlib is missing" in run.problem_with_plot(tmp_path / "memory.png", None)


def test_a_step_around_a_fault_of_cpython_is_told(run: ModuleType) -> None:
    outcome = run.Outcome("churn", 7, False)
    outcome.result = {"problems": [], "checked": 5, "gh_157519": 3}

    assert run.stepped_around(run.totals([])) == []
    assert "3 interpreters" in run.stepped_around(run.totals([outcome]))[0]


def test_interpreters_made_one_at_a_time_without_the_gil_are_told(run: ModuleType) -> None:
    outcomes = [run.Outcome("churn", 7, without) for without in (False, True)]
    for outcome in outcomes:
        outcome.result = {"problems": [], "checked": 5, "one_at_a_time": 400}

    (told,) = run.stepped_around(run.totals(outcomes))

    assert "800 interpreters one at a time, with hpystate and without" in told


def test_a_process_that_hangs_in_cpythons_end_is_told_beside_its_control(
    run: ModuleType,
) -> None:
    result = {
        "problems": [],
        "checked": 1,
        "ended": 7,
        "stuck in Py_FinalizeEx": 2,
        "processes without hpystate": 8,
        "stuck in Py_FinalizeEx without hpystate": 1,
    }
    outcome = run.Outcome("faults-thread", 1, False, result=result)

    (told,) = run.stepped_around(run.totals([outcome]))

    assert "2 of 9 processes" in told
    assert "1 of 8 without hpystate" in told


@pytest.mark.parametrize("kind", ["asan", "tsan"])
def test_under_sanitizers_threads_are_not_ended_and_nothing_forks(
    run: ModuleType, kind: str
) -> None:
    chosen = run.chosen_scenarios(None, sanitized=kind, version=(3, 12))

    assert {"churn", "first-import", "late", "again", "overwrite"} <= set(chosen)
    assert {"churn-c", "late-embed"} <= set(chosen)
    assert not {"faults-thread", "faults-fork", "faults-memory", "cost"} & set(chosen)
    assert "faults-memory-embed" not in chosen


def test_what_is_asked_for_runs_under_sanitizers_too(run: ModuleType) -> None:
    assert run.chosen_scenarios("faults-thread", sanitized="asan") == ["faults-thread"]


def test_without_sanitizers_every_scenario_runs(run: ModuleType) -> None:
    assert run.chosen_scenarios(None, sanitized=None, version=(3, 12)) == list(run.SHARES)


def test_the_other_faces_run_on_one_version(run: ModuleType) -> None:
    chosen = run.chosen_scenarios(None, sanitized=None, version=(3, 14))

    assert "late" in chosen
    assert [name for name in chosen if name.endswith(("-c", "-embed"))] == []
    named = run.chosen_scenarios("late-embed", sanitized=None, version=(3, 14))
    assert named == ["late-embed"]
    assert run.chosen_scenarios("late", None, version=(3, 12)) == ["late", "late-c", "late-embed"]


def test_where_other_work_runs_beside_no_time_is_judged(run: ModuleType) -> None:
    left = run.chosen_scenarios(None, sanitized=None, beside=True, version=(3, 12))

    assert set(run.SHARES) - set(left) == {"cost"}
