"""test_faults.py: what Cython itself does wrong in own-GIL interpreters, without us.

docs/cython.md has the list. When a test here fails, a version of Cython has mended the fault: then
the page names that version.
"""

from __future__ import annotations

import re
import sys
import sysconfig

import pytest

from tests.cython.conftest import Compile, Run

#: Uses a module in four interpreters, one after the other: no threads.
IN_TURN = """
    import os
    from hpystate.testing import Interpreter

    interpreters = [Interpreter() for _ in range(4)]
    for number, each in enumerate(interpreters):
        each.run(f"import sys; sys.path[:] = {sys.path!r}\\nimport words; words.put({number})")
    found = [interpreter.run("answer = words.get()") for interpreter in interpreters]
    print("own values" if found == [0, 1, 2, 3] else f"values of others: {found}")
    for interpreter in interpreters:
        interpreter.close()
    sys.stdout.flush()
    os._exit(0)
"""

GLOBAL_OF_C = """
    cdef long value = 0
    def put(long number):
        global value
        value = number
    def get():
        return value
"""

GLOBAL_OBJECT = """
    cdef list values = []
    def put(number):
        values.append(number)
    def get():
        return values[0]
"""

MEMORYVIEW = """
    cdef double total(double[:] values):
        return values[0]
    def put(number):
        import array
        for _ in range(300):
            total(array.array("d", [number]))
    def get():
        return 0
"""

CLASS = """
    cdef class Word:
        pass
    def put(number):
        pass
    def get():
        return 0
"""

ENUM = """
    cpdef enum Kind:
        FIRST = 1
"""


def test_a_c_variable_of_the_module_is_shared(compile: Compile, run: Run) -> None:
    """cython#6450."""
    compile("words", GLOBAL_OF_C)
    result = run(IN_TURN)

    assert result.stdout.strip() == "values of others: [3, 3, 3, 3]", result.stderr


@pytest.mark.skipif(
    bool(sysconfig.get_config_var("Py_GIL_DISABLED")) and sys.version_info < (3, 14),
    reason="3.13 without the GIL never frees a type, so the shared one is not seen to crash",
)
def test_a_class_is_a_static_type_without_the_second_macro(compile: Compile, run: Run) -> None:
    compile("words", CLASS, ("-DCYTHON_USE_TYPE_SPECS=0",))
    result = run(IN_TURN)

    assert (
        result.returncode < 0
    ), "Cython is mended: MACROS of build_cython.py can lose the second one"


@pytest.mark.parametrize(
    ("source", "issue"),
    [
        pytest.param(GLOBAL_OBJECT, 6450, id="object"),
        pytest.param(MEMORYVIEW, 8006, id="memoryview", marks=pytest.mark.long),
    ],
)
def test_an_object_of_the_module_is_shared(
    compile: Compile, run: Run, source: str, issue: int
) -> None:
    """One interpreter frees the object of another: a crash, or a value of another one."""
    compile("words", source)
    result = run(IN_TURN)

    crashed = result.returncode < 0
    assert crashed or "values of others" in result.stdout, f"cython#{issue} is mended"


def test_an_enum_is_made_through_variables_of_the_process(compile: Compile) -> None:
    """cython#8007: the race itself is too rare for a test, so the generated code is read."""
    folder = compile("words", ENUM)
    code = (folder / "words.c").read_text()

    assert re.search(r"^static PyObject \*__Pyx_\w*EnumBase = 0;", code, re.MULTILINE) is not None
