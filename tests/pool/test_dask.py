"""test_dask.py: the pool under dask, local and distributed, and under joblib."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hpystate.pool import InterpreterPool
from tests.pool import tasks

ROOT = Path(__file__).resolve().parents[2]


def needed(name: str) -> Any:
    """The module. Skips the test where it is missing; `make test` and `make test-long` install the
    extra `pool`, and there that is a failure."""
    if "HPYSTATE_WITH_POOL" in os.environ:
        return importlib.import_module(name)
    return pytest.importorskip(name, reason="pip install 'hpystate[pool]'")


def test_local() -> None:
    dask = needed("dask")
    from hpystate.pool.dask import DaskExecutor

    with InterpreterPool(2) as pool:
        executor = DaskExecutor(pool)
        assert "ThreadPoolExecutor" not in str(type(executor)) + str(type(pool))
        numbers = [dask.delayed(tasks.double)(i) for i in range(8)]
        nested = dask.delayed(len)({"a": numbers[0], "b": [numbers[1]]})
        found = dask.compute(dask.delayed(sum)(numbers), nested, scheduler=executor)
        assert found == (56, 2)
        # all of the user's functions ran in the pool: 8, sum and len
        assert sum(row.tasks for row in pool.counters()) == 10
        with pytest.raises(ValueError, match="not this"):
            dask.compute(dask.delayed(tasks.fail)("not this"), scheduler=executor)
        executor.shutdown()
        with pytest.raises(TypeError, match=r"an hpystate\.InterpreterPool was expected"):
            DaskExecutor(None)  # type: ignore[arg-type]


def test_joblib() -> None:
    joblib = needed("joblib")
    from hpystate.pool.joblib import register

    register("tested", modules=["colorsys"])
    with joblib.parallel_config(backend="tested", n_jobs=2):
        run = joblib.Parallel()
        found = run(joblib.delayed(tasks.loaded)("colorsys") for _ in range(4))
        assert found == [True] * 4
        assert run(joblib.delayed(tasks.add)(i, 1, third=2) for i in range(5)) == [*range(3, 8)]
        with pytest.raises(ValueError, match="nor this"):
            run(joblib.delayed(tasks.fail)("nor this") for _ in range(4))


@pytest.mark.long
def test_two_workers_and_one_is_killed() -> None:
    """examples/dask_workers: a scheduler, two workers of two interpreters, an HPy extension."""
    needed("distributed")
    run = subprocess.run(
        [sys.executable, ROOT / "examples" / "dask_workers" / "workers.py"],
        capture_output=True,
        text=True,
        timeout=240,
        env=os.environ | {"PYTHONFAULTHANDLER": "1"},
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "200 tasks" in run.stdout and "4 interpreters of 2 processes" in run.stdout
    assert "complete: True; wrong loads: 0" in run.stdout
    assert "Fatal Python error" not in run.stderr
