"""test_ways_of_building.py: extensions are built with what a wheel has in it, in every way that the
documents name, and each works in eight interpreters with GILs of their own."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from hpystate import config
from hpystate.build import file_suffix
from tests.wheel.conftest import Run, has_tool, page_block

ABIS = ("universal", "hybrid", "cpython")
#: In the main and eight interpreters of their own GIL, or of the main GIL: each has another value.
EIGHT = """
import sys
from hpystate.testing import Interpreter
import hpystate
hpystate.install()
import point
BEGIN = "import sys; sys.path.insert(0, {folder!r}); import hpystate; hpystate.install()"
point.move((-1, -1))
others = [Interpreter({gil!r}) for _ in range(8)]
for number, other in enumerate(others):
    other.run(f"{{BEGIN}}; import point; point.move({{number}})")
found = [other.run("answer = point.where()") for other in others]
assert found == list(range(8)), found
assert point.where() == (-1, -1)
for other in others:
    other.close()
print("eight:", point.__file__)
"""


def works(run: Run, folder: Path, abi: str, python: object = sys.executable) -> None:
    """The module `point` in a folder works in nine interpreters."""
    # A hybrid module does not declare that it may live beside another GIL.
    code = EIGHT.format(folder=str(folder), gil="shared" if abi == "hybrid" else "own")
    said = run(python, "-c", code, folder=folder)
    assert said.strip() == f"eight: {folder / ('point' + file_suffix(abi))}"


@pytest.mark.parametrize("build", ["scikit-build-core", "setuptools", "meson"])
def test_a_new_project_builds_and_passes_in_eight_interpreters(
    run: Run, tmp_path: Path, build: str
) -> None:
    run("hpystate", "new", "shapes", "--build", build)
    folder = tmp_path / "shapes"
    site = tmp_path / "site"
    pip = (sys.executable, "-m", "pip", "install", "-q", "--no-build-isolation", "--no-deps")
    run(*pip, "--target", site, ".", folder=folder)

    test = (sys.executable, "-W", "error", "-m", "unittest", "discover", "-v", "tests")
    said = run(*test, folder=folder, PYTHONPATH=str(site))

    assert "test_eight_interpreters_remember_each_its_own" in said and "Ran 2 tests" in said
    # One wheel for every Python, as its file is; meson-python has no such option.
    (tag,) = (
        line
        for line in next(site.glob("shapes-*.dist-info/WHEEL")).read_text().splitlines()
        if line.startswith("Tag:")
    )
    version = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    assert tag.startswith(f"Tag: {version}-{version}" if build == "meson" else "Tag: py3-none-")


def test_the_commands_that_new_prints_are_those_of_the_page(run: Run) -> None:
    made = json.loads(run("hpystate", "new", "myext", "--json"))

    assert ["hpystate new myext", *made["commands"]] == page_block("sh", "new myext").splitlines()


def test_a_new_project_of_another_name_has_the_old_one_nowhere(run: Run, tmp_path: Path) -> None:
    for build in ("scikit-build-core", "setuptools", "meson"):
        run("hpystate", "new", "shapes", "--build", build, "--in", tmp_path / build)
        files = [file for file in (tmp_path / build).rglob("*") if file.is_file()]
        assert len(files) >= 6
        for file in files:
            assert "myext" not in file.read_text().lower() and "myext" not in str(file)


@pytest.mark.parametrize("abi", ABIS)
def test_cmake_finds_the_package_and_adds_a_module(run: Run, point: Path, abi: str) -> None:
    text = page_block("cmake", "hpystate_add_module")
    if abi != "universal":
        text = text.replace("point.c)", f"point.c ABI {abi})")
    (point / "CMakeLists.txt").write_text(text)
    cmake = has_tool("cmake")
    where = (f"-Dhpystate_DIR={config.cmake_dir()}", f"-DPython_EXECUTABLE={sys.executable}")
    run(cmake, "-S", point, "-B", point / "build", *where)
    run(cmake, "--build", point / "build")
    run(cmake, "--install", point / "build", "--prefix", point / "made")

    works(run, point / "made", abi)


def test_cmake_names_what_is_wrong(run: Run, point: Path) -> None:
    begin = "cmake_minimum_required(VERSION 3.25)\nproject(point LANGUAGES {languages})\n"
    package = f"find_package(hpystate REQUIRED PATHS {config.cmake_dir()} NO_DEFAULT_PATH)\n"
    for text, languages, words in (
        ("hpystate_add_module(point SOURCES point.c ABI stable)", "C", 'the ABI is "stable"'),
        ("hpystate_add_module(point point.c)", "C", "after the word SOURCES"),
        ("hpystate_add_module(point SOURCES point.c)", "CXX", "does not have the language C"),
    ):
        (point / "CMakeLists.txt").write_text(begin.format(languages=languages) + package + text)
        said = run(has_tool("cmake"), "-S", point, "-B", point / words[:7].strip(), status=1)
        assert words in " ".join(said.split()), said
    missing = package.replace("REQUIRED", "REQUIRED COMPONENTS engine")
    (point / "CMakeLists.txt").write_text(begin.format(languages="C") + missing)
    said = run(has_tool("cmake"), "-S", point, "-B", point / "component", status=1)
    assert 'hpystate has no component "engine"' in " ".join(said.split()), said


def test_pkg_config_gives_what_a_compiler_needs(run: Run, point: Path) -> None:
    where = {"PKG_CONFIG_PATH": config.pkgconfig_dir()}
    pkg_config = has_tool("pkg-config")
    flags = run(pkg_config, "--cflags", "hpystate", **where).split()
    sources = run(pkg_config, "--variable=sources", "hpystate", **where).split()
    suffix = run(pkg_config, "--variable=suffix", "hpystate", **where).strip()
    version = run(pkg_config, "--modversion", "hpystate", **where).strip()

    by_itself = run("pkgconf-pypi", "--cflags", "hpystate", PKG_CONFIG_PATH="").split()
    assert [Path(each[2:]).resolve() for each in by_itself if each.startswith("-I")] == [
        Path(each[2:]).resolve() for each in flags if each.startswith("-I")
    ]
    gcc = (has_tool("gcc"), "-shared", "-fPIC", "-DHPY_ABI_UNIVERSAL", *flags)
    run(*gcc, "point.c", *sources, "-o", f"point.{suffix}", folder=point)

    works(run, point, "universal")
    assert version == run("hpystate-config", "--version").strip()
    listed = run("hpystate-config", "--sources").split()
    assert sorted(Path(each).resolve() for each in sources) == [Path(each) for each in listed]


@pytest.mark.parametrize("abi", ABIS)
def test_hpystate_config_gives_what_a_compiler_needs(run: Run, point: Path, abi: str) -> None:
    script = page_block("sh", "--cflags")
    if abi != "universal":
        script = script.replace("$(hpystate-config", f"$(hpystate-config --abi {abi}")
    run("sh", "-ec", script, folder=point)

    works(run, point, abi)


@pytest.mark.parametrize("abi", ABIS)
def test_a_setup_py_of_hpys_builds_without_pkg_resources(run: Run, point: Path, abi: str) -> None:
    (point / "setup.py").write_text(
        "import sys\nsys.modules['pkg_resources'] = None  # an import of it is an error\n"
        "from setuptools import Extension, setup\n"
        'setup(name="point", version="1", hpy_ext_modules=[Extension("point", ["point.c"])])\n'
    )
    run(sys.executable, "setup.py", f"--hpy-abi={abi}", "build_ext", "--inplace", folder=point)

    works(run, point, abi)


def test_the_command_builds_in_an_environment_that_has_the_wheel_alone(
    run: Run, point: Path, empty: Path
) -> None:
    for abi in ABIS:
        made = point / abi
        command = (empty, "-m", "hpystate", "build", "point.c", "--abi", abi, "--out", made)
        run(*command, folder=point)
        works(run, made, abi, empty)


TALLY = """
#include <hpystate/global.h>
static hpystate_global kept;
static PyObject *keep(PyObject *self, PyObject *object) {
    (void)self;
    if (hpystate_global_store(&kept, object) < 0) return NULL;
    Py_RETURN_NONE;
}
static PyObject *get(PyObject *self, PyObject *none) {
    (void)self;
    (void)none;
    PyObject *object = hpystate_global_borrow(&kept);
    return object != NULL ? Py_NewRef(object) : PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}
