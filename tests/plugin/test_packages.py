"""test_packages.py: tools/suite_packages.py: its list, its results, and what it takes out of an
archive."""

from __future__ import annotations

import io
import json
import runpy
import tarfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOL: dict[str, Any] = runpy.run_path(str(ROOT / "tools" / "suite_packages.py"))
RESULTS = sorted(TOOL["RESULTS"].glob("*.json"))


def archive_of(folder: Path, *names: str) -> Path:
    file = folder / "thing-1.0.tar.gz"
    with tarfile.open(file, "w:gz") as archive:
        for name in names:
            content = b"def test(): pass\n"
            member = tarfile.TarInfo(f"thing-1.0/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file


@pytest.mark.parametrize("file", RESULTS, ids=lambda file: file.stem)
def test_the_results_are_of_all_packages_of_the_list(file: Path) -> None:
    document = json.loads(file.read_text())

    assert list(document["packages"]) == list(TOOL["PACKAGES"])
    assert document["python"].startswith(file.stem.rstrip("t"))
    for package in document["packages"].values():
        assert package["tests"] > 0
        assert package["interpreters"] == TOOL["INTERPRETERS"]
        assert package["did not run"] == {}


def test_there_are_results() -> None:
    assert RESULTS


def test_only_the_tests_are_taken_out_of_an_archive(tmp_path: Path) -> None:
    archive = archive_of(tmp_path, "tests/test_a.py", "tests/deep/test_b.py", "src/thing.py")

    folder = TOOL["unpack_tests"](archive, "tests", tmp_path / "out")

    assert folder == tmp_path / "out" / "thing-1.0" / "tests"
    taken = {str(file.relative_to(folder)) for file in folder.rglob("*.py")}
    assert taken == {"test_a.py", "deep/test_b.py"}
    assert not (tmp_path / "out" / "thing-1.0" / "src").exists()


def test_an_archive_without_tests_is_an_error_that_names_it(tmp_path: Path) -> None:
    archive = archive_of(tmp_path, "src/tests.py")

    with pytest.raises(LookupError, match=r"thing-1\.0\.tar\.gz: no folder tests/ with tests"):
        TOOL["unpack_tests"](archive, "tests", tmp_path / "out")


def test_a_package_that_is_not_in_the_list_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        TOOL["main"](["--only", "nothing-such"])

    assert ended.value.code == 2
    assert "nothing-such: names of PACKAGES were expected" in capsys.readouterr().err
