"""test_fresh.py: what `make fresh` looks at, without a chroot."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

TOOLS = Path(__file__).resolve().parent.parent.parent / "tools"


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(TOOLS))
    import fresh as module

    yield module
    for name in ("fresh", "trials", "machines"):
        sys.modules.pop(name, None)


def test_a_row_that_there_is_not_is_an_error_that_names_those_there_are() -> None:
    command = [sys.executable, str(TOOLS / "fresh.py"), "--only", "debian-7"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert result.returncode == 2
    assert "debian-7" in result.stderr and "ubuntu-24.04:user" in result.stderr


def test_a_system_stands_for_all_its_rows(fresh: ModuleType) -> None:
    assert [row.name for row in fresh.chosen(["debian-13"])] == ["debian-13:root", "debian-13:user"]
    assert [row.name for row in fresh.chosen(["sid:root"])] == ["sid:root"]
    assert len(fresh.chosen([])) == 6


def test_two_lines_to_type_and_half_a_line_are_refused(fresh: ModuleType) -> None:
    whole = "sudo apt-get update && sudo apt-get install -y g++"

    assert fresh.line_to_type(f"Type this:\n\n    {whole}\n") == whole
    with pytest.raises(ValueError, match="2 lines"):
        fresh.line_to_type(f"{whole}\n{whole}")
    with pytest.raises(ValueError, match="lacks apt-get update"):
        fresh.line_to_type("sudo apt-get install -y g++")


def test_folders_of_this_machine_are_not_named_to_another(
    fresh: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_TIMEOUT", "9")
    monkeypatch.setenv("https_proxy", "proxy:1")
    monkeypatch.setenv("EDITOR", "ed")
    import machines

    said = machines.net_environment()
    assert (said["PIP_TIMEOUT"], said["https_proxy"]) == ("9", "proxy:1")
    assert not {"PIP_FIND_LINKS", "EDITOR"} & set(said)


def test_a_mirror_that_is_named_is_taken(
    fresh: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HPYSTATE_UBUNTU_MIRROR", "http://mirror.example/ubuntu/")
    import machines

    assert machines.mirror("ubuntu") == "http://mirror.example/ubuntu"
