"""test_packages.py: `make packages`: its list, how a package is tried and judged, its results.

The package is a module that is compiled here, so nothing is fetched.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.doctor.extensions import OWN, build, multi
from tests.packages.conftest import Bench

FOLDER = Path(__file__).resolve().parent
WORK = sorted((FOLDER / "workloads").glob("*.py"))
RESULTS = sorted((FOLDER / "results").glob("*.json"))
AT_HOME = "import home\ndef work(i):\n    return i, home.at_home()\n"


@pytest.fixture
def listed(tools: ModuleType) -> Any:
    return tools.read()


# ---- the list ----------------------------------------------------------------------------------
def test_each_package_has_a_workload_and_each_workload_a_package(listed: Any) -> None:
    assert sorted(row.workload for row in listed.rows.values()) == WORK
    assert len(listed.rows) >= 60


def test_each_version_is_pinned(listed: Any) -> None:
    for row in listed.rows.values():
        assert re.fullmatch(r"\d+(\.\w+)+", row.version), row.name
        assert all("==" in each for each in row.beside), row.name


@pytest.mark.parametrize("file", WORK, ids=lambda file: file.stem)
def test_a_workload_is_a_function_of_a_number(file: Path) -> None:
    functions = [n for n in ast.parse(file.read_text()).body if isinstance(n, ast.FunctionDef)]
    (work,) = (function for function in functions if function.name == "work")

    assert [argument.arg for argument in work.args.args] == ["i"]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"version": "1.0"}, "a list: home: 'modules' was expected and is missing"),
        ({"version": 1, "modules": ["home"]}, "a list: home: 'version' is 1: a str was expected"),
        ({"versions": "1.0"}, "a list: home: 'versions': one of version, modules, .* was expected"),
    ],
)
def test_a_wrong_entry_is_named(bench: Bench, entry: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        bench.rows.row_of("home", entry, "a list")


def test_a_quick_name_that_is_not_in_the_list_is_named(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "list.json"
    file.write_text('{"quick": ["nothing"], "standard": {}, "packages": {}}')

    with pytest.raises(ValueError, match="quick: nothing: not in the list of packages"):
        bench.rows.read(file)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "nothing"], "--only nothing: names in tests/packages/packages.json"),
        (["--cycles", "0"], "--cycles 0: 1 or more was expected"),
        (["--write", "--cycles", "2"], "--write: one cycle was expected, not 2"),
    ],
)
def test_a_wrong_option_is_named(
    tools: ModuleType,
    listed: Any,
    arguments: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        tools.parse(arguments, listed)

    assert ended.value.code == 2
    assert said in capsys.readouterr().err


# ---- a package in each situation ---------------------------------------------------------------
def test_a_static_is_right_in_images_and_wrong_where_the_image_is_shared(bench: Bench) -> None:
    found = bench.attempt(AT_HOME, "images", "plain", "shared")

    assert found["main"]["outcome"] == "right"
    assert found["images"]["outcome"] == "right", found
    assert found["images"]["right"] >= 4 * bench.trials.ROUNDS
    assert found["images"]["wrong"] == 0
    assert found["images"]["images"] >= 1
    assert found["plain"]["outcome"] == "refused", found
    assert "3 of 4: ImportError" in found["plain"]["detail"]
    assert found["shared"]["outcome"] == "wrong", found
    wrong = r"work\((\d)\): \(\1, True\) was expected, found \(\1, False\)"
    assert re.search(wrong, found["shared"]["detail"])
    assert found["isolated"] == ["home"]


def test_a_crash_is_named_with_its_signal_and_its_place(bench: Bench) -> None:
    work = "import home\ndef work(i):\n    return home.only_main()\n"

    found = bench.attempt(work, "images")

    assert found["images"]["outcome"] == "crashed"
    assert re.match(r"SIGABRT in .*work", found["images"]["detail"])


def test_a_package_that_takes_too_long_is_ended(bench: Bench) -> None:
    work = "import home, time\ndef work(i):\n    home.at_home() or time.sleep(600)\n"
    bench.setting = replace(bench.setting, limit=10.0)

    found = bench.attempt(work, "shared")

    assert found["shared"]["outcome"] == "timed out"
    assert "work" in found["shared"]["detail"]
    assert found["shared"]["seconds"] < 60


def test_a_package_that_goes_on_in_python_is_refused(bench: Bench) -> None:
    work = (
        "try:\n    import home\nexcept ImportError:\n    home = None\n"
        "def work(i):\n    return bool(home is None or home.at_home())\n"
    )

    found = bench.attempt(work, "images", "plain")

    assert found["images"]["outcome"] == "right"
    assert found["plain"]["outcome"] == "refused"
    assert "home: not loaded, or not as a compiled module" in found["plain"]["detail"]


def test_a_module_that_is_not_an_image_is_not_right(bench: Bench) -> None:
    build(bench.folder, "owned", multi("owned", slots=OWN))
    row = bench.row("import owned\ndef work(i):\n    return i\n", modules=["owned"])
    main = bench.trials.attempt(bench.setting, row, "main", {})
    assert main["isolate"] == ["owned"]

    found = bench.trials.attempt(bench.setting, row, "images", main | {"isolate": ["other"]})

    assert found["outcome"] == "raised"
    assert "not an image of this interpreter: owned" in found["detail"]


def test_results_of_main_that_differ_or_lack_an_exception_are_told(bench: Bench) -> None:
    differs = "import home\nn = []\ndef work(i):\n    n.append(i)\n    return len(n)\n"
    lacks = "import home\ndef work(i):\n    return 'nothing was raised'\n"
    not_plain = "import home\ndef work(i):\n    return object()\n"

    for work, said in (
        (differs, "work(0) differs in the same process"),
        (lacks, "work(0): an exception was expected and is missing"),
        (not_plain, "ValueError|SyntaxError"),
    ):
        found = bench.attempt(work, "images")
        assert found["main"]["outcome"] == "crashed"
        assert re.search(said.replace("(", r"\(").replace(")", r"\)"), found["main"]["detail"])
        assert "images" not in found


def test_interpreters_are_made_and_ended_in_cycles(bench: Bench) -> None:
    bench.setting = replace(bench.setting, cycles=4)

    found = bench.attempt(AT_HOME, "images")

    assert found["images"]["outcome"] == "right", found
    cycles = bench.written("home-images.found.json")["others"]
    assert sorted((each["number"], each["cycle"]) for each in cycles) == [
        (number, cycle) for number in (1, 2, 3) for cycle in range(4)
    ]


# ---- a run -------------------------------------------------------------------------------------
def run(bench: Bench, row: Any, monkeypatch: pytest.MonkeyPatch, **more: object) -> int:
    monkeypatch.setattr(bench.tools.doctor_packages, "versions", lambda _: {"home": "1.0"})
    options = argparse.Namespace(
        **{"names": ["home"], "only": ["home"], "quick": False, "write": False} | more,
        without_controls=True,
    )
    listed = bench.rows.Listed({"home": row}, (), {})
    return bench.tools.run(options, listed, bench.setting, "0.0")


def test_a_row_that_is_not_right_is_named_in_the_end(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = bench.row("import home\ndef work(i):\n    return home.only_main()\n")
    assert run(bench, broken, monkeypatch) == 1
    said = capsys.readouterr()
    assert "packages: home 1.0: crashed: SIGABRT in" in said.err
    assert "0 of 1 right" in said.out

    assert run(bench, bench.row(AT_HOME), monkeypatch) == 0
    assert "1 of 1 right" in capsys.readouterr().out


def test_a_package_that_pip_did_not_install_is_named(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    row = bench.row(AT_HOME, version="2.0")

    assert run(bench, row, monkeypatch) == 1
    assert "home: pip did not install home==2.0" in capsys.readouterr().err


def test_a_package_that_should_be_refused_and_is_not_is_named(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(bench, bench.row(AT_HOME, refused="because"), monkeypatch) == 1
    assert "packages: home 1.0: right" in capsys.readouterr().err


def test_a_package_that_is_left_out_is_named(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    row = bench.row(AT_HOME, **{"not on": {bench.tools.VERSION: "because"}})

    assert run(bench, row, monkeypatch) == 0
    assert f"left out on {bench.tools.VERSION}: because" in capsys.readouterr().out


def test_rows_of_one_machine_are_put_together_and_of_two_are_not(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bench.tools, "RESULTS", tmp_path / "results")
    file = tmp_path / "results" / f"{bench.tools.VERSION}.json"
    monkeypatch.setattr(bench.tools.packages_tested, "write", lambda _: None)
    row = bench.row(AT_HOME)

    assert run(bench, row, monkeypatch, write=True) == 0
    document = json.loads(file.read_text())
    assert document["packages"]["home"]["images"]["outcome"] == "right"
    assert document["hpystate"] == "0.0"

    file.write_text(json.dumps(document | {"machine": "another one"}))
    with pytest.raises(bench.tools.CannotRun, match="has rows of machine 'another one'"):
        run(bench, row, monkeypatch, write=True)


def test_a_python_without_images_is_told(bench: Bench) -> None:
    setting = replace(bench.setting, environment={"PYTHONPATH": "/nothing/such"})

    with pytest.raises(bench.tools.CannotRun, match="no private images with .* make packages"):
        bench.tools.check(setting)


def test_the_child_tells_of_a_file_that_is_missing(tmp_path: Path) -> None:
    child = [sys.executable, str(FOLDER / "child.py"), str(tmp_path / "job"), str(tmp_path / "r")]

    ended = subprocess.run(child, capture_output=True, text=True, timeout=60, check=False)

    assert ended.returncode == 1
    assert "FileNotFoundError" in ended.stderr


# ---- results -----------------------------------------------------------------------------------
def test_there_are_results() -> None:
    assert RESULTS


@pytest.mark.parametrize("file", RESULTS, ids=lambda file: file.stem)
def test_the_results_are_of_all_packages_of_the_list(bench: Bench, listed: Any, file: Path) -> None:
    document = json.loads(file.read_text())

    here = {name: row for name, row in listed.rows.items() if file.stem not in row.not_on}
    found = {name: each["version"] for name, each in document["packages"].items()}
    assert found == {name: row.version for name, row in here.items()}
    assert document["python"].startswith(file.stem.rstrip("t"))
    for name, package in document["packages"].items():
        for situation in set(bench.trials.SITUATIONS) & set(package):
            assert package[situation]["outcome"] in bench.trials.OUTCOMES, name
        if file.stem in listed.rows[name].open:
            continue
        expected = "refused" if listed.rows[name].refused else "right"
        assert package["images"]["outcome"] == expected, name
        assert package["images"]["wrong"] == 0, name


def test_what_is_right_is_written_into_the_table_of_packages(bench: Bench, tmp_path: Path) -> None:
    tested = bench.tools.packages_tested
    row = {"version": "1.0", "modules": ["home.a", "*__mypyc"], "date": "2020-01-02"}
    good = row | {"expected": "right", "images": {"outcome": "right"}}
    bad = row | {"modules": ["bad"], "expected": "right", "images": {"outcome": "wrong"}}
    document = {"python": "3.14.1", "interpreters": 8, "packages": {"a": good, "b": bad}}
    old = {"version": "0.9", "python": "3.13.0", "how": "x"}
    file = tmp_path / "packages.json"
    file.write_text(json.dumps({"home": {"copy": ["lib*"], "tested": [old]}}))

    tested.write(document, file)
    once = file.read_text()
    tested.write(document, file)

    assert file.read_text() == once
    new = {"version": "1.0", "python": "3.14.1", "how": "8 interpreters at once, 2020-01-02"}
    assert json.loads(once) == {"home": {"copy": ["lib*"], "tested": [old, new]}}


def test_the_table_has_a_row_for_each_package(bench: Bench, listed: Any) -> None:
    import packages_table

    text = packages_table.of_packages()

    assert text.count("\n") == 2 + len(listed.rows)
    assert not re.search(r"\bsafe\b", text)
