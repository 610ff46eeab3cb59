"""test_hpy.py: examples/cython_hpy, and hpystate_context() as Cython calls it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hpystate.build import compile_extension
from tests.cython.conftest import Compile, Run

EXAMPLE = Path(__file__).parents[2] / "examples" / "cython_hpy"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the example builds, for all tests here."""
    folder = tmp_path_factory.mktemp("cython_hpy")
    result = subprocess.run(
        [sys.executable, EXAMPLE / "run.py", "--folder", folder],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    (folder / "printed").write_text(result.stdout)
    return folder


def test_the_example_keeps_eight_interpreters_apart(built: Path) -> None:
    lines = (built / "printed").read_text().splitlines()
    assert lines[-1] == "8 of 8 interpreters found their own values"
    assert "interpreter 2: (10.5, 6.0, 'USD')" in lines


def test_the_global_is_the_same_slot_for_both_and_ends_with_the_interpreter(
    built: Path, run: Run
) -> None:
    result = run(
        f"""
        import os
        sys.path.insert(0, {str(built)!r})
        import shop, rates
        from hpystate.testing import Interpreter
        class Rate(float):
            pass
        shop.set_rate("EUR", Rate(2))
        print(rates.convert("EUR", 3), shop.total("EUR", [1, 1]))
        with Interpreter() as other:
            other.run(f"import sys; sys.path[:] = {{sys.path!r}}\\nimport shop, rates")
            try:
                other.run("shop.total('EUR', [1])")
            except Exception as error:
                print(str(error).splitlines()[-1])
            other.run("shop.set_rate('EUR', 7)")
            print(other.run("answer = rates.convert('EUR', 1), shop.total('EUR', (2, 3))"))
        print(shop.total("EUR", [5]))
        sys.stdout.flush()
        os._exit(0)
        """
    )
    lines = result.stdout.splitlines()
    assert lines[:1] + lines[-2:] == ["6.0 4.0", "(7.0, 35.0)", "10.0"], result.stderr
    assert "KeyError" in lines[1]


def test_functions_of_another_version_are_refused(built: Path, tmp_path: Path, run: Run) -> None:
    """The HPy extension is newer than the Cython module expects."""
    for name in ("rates.c", "rates.h"):
        shutil.copy(EXAMPLE / name, tmp_path)
    header = (tmp_path / "rates.h").read_text()
    assert "RATES_API_VERSION 1" in header
    (tmp_path / "rates.h").write_text(header.replace("VERSION 1", "VERSION 2"))
    compile_extension("rates", [tmp_path / "rates.c"], tmp_path)
    shutil.copy(next(built.glob("shop*.so")), tmp_path)
    result = run("import shop")

    assert "ImportError: shop: version 1 of rates._C_API was expected, and 2 was" in result.stderr


def test_a_context_is_that_of_the_interpreter(compile: Compile, run: Run) -> None:
    compile(
        "words",
        """
        cimport hpystate
        from hpystate.hpy cimport (HPy, HPy_AsPyObject, HPy_Close, HPy_Dup, HPy_FromPyObject,
                                   HPy_IsNull, HPyContext, hpystate_context)

        def address():
            return <size_t>hpystate_context()

        def there_and_back(value):
            cdef HPyContext *ctx = hpystate_context()
            cdef HPy first = HPy_FromPyObject(ctx, value)
            cdef HPy second = HPy_Dup(ctx, first)
            HPy_Close(ctx, first)
            result = HPy_AsPyObject(ctx, second)
            null = HPy_IsNull(second)
            HPy_Close(ctx, second)
            return result, null

        def start():
            hpystate.hpystate_import()
        """,
    )
    result = run(
        """
        import os, words
        from hpystate.testing import Interpreter
        try:
            words.address()
        except SystemError as error:
            print(str(error).partition(". ")[0])
        words.start()
        value = ["value"]
        before = sys.getrefcount(value)
        back = words.there_and_back(value)
        print(back[0] is value, back[1])
        del back
        print(sys.getrefcount(value) - before)
        with Interpreter() as other:
            other.run(f"import sys; sys.path[:] = {sys.path!r}\\nimport words")
            try:
                other.run("words.address()")
            except Exception as error:
                print("was not called in this interpreter" in str(error))
            other.run("words.start()")
            print(other.run("answer = words.address()") != words.address() == words.address())
        sys.stdout.flush()
        os._exit(0)
        """
    )

    assert result.stdout.splitlines() == [
        "hpystate_context: the extension did not call hpystate_import() before, or it failed",
        "True False",
        "0",
        "True",
        "True",
    ], result.stderr
