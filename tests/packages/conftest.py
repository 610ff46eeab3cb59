"""conftest.py: the tools of `make packages` as modules, and a list with a package made here."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.doctor.extensions import build, multi
from tests.limits import limits

TOOLS = Path(__file__).resolve().parents[2] / "tools"
MODULES = ("packages", "packages_table", "package_rows", "package_trials", "packages_tested")
BESIDE = ("doctor_packages", "trials", "machines", "pyglobal_tables")

#: A module with a static: the interpreter that was the last to import it.
HOME = "static int64_t home;"
FILL = "home = PyInterpreterState_GetID(PyInterpreterState_Get());"
FUNCTIONS = """
    static PyObject *at_home(PyObject *self, PyObject *unused) {
        return PyBool_FromLong(home == PyInterpreterState_GetID(PyInterpreterState_Get()));
    }
    static PyObject *only_main(PyObject *self, PyObject *unused) {
        if (PyInterpreterState_Get() != PyInterpreterState_Main()) abort();
        Py_RETURN_NONE;
    }
"""
METHODS = """
    {"at_home", at_home, METH_NOARGS, NULL}, {"only_main", only_main, METH_NOARGS, NULL},
"""


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """tools/packages.py; the others are modules in it or beside it."""
    monkeypatch.syspath_prepend(str(TOOLS))
    import packages

    yield packages
    for name in (*MODULES, *BESIDE):
        sys.modules.pop(name, None)


class Bench:
    """A package `home` with one compiled module, and what tries it with a workload."""

    def __init__(self, tools: ModuleType, folder: Path) -> None:
        self.tools, self.folder = tools, folder
        self.trials, self.rows = sys.modules["package_trials"], sys.modules["package_rows"]
        build(folder, "home", multi("home", HOME + FUNCTIONS, FILL, METHODS))
        self.logs = folder / "logs"
        self.logs.mkdir()
        paths = [*map(os.path.abspath, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
        self.setting = self.trials.Setting(
            Path(sys.executable),
            self.logs,
            interpreters=3,
            seconds=0.2,
            limit=60.0 * limits.patience(),
            environment={"PYTHONPATH": os.pathsep.join([str(folder), *paths])},
        )

    def row(self, work: str, **entry: object) -> Any:
        """The row of the package, with a workload whose text is given."""
        place = self.folder / "work"
        place.mkdir(exist_ok=True)
        (place / "home.py").write_text(work)
        made = self.rows.row_of("home", {"version": "1.0", "modules": ["home"]} | entry, "a list")
        return replace(made, workloads=place)

    def attempt(self, work: str, *situations: str, **entry: object) -> dict[str, Any]:
        return self.tools.try_row(self.setting, self.row(work, **entry), list(situations))

    def written(self, name: str) -> Any:
        return json.loads((self.logs / name).read_text())


@pytest.fixture
def bench(tools: ModuleType, tmp_path: Path) -> Bench:
    return Bench(tools, tmp_path)
