"""test_setup_py.py: projects with a setup.py are built for each ABI with our headers, by the
keyword hpy_ext_modules of setuptools. What such a build refuses: test_setup_py_errors.py."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

from hpystate.build import file_suffix, upstream_sdist
from hpystate.setup_keywords import ABIS
from hpystate.testing import Interpreter
from tests.clients.pages import block
from tests.clients.project import (
    BOTH,
    SITE,
    STAGE,
    built,
    environment,
    make_project,
    printed,
    run,
    setup,
)

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow
SHOW = "import point, shapes.point; print(point.abi(), shapes.point.abi())"


@pytest.fixture(scope="module", params=ABIS)
def in_place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project built among its sources; the name of its folder is that of the ABI."""
    folder = make_project(tmp_path_factory.mktemp("in-place") / request.param)
    setup(folder, f"--hpy-abi={request.param}", "build_ext", "--inplace", "-j2")
    return folder


def names(abi: str) -> set[str]:
    """The files of an ABI that a project has after its build in place."""
    files = {f"point{file_suffix(abi)}"} | ({"point.py"} if abi != "cpython" else set())
    return files | {f"shapes/{name}" for name in files}


@pytest.mark.long
def test_files_of_each_abi_are_among_the_sources(in_place: Path) -> None:
    assert built(in_place) == names(in_place.name)
    assert printed(in_place, SHOW) == f"{in_place.name} {in_place.name}"


@pytest.mark.long
def test_a_build_among_the_sources_is_found_by_the_finder_too(in_place: Path) -> None:
    code = "import hpystate; hpystate.install(); " + SHOW

    assert printed(in_place, code) == f"{in_place.name} {in_place.name}"


@pytest.mark.long
@pytest.mark.once
def test_what_is_up_to_date_is_not_compiled_again(in_place: Path) -> None:
    command = (f"--hpy-abi={in_place.name}", "build_ext")

    assert " -c " not in setup(in_place, *command)
    os.utime(in_place / "point.c")
    again = setup(in_place, *command)
    assert " -c point.c" in again and "argparse.c" in again and " -c round.cpp" not in again


@pytest.mark.long
@pytest.mark.once
def test_headers_that_are_newer_make_it_compile_again(in_place: Path) -> None:
    for file in in_place.glob("build/lib*/*.so"):
        os.utime(file, (0, 0))

    assert " -c point.c" in setup(in_place, f"--hpy-abi={in_place.name}", "build_ext")


@pytest.mark.long
def test_a_global_has_one_value_in_each_interpreter_without_install(in_place: Path) -> None:
    if in_place.name == "hybrid":
        pytest.skip("a hybrid module is refused in interpreters with a GIL of their own")
    sys.path.insert(0, str(in_place))
    try:
        import point

        point.store("main")
        with Interpreter() as other:
            begin = f"import sys; sys.path.insert(0, {str(in_place)!r}); import point"
            other.run(f"{begin}; point.store('other')")
            assert other.run("answer = point.load()") == "other"
        assert point.load() == "main"
    finally:
        sys.path.remove(str(in_place))
        sys.modules.pop("point", None)


@pytest.mark.long
@pytest.mark.parametrize("mode", ["debug", "trace"])
def test_the_variable_chooses_the_mode_of_a_stub(
    in_place: Path, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if in_place.name == "cpython":
        pytest.skip("its calls are compiled in")
    monkeypatch.setenv("HPY", f"shapes.point:{mode}")
    monkeypatch.setenv("HPY_LOG", "1")

    said = printed(in_place, SHOW)
    assert f"Loading 'shapes.point' in HPy universal mode with a {mode} context" in said


@pytest.mark.long
@pytest.mark.parametrize("abi", ABIS)
def test_pip_installs_a_wheel(tmp_path: Path, abi: str) -> None:
    project = make_project(tmp_path / "project", f'{BOTH}, hpy_abi="{abi}"')
    command = [
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-build-isolation",
        "--no-index",
        "-w",
        "wheels",
        ".",
    ]
    result = run(project, *command)
    assert result.returncode == 0, result.stdout
    (wheel,) = project.glob("wheels/*.whl")
    command = ["-m", "pip", "install", "-q", "--no-index", "--no-deps", "--target"]
    result = run(project, *command, str(tmp_path / "site"), str(wheel))
    assert result.returncode == 0, result.stdout

    tag = f"cp{sysconfig.get_config_var('py_version_nodot')}"
    tags = "-py3-none-" if abi == "universal" else f"-{tag}-{tag}{sys.abiflags}-"
    assert tags in wheel.name
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if "dist-info" not in name}
    assert inside == {"shapes/__init__.py", *names(abi)}
    assert printed(tmp_path, SHOW, (tmp_path / "site", STAGE)) == f"{abi} {abi}"


