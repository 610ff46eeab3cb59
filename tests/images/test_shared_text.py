"""test_shared_text.py: pages that an image has from its file, and what must stay its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from tests.images.conftest import Script
from tests.images.made import MULTI_END, compiled

PAGE = 4096
#: The first values of thread-local variables are read from the file for each thread: these fill the
#: page of the file in which the code ends and the segment with variables begins.
LOCAL = (
    """
    #include <Python.h>
    static __thread int numbers[8192] = {[0 ... 8191] = 7};
    static long summed(void) {
        long sum = 0;
        for (int i = 0; i < 8192; i++) sum += numbers[i];
        return sum;
    }
    static PyObject *sum(PyObject *self, PyObject *unused) { return PyLong_FromLong(summed()); }
    static PyMethodDef methods[] = {{"sum", sum, METH_NOARGS, NULL}, {NULL}};
    static int on_exec(PyObject *module) { return 0; }
"""
    + MULTI_END
)


def pages_in_two_segments(file: Path) -> set[int]:
    """Pages of the file that a segment without and one with variables have both."""
    fixed: set[int] = set()
    variables: set[int] = set()
    with file.open("rb") as stream:
        for segment in ELFFile(stream).iter_segments("PT_LOAD"):
            begin, size = segment["p_offset"], segment["p_filesz"]
            pages = range(begin // PAGE, (begin + size + PAGE - 1) // PAGE)
            (variables if segment["p_flags"] & 2 else fixed).update(pages)
    return fixed & variables


@pytest.mark.parametrize("code", ["noseparate-code", "separate-code"])
def test_variables_beside_code_in_a_page_of_the_file_keep_their_first_values(
    script: Script, code: str
) -> None:
    file = compiled("locals", LOCAL, flags=("-Wl,-z," + code, "-Wl,-z,norelro"))
    if code == "noseparate-code":
        assert pages_in_two_segments(file), "the linker put no variables beside code"
    answer = script(
        """
        with Interpreter() as first:
            answer = first.run('''
                import hpystate, threading
                hpystate.isolate("locals")
                import locals
                answer = [locals.sum()]
                for _ in range(3):
                    thread = threading.Thread(target=lambda: answer.append(locals.sum()))
                    thread.start()
                    thread.join()
                answer.append(locals.__loader__.is_image)
            ''')
        """,
        file,
    )
    assert answer == [8192 * 7] * 4 + [True]
