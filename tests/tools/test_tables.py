"""test_tables.py: the tables in the documents are those of the data, and a difference is named."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "tables.py"


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(TOOL.parent)
    spec = importlib.util.spec_from_file_location("tables", TOOL)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def page(tables: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A document with a place for one table, whose content is 'new'."""
    monkeypatch.setattr(tables, "ROOT", tmp_path)
    monkeypatch.setattr(tables, "DOCUMENTS", (("page.md", "numbers", lambda: "new\n"),))
    page = tmp_path / "page.md"
    page.write_text(
        "a\n<!-- tools/tables.py writes: numbers -->\nold\n<!-- end of: numbers -->\nb\n"
    )
    return page


def test_the_documents_show_the_data(
    tables: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tables.main([]) == 0
    assert capsys.readouterr().out == "tables: ok\n"


def test_a_table_that_is_out_of_date_is_named(
    tables: ModuleType, page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = page.read_text()

    assert tables.main([]) == 1
    assert "page.md: the table 'numbers' is out of date" in capsys.readouterr().out
    assert page.read_text() == before


def test_write_changes_the_table_alone(tables: ModuleType, page: Path) -> None:
    before = page.read_text()

    assert tables.main(["--write"]) == 0
    assert page.read_text() == before.replace("old", "new")
    assert tables.main([]) == 0


def test_a_document_without_a_place_for_its_table_is_named(
    tables: ModuleType, page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page.write_text("no marks")

    assert tables.main(["--write"]) == 1
    assert "page.md has no place for the table 'numbers'" in capsys.readouterr().out
    assert page.read_text() == "no marks"


def test_another_argument_is_refused(
    tables: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tables.main(["--wirte"]) == 2
    assert "--wirte" in capsys.readouterr().out


def stress_result(checked: int, wrong: int = 0, crashes: int = 0, destroyed: int = 4) -> str:
    row = {"checked": checked, "wrong": wrong, "crashes": crashes, "processes": 1}
    row |= {"made": 4, "destroyed": destroyed, "interpreters": 2}
    return json.dumps({"python": "3.12.1", "scenarios": {"churn": row}})


def test_wrong_values_crashes_and_losses_of_all_runs_are_shown(
    tables: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "STRESS", tmp_path)
    (tmp_path / "3.12.json").write_text(stress_result(7, wrong=1, crashes=2, destroyed=1))
    (tmp_path / "3.12-churn.json").write_text(stress_result(1000))

    column = tables.Bars().columns["3.12.1"]

    assert column["wrong"] == "1, 2, 3"
    assert column["loads"] == "1,000"


def test_only_long_runs_of_scenarios_are_shown(
    tables: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "STRESS", tmp_path)
    runs = ["3.12", "3.12-faults", "3.12-faults-memory", "3.12-faults-thread", "3.13t-churn"]
    others = ["3.12-curves", "3.12-faults-curves", "3.12-quick", "3.12-churn-quick"]
    others += ["3.12-quick-curves", "3.12-flat", "3.13t-threads"]
    for stem in runs + others:
        (tmp_path / f"{stem}.json").write_text(stress_result(7))

    assert sorted(stem for stem, _ in tables.stress_runs()) == runs
