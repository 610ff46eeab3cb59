"""test_embed.py: hpystate::embed: extensions with tables of their own, and what they need."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

from hpystate.build import embed_library, include_folder
from hpystate.testing import Interpreter
from tests.face.plain import compile_module, compile_plain, load, load_code, module_source
from tests.limits import limits

#: A value, and a list that is made at its first use; counts of what was made and destroyed.
BODY = """
    static hpystate_global value, first;
    static hpystate_pointer pointer;
    static long made, destroyed;
    static PyObject *put(PyObject *self, PyObject *arg) {
        (void)self;
        if (hpystate_global_store(&value, arg) < 0) return NULL;
        Py_RETURN_NONE;
    }
    static PyObject *get(PyObject *self, PyObject *arg) {
        PyObject *found;
        (void)self; (void)arg;
        if (hpystate_global_get_ref(&value, &found) < 0) return NULL;
        if (found == NULL) return PyUnicode_FromString("nothing");
        return found;
    }
    static PyObject *make(void *arg) { (void)arg; return PyList_New(0); }
    static PyObject *get_first(PyObject *self, PyObject *arg) {
        (void)self; (void)arg;
        return hpystate_global_get_or_init(&first, make, NULL);
    }
    static void destroy(void *memory) {
        (void)memory;
        __atomic_add_fetch(&destroyed, 1, __ATOMIC_RELAXED);
    }
    static void *make_pointer(void *arg) {
        __atomic_add_fetch(&made, 1, __ATOMIC_RELAXED);
        return arg;
    }
    static PyObject *hold(PyObject *self, PyObject *arg) {
        (void)self; (void)arg;
        if (hpystate_pointer_get_or_init(&pointer, make_pointer, &made, destroy) == NULL)
            return NULL;
        Py_RETURN_NONE;
    }
    /* How many places its interpreters had so far: a region serves one after another. */
    static PyObject *places(PyObject *self, PyObject *arg) {
        static const void *seen[1000];
        static long count;
        const void *here = hpystate_current();
        long i = 0;
        (void)self; (void)arg;
        if (here == NULL) return NULL;
        while (i < count && seen[i] != here) ++i;
        if (i == count && count < 1000) seen[count++] = here;
        return PyLong_FromLong(count);
    }
    static PyObject *counts(PyObject *self, PyObject *arg) {
        (void)self; (void)arg;
        return Py_BuildValue("(ll)", made, destroyed);
    }
    static PyObject *table(PyObject *self, PyObject *arg) {
        (void)self; (void)arg;
        return PyLong_FromVoidPtr((void *)hpystate_unstable_link.table);
    }
    static int on_exec(PyObject *module) { (void)module; return hpystate_import(); }
"""
NONE = ("get", "get_first", "hold", "places", "counts", "table")
#: The same source, four times with a copy of its own and once with the package. Where CPython loses
#: exit callbacks (gh-127791), it loses those in the middle of five.
NAMES = ("copy_a", "copy_b", "copy_c", "copy_d", "shared")


def compile_one(name: str) -> Path:
    back_end = "runtime" if name == "shared" else "embed"
    return compile_module(name, BODY, ["put"], noargs=NONE, back_end=back_end)


@pytest.fixture(scope="module")
def files() -> dict[str, Path]:
    return {name: compile_one(name) for name in NAMES}


def load_all(files: dict[str, Path]) -> str:
    """Code that binds `modules`, a dict."""
    code = "modules = {}\n"
    for name, file in files.items():
        code += load_code(name, file) + f"modules[{name!r}] = module\n"
    return code


def test_copies_and_the_runtime_are_side_by_side(files: dict[str, Path]) -> None:
    modules = {name: load(name, file) for name, file in files.items()}
    tables = [module.table() for module in modules.values()]
    assert len(set(tables)) == len(tables)
    interpreters = [Interpreter(gil) for gil in ("own", "shared", "own")]
    try:
        for other in interpreters:
            code = "for name, each in modules.items(): each.put((name, {}))"
            other.run(load_all(files) + code.format(other.id))
        for name, module in modules.items():
            module.put((name, "main"))
        for other in interpreters:
            answer = other.run("answer = [each.get() for each in modules.values()]")
            assert answer == [(name, other.id) for name in files]
            assert other.run("answer = [each.table() for each in modules.values()]") == tables
            distinct = "answer = len({id(each.get_first()) for each in modules.values()})"
            assert other.run(distinct) == len(files)
        for name, module in modules.items():
            assert module.get() == (name, "main")
    finally:
        for other in interpreters:
            other.close()


def test_values_of_each_copy_end_with_the_interpreter(files: dict[str, Path]) -> None:
    """Cycles that lead through the globals of two copies too."""
    counts = [load(name, file).counts for name, file in files.items()]
    before = [each() for each in counts]
    for gil in ("own", "shared") * 3:
        with Interpreter(gil) as other:
            code = """
modules_of = list(modules.values())
class Node: pass
for each, following in zip(modules_of, modules_of[1:] + modules_of[:1]):
    each.hold()
    node = Node()
    node.itself, node.get = node, following.get
    each.put(node)
