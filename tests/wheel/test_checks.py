"""test_checks.py: the wheel and the source distribution, as the tools of packagers see them."""

from __future__ import annotations

import email
import json
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

import hpystate
from tests.wheel.conftest import ROOT, Run, has_tool


@pytest.fixture(scope="session")
def files(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="session")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sdist")
    command = [
        sys.executable,
        "-m",
        "build",
        "--sdist",
        "--no-isolation",
        "--outdir",
        str(out),
        str(ROOT),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    (file,) = out.glob("*.tar.gz")
    return file


def dist_info(files: dict[str, bytes], name: str) -> bytes:
    (found,) = (text for file, text in files.items() if file.endswith(f".dist-info/{name}"))
    return found


def test_auditwheel_finds_it_fit_for_manylinux(run: Run, wheel: Path) -> None:
    """For the glibc of this machine; containers of cibuildwheel have an older one."""
    said = " ".join(run(sys.executable, "-m", "auditwheel", "show", wheel).split())

    assert re.search(r'consistent with the following platform tag: "manylinux_2_\d+_x86_64"', said)
    assert "external shared libraries" not in said, said  # which it would have to bring along


def test_check_wheel_contents_and_twine_find_nothing(run: Run, wheel: Path, sdist: Path) -> None:
    assert f"{wheel}: OK" in run("check-wheel-contents", wheel)
    said = run("twine", "check", "--strict", wheel, sdist, NO_COLOR="1")
    assert said.count("PASSED") == 2, said


def test_pyproject_is_valid_and_cibuildwheel_reads_its_part(run: Run) -> None:
    assert "Valid file" in run("validate-pyproject", ROOT / "pyproject.toml")
    said = run(
        *(sys.executable, "-m", "cibuildwheel", "--platform", "linux"),
        "--print-build-identifiers",
        ROOT,
    )
    words = ("cp312", "cp313", "cp314", "cp314t", "cp315", "cp315t")
    assert set(said.split()) == {f"{each}-manylinux_x86_64" for each in words}, said


def test_the_test_command_of_cibuildwheel_passes_in_an_empty_environment(
    run: Run, empty: Path
) -> None:
    """What its containers run; the demo's own part needs rich, which is the extra that is named."""
    part = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["cibuildwheel"]
    assert part["test-extras"] == ["demo"]
    run(empty, "-m", "pip", "install", "-q", "rich")
    try:
        script, *arguments = part["test-command"].split()
        said = run(empty.parent / script, *arguments)
    finally:
        run(empty, "-m", "pip", "uninstall", "-q", "-y", "rich")
    assert "isolation: ok" in said and "--interpreters 8" in part["test-command"]


def test_the_version_is_one(files: dict[str, bytes], sdist: Path, run: Run) -> None:
    (line,) = re.findall(
        r'HPYSTATE_VERSION "(.*)"', (ROOT / "include" / "hpystate" / "version.h").read_text()
    )
    metadata = email.message_from_bytes(dist_info(files, "METADATA"))
    versions = {
        hpystate.__version__,
        metadata["Version"],
        json.loads(dist_info(files, "sboms/hpystate.cdx.json"))["metadata"]["component"]["version"],
        sdist.name.removeprefix("hpystate-").removesuffix(".tar.gz"),
        run("hpystate", "--version").strip(),
        run("hpystate-config", "--version").strip(),
    }
    assert versions == {line}


def test_metadata_have_what_an_index_shows(files: dict[str, bytes]) -> None:
    metadata = email.message_from_bytes(dist_info(files, "METADATA"))

    assert metadata["License-Expression"] == "MIT" and metadata["License-File"] == "LICENSE"
    assert metadata.get_all("Project-URL") and metadata["Requires-Python"] == ">=3.12"
    text = dist_info(files, "entry_points.txt").decode()
    for group in ("console_scripts", "cmake.prefix", "pkg_config", "distutils.setup_keywords"):
        assert f"[{group}]" in text


def test_the_bill_of_materials_is_valid_and_true(
    files: dict[str, bytes], tmp_path: Path, run: Run
) -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    text = dist_info(files, "sboms/hpystate.cdx.json").decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    (native,) = (name for name in files if "/_native." in name and name.endswith(".so"))
    (tmp_path / "native.so").write_bytes(files[native])
    needed = run("patchelf", "--print-needed", tmp_path / "native.so").split()
    listed = {each["name"] for each in json.loads(text)["components"]}
    assert set(needed) <= listed
    # Another compiler may need fewer of them.
    assert "libc.so.6" in needed


def test_nothing_is_in_the_wheel_that_an_installation_does_not_need(
    files: dict[str, bytes],
) -> None:
    for name in files:
        assert not name.endswith((".pyc", ".o", ".log")), name
        # hpystate::embed is the one static library: extensions are linked with it.
        assert not name.endswith(".a") or name == "hpystate/lib/libhpystate_embed.a", name
    tops = {name.partition("/")[0] for name in files}
    assert tops == {"hpystate", f"hpystate-{hpystate.__version__}.dist-info"}
    assert "hpystate/py.typed" in files and "hpystate/_native.pyi" in files
    assert "hpystate/_images.pyi" in files and "hpystate/images/packages.json" in files


def test_the_stub_has_the_types_of_the_compiled_module(run: Run) -> None:
    modules = ("hpystate._native", "hpystate._images")
    said = run(sys.executable, "-m", "mypy.stubtest", *modules)
    assert "Success" in said, said


def test_the_source_distribution_has_all_that_a_build_needs(
    sdist: Path, tmp_path: Path, run: Run
) -> None:
    """CMake configures it, which looks for each file that it names. `--compile` is left to
    `make fresh`'s chroots: it takes the minutes that the wheel took."""
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.glob("hpystate-*")
    for name in ("LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml", "docs/using.md"):
        assert (folder / name).is_file()
    assert not (folder / "build").exists() and not (folder / ".git").exists()
    run(
        has_tool("cmake"),
        "-S",
        folder,
        "-B",
        tmp_path / "b",
        "-G",
        "Ninja",
        f"-DPython_EXECUTABLE={sys.executable}",
    )
