"""test_packages.py: tools/doctor_packages.py: its list, its results, one without a network."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from hpystate.doctor.verdict import VERDICTS
from tests.doctor import extensions as c
from tests.doctor.conftest import command

ROOT = Path(__file__).resolve().parents[2]
TOOL: dict[str, Any] = runpy.run_path(str(ROOT / "tools" / "doctor_packages.py"))
RESULTS = json.loads(TOOL["RESULTS"].read_text())


def test_the_results_are_of_all_packages_of_the_list() -> None:
    assert list(RESULTS["packages"]) == list(TOOL["PACKAGES"])
    assert len(RESULTS["packages"]) >= 30
    for package in RESULTS["packages"].values():
        counted = [each["verdict"] for each in package["modules"]]
        assert package["counts"] == {what: counted.count(what) for what in VERDICTS}
        assert len(counted) > 0
        for each in package["modules"]:
            assert each["exercise_failed"] is None, each


def test_a_summary_has_what_the_table_shows(tmp_path: Path) -> None:
    file = c.build(tmp_path, "holds", c.multi("holds", c.HOLDS, c.FILL, slots=c.OWN), "-g")
    found = TOOL["summary"](json.loads(command(file, "--json").stdout))
    (module,) = found["modules"]

    assert found["counts"]["port"] == 1
    assert (module["words"], module["variables"], module["named_by"]) == (4, 3, "DWARF")
    assert module["initialisation"] == "own GIL"


def test_a_package_that_is_not_in_the_list_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        TOOL["main"](["--only", "nothing-such"])

    assert ended.value.code == 2
    assert "nothing-such: names of PACKAGES were expected" in capsys.readouterr().err


def test_workloads_are_python() -> None:
    for code in TOOL["PACKAGES"].values():
        compile(code, "<workload>", "exec")