static int on_exec(PyObject *module) {
    (void)module;
    return hpystate_import();
}
static PyMethodDef methods[] = {{"keep", keep, METH_O, 0}, {"get", get, METH_NOARGS, 0}, {0}};
static PyModuleDef_Slot slots[] = {{Py_mod_exec, (void *)on_exec},
                                   {Py_mod_multiple_interpreters, HPYSTATE_GLOBAL_INTERPRETERS},
                                   {0}};
static PyModuleDef def = {PyModuleDef_HEAD_INIT, .m_name = "tally", .m_methods = methods,
                          .m_slots = slots};
PyMODINIT_FUNC PyInit_tally(void) { return PyModuleDef_Init(&def); }
"""
EMBEDDED = """
cmake_minimum_required(VERSION 3.25)
project(tally LANGUAGES C)
find_package(Python 3.12 REQUIRED COMPONENTS Interpreter Development.Module)
find_package(hpystate REQUIRED COMPONENTS embed)
Python_add_library(tally MODULE WITH_SOABI tally.c)
target_link_libraries(tally PRIVATE hpystate::embed)
"""


def test_cmake_links_an_extension_that_needs_no_package(run: Run, tmp_path: Path) -> None:
    (tmp_path / "tally.c").write_text(TALLY)
    (tmp_path / "CMakeLists.txt").write_text(EMBEDDED)
    cmake = has_tool("cmake")
    where = (f"-Dhpystate_DIR={config.cmake_dir()}", f"-DPython_EXECUTABLE={sys.executable}")
    run(cmake, "-S", tmp_path, "-B", tmp_path / "build", *where)
    run(cmake, "--build", tmp_path / "build")

    code = f"import sys; sys.path.insert(0, {str(tmp_path / 'build')!r}); import tally"
    code += "; tally.keep(5); print(tally.get())"
    # -S: without site-packages, so without the wheel
    assert run(sys.executable, "-I", "-S", "-c", code) == "5\n"
