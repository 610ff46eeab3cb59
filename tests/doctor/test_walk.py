"""test_walk.py: what the walk and the child know of CPython's structs, asked from the compiler."""

from __future__ import annotations

import os
import shlex
import subprocess
import sysconfig
from pathlib import Path

from hpystate.doctor import child as examined
from hpystate.doctor import walk
from tests.conftest import Child

PROGRAM = """
    #include <Python.h>
    #include <stddef.h>
    #include <stdio.h>
    #define SAY(number) printf("%zu ", (size_t)(number))
    int main(void) {
        SAY(sizeof(PyTypeObject)); SAY(offsetof(PyObject, ob_type));
        SAY(offsetof(PyTypeObject, tp_name)); SAY(offsetof(PyTypeObject, tp_flags));
        SAY(Py_TPFLAGS_HEAPTYPE); SAY(Py_TPFLAGS_READY);
        SAY(sizeof(PyModuleDef)); SAY(offsetof(PyModuleDef, m_slots));
        return 0;
    }
"""


def test_the_structs_are_as_the_headers_have_them(tmp_path: Path) -> None:
    (tmp_path / "sizes.c").write_text(PROGRAM)
    command = [
        *shlex.split(os.environ.get("CC", "gcc")),
        f"-I{sysconfig.get_path('include')}",
        *("-c", "-o", "sizes.o", "sizes.c"),
    ]
    # Nothing of libpython is called, but its inline functions refer to it.
    subprocess.run(command, cwd=tmp_path, check=True)
    link = [*command[:-4], "-Wl,--unresolved-symbols=ignore-all", "-o", "sizes", "sizes.o"]
    subprocess.run([part for part in link if part != "-c"], cwd=tmp_path, check=True)
    said = subprocess.run([tmp_path / "sizes"], capture_output=True, text=True, check=True)

    assert [int(number) for number in said.stdout.split()] == [
        walk.TYPE_SIZE,
        walk._TYPE,
        walk._NAME,
        walk._FLAGS,
        walk._HEAPTYPE,
        walk._READY,
        examined._DEFINITION,
        examined._BASE + examined._TO_SLOTS,
    ]


def test_memory_that_is_not_mapped_is_no_crash() -> None:
    memory = walk.Memory()
    try:
        assert memory.word(8) is None
        assert memory.text(8) == memory.text(1 << 63) == ""
        assert len(memory.words(8, 80)) == len(memory.words(1 << 63, (1 << 63) + 8)) == 0
        assert memory.word(id(None) + walk._TYPE) == id(type(None))
    finally:
        memory.close()


# In a process of its own, as the doctor walks: a worker of pytest has objects that other tests have
# misused on purpose, and a walk touches all of them.
REACHED = """
from hpystate.doctor import walk

text = "".join(["only", " here"])
holder = [("a tuple", text)]
found = walk.live_objects()

assert found[id(text)] is text
assert id(holder) in found
assert found[id(int)] is int
assert id(int.__dict__["to_bytes"]) in found  # of a static type, which has no traversal
"""

LIES = """
from hpystate.doctor import walk

class Proxy:
    @property
    def __class__(self):
        raise RuntimeError("nobody should ask")

proxy = Proxy()
assert id(proxy) in walk.live_objects()
"""


def test_objects_that_the_collector_does_not_know_are_reached(child: Child) -> None:
    run = child(REACHED)
    assert run.returncode == 0, run.stderr


def test_what_lies_about_its_class_is_not_asked(child: Child) -> None:
    run = child(LIES)
    assert run.returncode == 0, run.stderr