"""
            other.run(load_all(files) + code)
    for (made, destroyed), each in zip(before, counts, strict=True):
        assert each() == (made + 6, destroyed + 6)


CYCLES = """
import importlib.util, os, sys
import _xxsubinterpreters as interpreters
code = {code!r} + '''
for each in modules.values():
    each.put([each])
    each.get_first().append(each)
    each.hold()
    each.places()
'''
plain = "import importlib.util"
def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
def cycles(count, code):
    for _ in range(count):
        other = interpreters.create()
        problem = interpreters.run_string(other, code)
        assert problem is None, problem
        interpreters.destroy(other)
exec({code!r})
cycles(40, code)
cycles(40, plain)
sizes = [resident()]
for each in (plain, code):
    cycles(200, each)
    sizes.append(resident())
counts = [each.counts() + (each.places(),) for each in modules.values()]
print(sizes[1] - sizes[0], sizes[2] - sizes[1], counts)
sys.stdout.flush()
os._exit(0)
"""


@pytest.mark.long
@pytest.mark.skipif(
    "HPYSTATE_SANITIZED" in os.environ, reason="a sanitizer keeps freed memory for a while"
)
@pytest.mark.skipif(
    sys.version_info >= (3, 13), reason="the module that makes them has other names"
)
def test_two_hundred_interpreters_leave_no_memory_behind(
    child: Callable, files: dict[str, Path]
) -> None:
    """CPython gives little of an interpreter back, so the same runs without an extension. Three
    values of each of four copies, and a region of each. The package is left out: its modules are
    memory of CPython's too."""
    copies = {name: file for name, file in files.items() if name != "shared"}
    script = CYCLES.format(code=load_all(copies))
    result = child(script, timeout=240)
    assert result.returncode == 0, result.stderr
    found = re.fullmatch(r"(-?\d+) (-?\d+) (.*)", result.stdout.strip())
    assert found is not None
    for made, destroyed, places in ast.literal_eval(found[3]):
        assert (made, destroyed) == (240, 240)
        assert places <= 4  # the main interpreter's, and one or two that serve the others
    without, with_copies = int(found[1]) / 200, int(found[2]) / 200
    print(f"{without / 1024:.0f} KiB an interpreter without, {with_copies / 1024:.0f} KiB with")
    # A value that is lost is a list, an instance's dict or a type: more than that.
    assert with_copies < without * 1.05 + 4 * 8192


COSTS = """
import importlib.util, shutil
def private():
    with open("/proc/self/smaps_rollup") as lines:
        return sum(int(line.split()[1]) for line in lines if line.startswith("Private"))
modules = []
for number in range(30):
    if number == 10:
        before = private()
    file = shutil.copy({file!r}, f"{folder}/{{number}}.so")
    spec = importlib.util.spec_from_file_location("tally", file)
    modules.append(importlib.util.module_from_spec(spec))
    spec.loader.exec_module(modules[-1])
print((private() - before) / 20)
"""


@pytest.mark.skipif("HPYSTATE_SANITIZED" in os.environ, reason="a sanitizer's memory counts too")
def test_one_more_extension_costs_little_memory(child: Callable, tmp_path: Path) -> None:
    """In KiB that no other process shares, of the same file with and without the library."""
    cost = {}
    body = "static int on_exec(PyObject *module) { (void)module; return hpystate_import(); }"
    for name, flags in (("embed", ()), ("static", ("-DHPYSTATE_GLOBAL_STATIC",))):
        file = compile_module(
            "tally", body, [], flags=flags, back_end="embed" if name == "embed" else "runtime"
        )
        result = child(COSTS.format(file=str(file), folder=tmp_path))
        assert result.returncode == 0, result.stderr
        cost[name] = float(result.stdout)
    print(f"{cost['embed']:.0f} KiB with hpystate::embed, {cost['static']:.0f} KiB without")
    assert cost["embed"] - cost["static"] < 200


ALONE = """
import sys
assert not any("hpystate" in each for each in sys.modules)
{code}
module.put(["value"])
print(module.get(), module.get_first() is module.get_first())
print([each for each in sys.modules if "hpystate" in each])
try:
    import hpystate
except ModuleNotFoundError as error:
    print(error)
"""


def test_no_package_is_needed(files: dict[str, Path]) -> None:
    code = ALONE.format(code=load_code("copy_a", files["copy_a"]))
    # What the environment adds to the path does not count with -I, nor site-packages with -S.
    result = limits.run([sys.executable, "-I", "-S", "-c", code], 60)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == ["['value'] True", "[]", "No module named 'hpystate'"]