@pytest.mark.long
def test_the_setup_py_of_the_page_is_built(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    (project / "setup.py").write_text(block("python", "hpy_ext_modules", "docs/porting.md"))
    command = ["-m", "pip", "install", "-q", "--no-build-isolation", "--no-index", "--no-deps"]
    result = run(project, *command, "--target", str(tmp_path / "site"), ".")
    assert result.returncode == 0, result.stdout

    code = "import shapes.point as p; print(p.abi(), p.__file__)"
    said = printed(tmp_path, code, (tmp_path / "site", STAGE))
    assert said == f"universal {tmp_path}/site/shapes/point.hpy0.so"


@pytest.mark.long
@pytest.mark.once
@pytest.mark.parametrize("mode", ["lenient", "strict"])
@pytest.mark.parametrize("abi", ["cpython", "universal"])
def test_pip_installs_it_editable(tmp_path: Path, abi: str, mode: str) -> None:
    project = make_project(tmp_path / "project")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    python = str(tmp_path / "venv" / "bin" / "python")
    command = ["-m", "pip", "--python", python, "install", "-q", "--no-build-isolation"]
    command += ["--no-index", "--no-deps", f"--config-settings=--global-option=--hpy-abi={abi}"]
    result = run(project, *command, f"--config-settings=editable_mode={mode}", "-e", ".")
    assert result.returncode == 0, result.stdout

    assert printed(tmp_path, SHOW, (STAGE,), python) == f"{abi} {abi}"
    assert built(project) == names(abi)


def test_the_default_is_the_cpython_abi_and_the_nearer_word_wins(tmp_path: Path) -> None:
    """The command line, then setup.cfg, then the keyword."""
    project = make_project(tmp_path / "project")
    options = ("--dry-run", "build_ext")
    assert "-DHPY -DHPY_ABI_CPYTHON " in setup(project, *options)
    keyword = make_project(tmp_path / "keyword", f'{BOTH}, hpy_abi="universal"')
    assert "-DHPY -DHPY_ABI_UNIVERSAL " in setup(keyword, *options)
    (keyword / "setup.cfg").write_text("[global]\nhpy_abi = hybrid\n")
    assert "-DHPY -DHPY_ABI_HYBRID " in setup(keyword, *options)
    assert "-DHPY -DHPY_ABI_CPYTHON " in setup(keyword, "--hpy-abi=cpython", *options)
    assert "--hpy-abi" in setup(project, "--help")


def test_extensions_of_the_c_api_are_built_beside_them(tmp_path: Path) -> None:
    """Both have names that end alike, by which distutils knows them."""
    keywords = 'hpy_ext_modules=[Extension("point", ["point.c"])], '
    keywords += 'ext_modules=[Extension("shapes.point", ["plain.c"])]'
    project = make_project(tmp_path / "project", keywords)
    setup(project, "--hpy-abi=universal", "build_ext", "--inplace", "bdist_wheel")

    c_file = f"shapes/point{file_suffix('cpython')}"
    assert built(project) == {"point.hpy0.so", "point.py", c_file}
    # plain.c needs the GIL: a Python without it brings it back, and warns
    code = "import warnings; warnings.simplefilter('ignore', RuntimeWarning)\n"
    code += "import point, shapes.point; print(point.abi(), shapes.point.__doc__)"
    assert printed(project, code) == "universal C"
    (wheel,) = project.glob("dist/*.whl")
    assert "-py3-none-" not in wheel.name


@pytest.mark.once
def test_a_source_distribution_has_the_projects_own_files(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    said = setup(project, "build_ext", "sdist", "--formats=zip")
    (archive,) = project.glob("dist/*.zip")

    inside = {Path(name).name for name in zipfile.ZipFile(archive).namelist()}
    assert {"point.c", "round.cpp"} <= inside
    assert not inside & {"argparse.c", "hpy.h"}, said


def test_an_egg_keeps_the_stub(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    setup(project, "--hpy-abi=universal", "bdist_egg")
    (egg,) = project.glob("dist/*.egg")

    with zipfile.ZipFile(egg) as archive:
        assert b"hpystate.stub" in archive.read("shapes/point.py")


@pytest.mark.long
@pytest.mark.once
@pytest.mark.parametrize("first", ["hpy", "hpystate"])
def test_where_hpy_is_installed_too_ours_wins(tmp_path: Path, first: str) -> None:
    theirs = tmp_path / "theirs"
    (theirs / "hpy-0.9.0.dist-info").mkdir(parents=True)
    (theirs / "hpy").symlink_to(upstream_sdist() / "hpy")
    metadata = theirs / "hpy-0.9.0.dist-info"
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: hpy\nVersion: 0.9.0\n")
    (metadata / "entry_points.txt").write_text(
        "[distutils.setup_keywords]\nhpy_ext_modules = hpy.devel:handle_hpy_ext_modules\n"
    )
    path = (theirs, STAGE, SITE) if first == "hpy" else (STAGE, theirs, SITE)
    project = make_project(tmp_path / "project")
    asked = "from importlib.metadata import entry_points as e; print(*[p.value for p in "
    asked += "e(group='distutils.setup_keywords') if p.name == 'hpy_ext_modules'])"
    order = [value.partition(".")[0] for value in printed(project, asked, path).split()]
    assert (order[0], len(order)) == (first, 2)

    for abi in ABIS:
        said = setup(project, f"--hpy-abi={abi}", "build_ext", "--inplace", path=path)
        assert f"-I{STAGE}/hpystate/include" in said
        assert str(upstream_sdist()) not in said and f"-I{theirs}" not in said
        assert ("HPy's own build, of `hpy`, is not used" in said) == (first == "hpy")
        assert printed(project, SHOW) == f"{abi} {abi}"
        for name in built(project):
            (project / name).unlink()
    assert "hpystate.stub" in next(project.glob("build/lib*/shapes/point.py")).read_text()


@pytest.mark.long
@pytest.mark.once
def test_a_file_of_another_abi_beside_it_is_told(tmp_path: Path) -> None:
    """CPython's finder prefers a file of the CPython ABI to a stub."""
    project = make_project(
        tmp_path / "project", 'hpy_ext_modules=[Extension("point", ["point.c"])]'
    )
    setup(project, "build_ext", "--inplace")
    said = setup(project, "--hpy-abi=universal", "build_ext", "--inplace")

    assert f"point{file_suffix('cpython')}: a file of the ABI cpython is beside" in said
    assert printed(project, "import point; print(point.abi())") == "cpython"


def test_a_stub_uses_another_runtime_or_tells_that_there_is_none(tmp_path: Path) -> None:
    project = make_project(
        tmp_path / "project", 'hpy_ext_modules=[Extension("point", ["point.c"])]'
    )
    setup(project, "--hpy-abi=universal", "build_ext", "--inplace")
    result = run(project, "-c", "import point", path=(SITE,))
    assert "ImportError: " in result.stdout
    assert "point.hpy0.so is an HPy extension, and neither hpystate nor hpy is" in result.stdout
    assert "which load such files. Install one of them." in result.stdout
    (tmp_path / "other" / "hpy").mkdir(parents=True)
    (tmp_path / "other" / "hpy" / "universal.py").write_text(
        "def _load_bootstrap(tail, name, package, file, loader, spec, environ):\n"
        "    return (tail, name, package, file.rpartition('/')[2], spec.name)\n"
    )

    path = (tmp_path / "other",)
    said = printed(project, "import point; print(point)", path)
    assert said == "('point', 'point', '', 'point.hpy0.so', 'point')"


def test_the_build_folder_registers_what_the_package_does() -> None:
    (metadata,) = STAGE.glob("hpystate-*.dist-info")
    points = PathDistribution(metadata).entry_points
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = {"console_scripts": project["scripts"]} | project["entry-points"]

    assert {(p.group, p.name, p.value) for p in points} == {
        (group, name, value) for group, every in groups.items() for name, value in every.items()
    }
    # The others name a folder of the package.
    assert all(callable(point.load()) == (":" in point.value) for point in points)
    assert environment()["PYTHONPATH"].startswith(str(STAGE))
