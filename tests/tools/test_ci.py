"""test_ci.py: no test is left out of .ci/run, and no kind of check."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ONCE, runs_once

ROOT = Path(__file__).resolve().parents[2]
#: What a row of .ci/run may run, besides `make test`. Each leaves tests out in its own way.
PARTS = (
    "test-version",
    "stress",
    "test-upstream",
    "test-pypy",
    "check",
    "check-without-gil",
    "sanitize",
    "fuzz",
)


@pytest.fixture(scope="module")
def rows() -> dict[str, str]:
    """The name of each row -> its command."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHON", "PYTHONPATH")}
    result = subprocess.run(
        [ROOT / ".ci" / "run", "--list"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(line.split(": ", 1) for line in result.stdout.splitlines())


@pytest.mark.long
def test_a_row_that_would_begin_too_late_is_named_and_nothing_run_is_a_failure(
    rows: dict[str, str],
) -> None:
    """Bash takes SECONDS, the time since its start, from the environment."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHON", "PYTHONPATH")}
    result = subprocess.run(
        [ROOT / ".ci" / "run"],
        cwd=ROOT,
        env=environment | {"CI": "true", "SECONDS": "4600"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    late = set(re.findall(r"^left out: (.*): no row begins after 75 minutes", result.stdout, re.M))

    assert result.returncode == 1, result.stderr
    assert {"test", "check", "wheel", "test-version"} <= {name.split()[0] for name in late}
    assert not {name for name in late - {*rows} if not name.startswith("demo ")}
    assert "====" not in result.stdout


def targets(rows: dict[str, str]) -> list[str]:
    return re.findall(r"\bmake ([a-z-]+)", "\n".join(rows.values()))


def test_one_row_runs_every_test(rows: dict[str, str]) -> None:
    """`make test` leaves out what `make test-long` runs, and nothing else."""
    everything = re.findall(r"^make (test|test-long) PYTHON=(\S+)$", "\n".join(rows.values()), re.M)

    assert [target for target, _ in everything] == ["test", "test-long"]
    assert len({python for _, python in everything}) == 1


def test_the_last_python_gets_the_long_tests_that_depend_on_it(rows: dict[str, str]) -> None:
    found = [row for row in rows.values() if "make test-long" in row and "ARGS" in row]

    assert len(found) == 1
    assert found[0].endswith("ARGS=-m 'long and not once'")


def test_every_other_python_gets_the_tests_that_depend_on_it(rows: dict[str, str]) -> None:
    tested = {name.split()[-1] for name in rows if name.startswith(("test ", "test-version "))}

    assert {"3.14", "3.15", "3.13t"} <= tested
    for command in rows.values():
        assert "make test-version" not in command or "ARGS" not in command


@pytest.mark.parametrize("part", PARTS)
def test_each_kind_of_check_has_a_row(rows: dict[str, str], part: str) -> None:
    assert part in targets(rows)


def test_the_first_python_alone_compiles_file_by_file(rows: dict[str, str]) -> None:
    """An include that a file lacks is missed there. The rows of a version share a build."""
    first = next(iter(rows)).split()[-1]
    together = {name for name, row in rows.items() if row.startswith("env HPYSTATE_UNITY=ON make ")}
    others = ("fresh ", "demo ", "sanitize ")

    expected = {n for n in rows if n.split()[-1] != first and not n.startswith(others)}
    assert len(expected) >= 12
    assert together == expected


def test_a_bar_of_time_is_judged_while_no_other_row_runs(rows: dict[str, str]) -> None:
    """Stress runs beside other rows without the scenario that has one, which has its own rows."""
    stressed = {name.split()[1]: row for name, row in rows.items() if name.startswith("stress ")}
    costs = [name.split()[1] for name in rows if name.startswith("cost ")]

    assert set(costs) == set(stressed)
    assert all("--beside" in row for row in stressed.values())
    assert next(iter(rows)).startswith("cost ")  # before the first that runs beside others


def test_a_release_build_runs_the_demo(rows: dict[str, str]) -> None:
    """A fresh machine does; where no chroot can be made there is a row of its own."""
    assert "demo" in targets(rows) or any("setup.sh fresh" in row for row in rows.values())


def test_upstreams_suite_runs_on_the_first_python_and_on_the_last(rows: dict[str, str]) -> None:
    found = {name.split()[-1]: row for name, row in rows.items() if name.startswith("upstream ")}

    assert len(found) == 2 and "3.15" in found
    for row in found.values():  # those of all releases
        assert "--release" not in row and "--file" not in row


def test_make_test_leaves_out_nothing_but_long_tests() -> None:
    """`once` is left out by one function of tools/setup.sh, which `make test-version` calls."""
    text = (ROOT / "tools" / "setup.sh").read_text()
    functions = re.findall(r"^(\w+)\(\) \{.*?^\}", text, re.MULTILINE | re.DOTALL)
    bodies = dict(re.findall(r"^(\w+)\(\) \{(.*?)^\}", text, re.MULTILINE | re.DOTALL))

    assert "run_tests" in functions
    assert [name for name, body in bodies.items() if "once" in body] == ["run_tests_of_version"]
    assert re.findall(r"run_pytest (.*)", bodies["run_tests"]) == ['-m "not long" "$@"']
    assert "-m long " in bodies["run_long_tests"]


def test_dask_and_joblib_are_installed_where_every_test_runs() -> None:
    """The extra `pool` of pyproject.toml; without it tests/pool skips them."""
    text = (ROOT / "tools" / "setup.sh").read_text()
    bodies = dict(re.findall(r"^(\w+)\(\) \{(.*?)^\}", text, re.MULTILINE | re.DOTALL))

    for function in ("run_tests", "run_long_tests"):
        assert "need_pool_packages" in bodies[function]
    assert "HPYSTATE_WITH_POOL" in bodies["need_pool_packages"]


@pytest.mark.parametrize("name", ONCE)
def test_what_runs_once_is_there(name: str) -> None:
    path = ROOT / "tests" / name

    assert path.exists()
    assert not path.is_dir() or list(path.glob("test_*.py"))


#: They name a version or a kind of build and are the same with every Python: they give both kinds.
GIVEN = {"stress/test_run.py", "tools/test_check_without_gil.py", "tools/test_ci.py"}


def test_what_runs_once_does_not_ask_for_the_python() -> None:
    depending = re.compile(r"sys\.version_info|Py_GIL_DISABLED")
    tests = ROOT / "tests"
    once = [path for path in tests.rglob("*.py") if runs_once(path)]
    found = {str(p.relative_to(tests)) for p in once if depending.search(p.read_text())}

    assert len(once) > 20
    assert found == GIVEN


def test_the_mark_follows_from_the_path(request: pytest.FixtureRequest) -> None:
    assert request.node.get_closest_marker("once") is not None
    assert runs_once(Path(__file__))
    assert not runs_once(ROOT / "tests" / "context" / "test_list.py")