@pytest.mark.skipif(
    "HPYSTATE_SANITIZED" in os.environ, reason="a sanitizer's functions are in a library of its own"
)
def test_an_extension_exports_nothing_and_needs_libc_and_libgcc(files: dict[str, Path]) -> None:
    file = files["copy_a"]
    exported = output("nm", "-D", "--defined-only", str(file))
    assert [line.split()[-1] for line in exported.splitlines()] == ["PyInit_copy_a"]
    needed = re.findall(r"\(NEEDED\).*\[(.*?)\]", output("readelf", "-dW", str(file)))
    assert "libc.so.6" in needed
    assert set(needed) <= {"libc.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2"}
    undefined = [line.split()[-2:] for line in output("nm", "-Du", str(file)).splitlines()]
    strange = [
        name
        for kind, name in undefined
        if kind == "U" and "@GLIBC_" not in name and "@GCC_" not in name
        and not name.startswith(("Py", "_Py"))
    ]  # fmt: skip
    assert strange == []


def output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_the_library_has_one_name_for_others() -> None:
    names = output("nm", "--defined-only", "--extern-only", str(embed_library()))
    found = [line.split()[-1] for line in names.splitlines() if line.count(" ") == 2]
    assert found == ["hpystate_embed_tables"]
    printed = output(sys.executable, "-m", "hpystate", "--embed-library").strip()
    assert Path(printed) == embed_library()


def test_without_the_library_the_linker_names_what_is_missing(tmp_path: Path) -> None:
    source = tmp_path / "missing.c"
    source.write_text(module_source("missing", BODY, ["put"], NONE))
    command = ["cc", "-shared", "-fPIC", "-DHPYSTATE_GLOBAL_EMBED", f"-I{include_folder()}"]
    command += [f"-isystem{sysconfig.get_path('include')}", str(source), "-o", "/dev/null"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert "hpystate_embed_tables" in result.stderr


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            "#undef PY_VERSION_HEX\n#define PY_VERSION_HEX 0x030B00F0",
            r"compiled for CPython 3\.11.* and is linked with a libhpystate_embed\.a for CPython "
            rf"3\.{sys.version_info[1]}",
        ),
        (
            "#undef HPYSTATE_GLOBAL_MAJOR\n#define HPYSTATE_GLOBAL_MAJOR 7",
            r"needs version 7\.\d+ of hpystate's globals, and libhpystate_embed\.a, which "
            r"is linked into it, has 1\.\d+\. Compile with the global\.h that belongs to",
        ),
        (
            "#undef HPYSTATE_GLOBAL_MINOR\n#define HPYSTATE_GLOBAL_MINOR 9",
            r"needs version 1\.9 of hpystate's globals",
        ),
    ],
    ids=["python", "major", "minor"],
)
def test_a_library_of_another_version_is_refused(tmp_path: Path, change: str, message: str) -> None:
    """As the file would see it: the header's words are others where it asks for its table."""
    header = (include_folder() / "hpystate" / "global.h").read_text()
    mark = "#ifdef HPYSTATE_GLOBAL_EMBED\n\n/* In libhpystate_embed.a"
    walk = "/* The table for this file in a chain"
    assert header.count(mark) == header.count(walk) == 1
    (tmp_path / "hpystate").mkdir()
    (tmp_path / "hpystate" / "global.h").write_text(header.replace(walk, f"{change}\n{walk}"))
    source = tmp_path / "other.c"
    text = module_source("other", BODY, ["put"], NONE)
    source.write_text(text)
    flags = (f"-I{tmp_path}",)  # before ours
    file = compile_plain("other", [source], tmp_path, flags=flags, back_end="embed")
    with pytest.raises(ImportError, match=message):
        load("other", file)


def test_a_maker_in_two_copies_may_not_wait_for_itself(files: dict[str, Path]) -> None:
    """Turns of a copy are its own: a circle inside one is an error in each."""
    body = """
    static hpystate_global value;
    static PyObject *again(void *arg) {
        return hpystate_global_get_or_init((hpystate_global *)arg, again, arg);
    }
    static PyObject *get(PyObject *self, PyObject *arg) {
        (void)self; (void)arg;
        return hpystate_global_get_or_init(&value, again, &value);
    }
    static int on_exec(PyObject *module) { (void)module; return hpystate_import(); }
    """
    assert files
    for name in ("circle_a", "circle_b"):
        file = compile_module(name, body, [], noargs=["get"], back_end="embed")
        with pytest.raises(RuntimeError, match=f"the first value of value, .*{name}"):
            load(name, file).get()


LATE = """
import os, sys
from hpystate.testing import Interpreter
read, write = os.pipe()
with Interpreter("own") as other:
    other.run('''
import os
CODE
class Probe:
    def __init__(self, module):
        self.module, self.itself = module, self
    def __del__(self, write=os.write):
        found = self.module.get()
        self.module.put("late")
        write(WRITE, b"%r %r;" % (found, self.module.get()))
for each in modules.values():
    each.put(Probe(each))
del each, module, modules, spec
'''.replace("CODE", {code!r}).replace("WRITE", str(write)))
os.write(write, b"ended")
print(os.read(read, 4000).decode())
sys.stdout.flush()
os._exit(0)
"""


def test_each_copy_is_closed_when_its_values_are_released(
    child: Callable, files: dict[str, Path]
) -> None:
    """With five of them CPython 3.12 loses exit callbacks: the collector ends the others."""
    result = child(LATE.format(code=load_all(files)))
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "'nothing' 'nothing';" * 5 + "ended"
