"""test_setup_py_errors.py: what a build by hpy_ext_modules refuses, and what it tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients.project import BOTH, make_project, run

ONE = 'hpy_ext_modules=[Extension("point", ["point.c"])]'
EXPECTED = "the ABI {} is not known; 'cpython', 'universal' or 'hybrid' was expected"


def refused(project: Path, *arguments: str) -> str:
    result = run(project, "setup.py", *arguments)
    assert result.returncode != 0, result.stdout
    assert "Traceback" not in result.stdout
    return result.stdout


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        (f'{ONE}, hpy_abi="mine"', "setup(hpy_abi='mine'): " + EXPECTED.format("'mine'")),
        ("hpy_abi=['universal']", "setup(hpy_abi=['universal']): " + EXPECTED[:8]),
        (f'{ONE}, hpy_abi=""', "setup(hpy_abi=''): " + EXPECTED.format("''")),
        ('hpy_ext_modules="point"', "setup(hpy_ext_modules=...) is 'point'; a list of setuptools."),
        (
            "hpy_ext_modules=['point']",
            "setup(hpy_ext_modules=...) has 'point' in it; a setuptools.",
        ),
        (
            'hpy_ext_modules=[Extension("point", ["point.c"], py_limited_api=True)]',
            "setup(hpy_ext_modules=...): point has py_limited_api=True",
        ),
        (
            f'{ONE}, ext_modules=[Extension("point", ["plain.c"])]',
            "setup(hpy_ext_modules=..., ext_modules=...): point is in both",
        ),
        (
            f"{ONE}, cmdclass={{'build_ext': Mine}}",
            "setup(cmdclass=...): build_ext is __main__.Mine; with hpy_ext_modules a subclass of "
            "setuptools.command.build_ext.build_ext was expected",
        ),
    ],
)
def test_a_wrong_keyword_is_named(tmp_path: Path, keywords: str, message: str) -> None:
    before = "from setuptools import Command\nclass Mine(Command): pass"
    project = make_project(tmp_path / "project", keywords, before)

    assert message in refused(project, "--name")


@pytest.mark.parametrize("command", ["build", "build_ext", "bdist_wheel"])
@pytest.mark.parametrize("abi", ["mine", "", "Universal"])
def test_a_wrong_option_is_named(tmp_path: Path, command: str, abi: str) -> None:
    project = make_project(tmp_path / "project")

    said = refused(project, f"--hpy-abi={abi}", command)
    assert f"--hpy-abi={abi}: " + EXPECTED.format(repr(abi)) in said
    assert " -c " not in said


@pytest.mark.parametrize("where", ["sources", "package"])
def test_a_module_of_the_stubs_name_is_not_written_over(tmp_path: Path, where: str) -> None:
    project = make_project(tmp_path / "project", BOTH)
    own = project / ("point.py" if where == "sources" else "shapes/point.py")
    own.write_text("mine = 1\n")
    commands = ("build_ext", "--inplace") if where == "sources" else ("build",)

    said = refused(project, "--hpy-abi=universal", *commands)
    assert "point.py: the extension of this name needs a stub here" in said
    assert "Give the extension or the file another name." in said
    assert own.read_text() == "mine = 1\n"


def test_python_h_is_forbidden_in_a_universal_extension(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", ONE)
    (project / "point.c").write_text("#include <Python.h>\n#include <hpy.h>\n")

    assert "Python.h" in refused(project, "--hpy-abi=universal", "build_ext")
