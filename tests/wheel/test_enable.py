"""test_enable.py: `hpystate enable`, in an environment that has the wheel alone: every interpreter
imports NAME.hpy0.so, a start stays short, and nothing of ours is imported that nobody needs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wheel.conftest import Run

#: No line of it names hpystate before the import.
IN_A_SUBINTERPRETER = """
import sys
if sys.version_info >= (3, 13):
    import _interpreters as interpreters
else:
    import _xxsubinterpreters as interpreters
import point
point.move((1, 1))
other = interpreters.create()
failed = interpreters.run_string(other, '''
import sys
sys.path.insert(0, "{folder}")
assert "hpystate" not in sys.modules
import point
assert point.where() == (0, 0)
point.move((2, 2))
''')
assert failed is None, failed
interpreters.destroy(other)
print(point.where())
"""
OURS = "sorted(name for name in sys.modules if name.partition('.')[0] in ('hpystate', 'hpy'))"


@pytest.fixture
def enabled(run: Run, empty: Path) -> Iterator[Path]:
    """The .pth file; the environment is as before at the end."""
    file = json.loads(run(empty, "-m", "hpystate", "enable", "--json"))["file"]
    yield Path(file)
    run(empty, "-m", "hpystate", "disable")


@pytest.fixture
def folder(run: Run, empty: Path, point: Path) -> Path:
    """A folder with a point.hpy0.so."""
    run(empty, "-m", "hpystate", "build", "point.c", folder=point)
    return point


def test_import_works_in_main_and_in_a_subinterpreter_with_no_call_of_ours(
    run: Run, empty: Path, folder: Path, enabled: Path
) -> None:
    code = IN_A_SUBINTERPRETER.format(folder=folder)

    assert run(empty, "-c", code, folder=folder) == "(1, 1)\n"


def test_nothing_of_ours_is_imported_before_the_first_file_of_hpys(
    run: Run, empty: Path, folder: Path, enabled: Path
) -> None:
    code = f"""
import sys
assert {OURS} == [], {OURS}
for missing in ("not_there", "not_there.at_all", "hpyx"):
    try:
        __import__(missing)
    except ModuleNotFoundError as error:
        assert error.name == missing.partition(".")[0], error
    else:
        raise AssertionError(missing)
assert {OURS} == [], {OURS}
import point
assert "hpystate" in sys.modules
print(point.where(), sum(hasattr(each, "first_miss") for each in sys.meta_path))
"""
    assert run(empty, "-c", code, folder=folder) == "(0, 0) 1\n"


def test_a_stub_of_hpys_own_build_finds_hpy_universal(
    run: Run, empty: Path, folder: Path, enabled: Path
) -> None:
    code = "import hpy.universal; print(hpy.universal.__name__, hpy.universal.load)"

    assert run(empty, "-c", code, folder=folder).startswith("hpy.universal <function load")


def test_find_spec_answers_and_a_file_of_another_python_is_explained(
    run: Run, empty: Path, folder: Path, enabled: Path
) -> None:
    (folder / "cubic.hpy0-cp27.so").touch()
    code = """
import importlib.util
print(importlib.util.find_spec("point").origin, importlib.util.find_spec("not_there"))
try:
    import cubic
except ModuleNotFoundError as error:
    print(error)
"""
    said = run(empty, "-c", code, folder=folder).splitlines()

    assert said[0] == f"{folder / 'point.hpy0.so'} None"
    assert "cubic.hpy0-cp27.so" in said[1]


def test_a_start_takes_at_most_three_tenths_of_a_millisecond_more(
    run: Run, empty: Path, enabled: Path
) -> None:
    """The line, twice, and the two calls of its finder at each start (sitecustomize,
    usercustomize), the shortest of many: what other programs do meanwhile makes it longer only."""
    code = """
import sys, time
line = open(sys.argv[1]).read()
def start():
    begin = time.perf_counter()
    exec(line)
    exec(line)  # the site-packages of a virtual environment are read twice
    finder = sys.meta_path.pop()
    assert finder.find_spec("sitecustomize") is finder.find_spec("usercustomize") is None
    return time.perf_counter() - begin
print(min(start() for _ in range(500)) * 1e3)
"""
    assert 0 < float(run(empty, "-c", code, enabled)) < 0.3


SINGLE = """
#include <Python.h>
static long count;
static PyObject *bump(PyObject *self, PyObject *unused) { return PyLong_FromLong(++count); }
static PyMethodDef methods[] = {{"bump", bump, METH_NOARGS, NULL}, {NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "single", NULL, -1, methods};
PyMODINIT_FUNC PyInit_single(void) { return PyModule_Create(&definition); }
"""


def test_with_the_variable_a_subinterpreter_isolates_with_no_call_of_ours(
    run: Run, empty: Path, tmp_path: Path, enabled: Path
) -> None:
    (tmp_path / "single.c").write_text(SINGLE)
    headers = run(empty, "-c", "import sysconfig; print(sysconfig.get_path('include'))").strip()
    run("cc", "-shared", "-fPIC", f"-I{headers}", "single.c", "-o", "single.so")
    code = """
import sys
if sys.version_info >= (3, 13):
    import _interpreters as interpreters
else:
    import _xxsubinterpreters as interpreters
import single
single.bump()
other = interpreters.create()
failed = interpreters.run_string(other, '''
import sys
sys.path.insert(0, "")
import single
assert type(single.__loader__).__name__ == "ImageLoader", single.__loader__
assert single.bump() == 1
''')
assert failed is None, failed
interpreters.destroy(other)
print(single.bump(), type(single.__loader__).__name__)
"""
    printed = run(empty, "-c", code, HPYSTATE_ISOLATE="single")

    assert printed == "2 ExtensionFileLoader\n"


def test_status_tells_and_disable_takes_it_back(run: Run, empty: Path, enabled: Path) -> None:
    hpystate = (empty, "-m", "hpystate")

    assert run(*hpystate, "enable", "--status").startswith("enabled: ")
    assert run(*hpystate, "enable").startswith("enabled: ")  # a second time
    assert json.loads(run(*hpystate, "disable", "--json")) == {
        "enabled": False,
        "file": str(enabled),
    }
    assert not enabled.exists()
    assert run(*hpystate, "disable").startswith("not enabled: ")
    assert run(*hpystate, "enable", "--status", status=1).startswith("not enabled: ")


def test_without_the_package_the_error_names_what_to_do(
    run: Run, empty: Path, folder: Path, enabled: Path
) -> None:
    code = "import sys; sys.modules['hpystate'] = None; import point"
    result = subprocess.run(
        [empty, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )

    assert result.returncode == 1
    last = result.stderr.splitlines()[-1]
    assert (
        last.startswith("ModuleNotFoundError: point is an HPy extension") and enabled.name in last
    )
