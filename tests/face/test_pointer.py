"""test_pointer.py: C pointers and C tables of other modules, per interpreter."""

from __future__ import annotations

import datetime
import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest

from hpystate.testing import Interpreter, InterpreterError
from tests.face.plain import LIMITED, LIMITED_API, NO_GIL, compile_module, load, load_code

POINTER = """
    #include <stdlib.h>
    static hpystate_pointer pointer;
    static long made, destroyed, raised;  /* of all interpreters */
    struct box { long number; };
    static void destroy(void *memory) {
        __atomic_add_fetch(&destroyed, 1, __ATOMIC_RELAXED);
        if (PyErr_Occurred()) __atomic_add_fetch(&raised, 1, __ATOMIC_RELAXED);
        if (((struct box *)memory)->number == 7) PyErr_SetString(PyExc_ValueError, "seven");
        free(memory);
    }
    static void *make(void *arg) {
        struct box *box = (struct box *)malloc(sizeof *box);
        __atomic_add_fetch(&made, 1, __ATOMIC_RELAXED);
        if (box != NULL) box->number = *(long *)arg;
        return box;
    }
    static void *make_nothing(void *arg) { (void)arg; return NULL; }
    static PyObject *number(const struct box *box) {
        if (box != NULL) return PyLong_FromLong(box->number);
        return PyErr_Occurred() ? NULL : PyUnicode_FromString("unset");
    }
    static PyObject *get(PyObject *self, PyObject *arg) {
        (void)self; (void)arg;
        return number((const struct box *)hpystate_pointer_get(&pointer));
    }
    static PyObject *set(PyObject *self, PyObject *arg) {
        long value = PyLong_AsLong(arg);
        void *box = make(&value);
        (void)self;
        if (box == NULL) return PyErr_NoMemory();
        if (hpystate_pointer_set(&pointer, box, destroy) < 0) { free(box); return NULL; }
        Py_RETURN_NONE;
    }
    static PyObject *clear(PyObject *self, PyObject *arg) {
        (void)self; (void)arg;
        if (hpystate_pointer_set(&pointer, NULL, NULL) < 0) return NULL;
        Py_RETURN_NONE;
    }
    static PyObject *get_or_init(PyObject *self, PyObject *arg) {
        long value = PyLong_AsLong(arg);
        (void)self;
        return number((const struct box *)hpystate_pointer_get_or_init(&pointer, make, &value,
                                                                       destroy));
    }
    static PyObject *init_nothing(PyObject *self, PyObject *arg) {
        (void)self; (void)arg;
        return number((const struct box *)hpystate_pointer_get_or_init(&pointer, make_nothing,
                                                                       NULL, destroy));
    }
    static PyObject *counts(PyObject *self, PyObject *arg) {
        (void)self; (void)arg;
        return Py_BuildValue("(lll)", made, destroyed, raised);
    }
    static int on_exec(PyObject *module) { (void)module; return hpystate_import(); }
"""


@pytest.fixture(params=["full", LIMITED_API, "embed"])
def file(request: pytest.FixtureRequest) -> Path:
    return compile_module(
        "pointers",
        POINTER,
        ["set", "get_or_init"],
        noargs=["get", "clear", "init_nothing", "counts"],
        flags=(LIMITED,) if request.param == "limited" else (),
        back_end="embed" if request.param == "embed" else "runtime",
    )


def test_what_a_destructor_raises_is_printed_at_the_end_too(file: Path, child: Callable) -> None:
    code = load_code("pointers", file) + "module.set(7)\n"
    inner = "import sys; sys.unraisablehook = lambda what: print('hook', what.exc_value)"
    result = child(
        f"import sys\nfrom hpystate.testing import Interpreter\n"
        f"with Interpreter() as other: other.run({code!r})\n"
        f"print('ended', flush=True)\n{inner}\n{code}module.set(7)\n"
    )
    line = "hpystate: a destructor at the end of an interpreter raised ValueError: seven"
    # The first of main's two is replaced. Without the GIL it is kept until the end all the same.
    hook, count = ("", 3) if NO_GIL else ("hook seven\n", 2)
    assert (result.returncode, result.stdout) == (0, f"ended\n{hook}"), result.stderr
    assert result.stderr.splitlines() == [line] * count


def test_a_pointer_is_destroyed_with_its_interpreter(file: Path) -> None:
    module = load("pointers", file)
    made, destroyed, raised = module.counts()
    with Interpreter("own") as first, Interpreter("shared") as second:
        code = load_code("pointers", file) + "before = module.get()\n"
        for other in (first, second):
            assert other.run(f"{code}module.set({other.id})\nanswer = before") == "unset"
        for other in (first, second):
            assert other.run("answer = module.get(), module.get_or_init(5)") == (other.id, other.id)
        assert module.counts() == (made + 2, destroyed, raised)
    assert module.counts() == (made + 2, destroyed + 2, raised)


def test_a_pointer_that_is_replaced_is_destroyed_before_the_end(file: Path) -> None:
    counts = load("pointers", file).counts
    with Interpreter() as other:
        other.run(load_code("pointers", file) + "module.set(1)")  # kept where there is no GIL
        made, destroyed, raised = counts()
        assert other.run("module.set(2); answer = module.get()") == 2
        assert other.run("module.set(3); answer = module.get()") == 3
        assert counts()[1] in (destroyed + 1, destroyed + 2)
        assert other.run("module.clear(); answer = module.get()") == "unset"
        assert other.run("answer = module.get_or_init(4)") == 4
    assert counts() == (made + 3, made + 3, raised)


def test_a_pointer_that_cannot_be_made_is_an_error(file: Path) -> None:
    with Interpreter() as other, pytest.raises(InterpreterError, match="MemoryError"):
        other.run(load_code("pointers", file) + "module.init_nothing()")


ORDER = """
    #include <stdint.h>
    #include <stdio.h>
    static hpystate_pointer pointers[4];
    static hpystate_global kept;
    static char ended[400];  /* what the last interpreter that ended did */
    static void destroy(void *value) {
        const long number = (long)(intptr_t)value, again = number % 10;
        PyObject *list = hpystate_global_borrow(&kept);
        char there[5] = "----";
        for (int i = 0; i < 4; ++i) {
            if (hpystate_pointer_get(&pointers[i]) != NULL) there[i] = (char)('0' + i);
        }
        snprintf(ended + strlen(ended), sizeof(ended) - strlen(ended), "%ld %s %ld, ", number,
                 there, list != NULL ? (long)PyList_Size(list) : -1L);
        if (number == 31) {  /* another one, and this one again: destroyed at once */
            hpystate_pointer_set(&pointers[0], (void *)(intptr_t)40, destroy);
            hpystate_pointer_set(&pointers[again], (void *)(intptr_t)50, destroy);
        }
    }
    static void *make(void *arg) { return arg; }
    static PyObject *fill(PyObject *self, PyObject *list) {
        (void)self;
        ended[0] = 0;
        if (hpystate_global_store(&kept, list) < 0) return NULL;
        for (int i = 1; i < 4; ++i) {
            if (!hpystate_pointer_get_or_init(&pointers[i], make, (void *)(intptr_t)(i * 10),
                                              destroy))
                return NULL;
        }
        /* 1 is set again, so it is the newest. */
        if (hpystate_pointer_set(&pointers[1], (void *)(intptr_t)31, destroy) < 0) return NULL;
        Py_RETURN_NONE;
    }
    static PyObject *told(PyObject *self, PyObject *arg) {
        (void)self; (void)arg;
        return PyUnicode_FromString(ended);
    }
    static int on_exec(PyObject *module) { (void)module; return hpystate_import(); }
"""


def test_pointers_end_the_newest_first_while_globals_hold_their_values() -> None:
    file = compile_module("order", ORDER, ["fill"], noargs=["told"])
    module = load("order", file)
    for kind in ("own", "shared"):
        with Interpreter(kind) as other:
            other.run(load_code("order", file) + "module.fill([None] * 5)")
        told = module.told().split(", ")
        replaced = [each for each in told if each.startswith("10 ")]
        assert replaced in (["10 -123 5"], ["10 0-23 5"])  # at once; without the GIL at the end
        assert [each for each in told if each not in replaced] == [
            *("31 --23 5", "50 0-23 5", "40 --23 5", "30 --2- 5", "20 ---- 5", ""),
        ]


CLEARED = """
    static hpystate_pointer user, base;
    static long made, destroyed;  /* of `base`, in all interpreters */
    static void destroy_base(void *memory) { (void)memory; ++destroyed; }
    static void *make_base(void *arg) { (void)arg; ++made; return &made; }
    static void destroy_user(void *memory) {
        (void)memory;
        hpystate_pointer_get_or_init(&base, make_base, NULL, destroy_base);
    }
    static PyObject *use(PyObject *self, PyObject *arg) {
        (void)self; (void)arg;
        ++made;
        if (hpystate_pointer_set(&user, &user, destroy_user) < 0 ||
            hpystate_pointer_set(&base, &made, destroy_base) < 0 ||
            hpystate_pointer_set(&base, NULL, NULL) < 0)
            return NULL;
        Py_RETURN_NONE;
    }
    static PyObject *counts(PyObject *self, PyObject *arg) {
        (void)self; (void)arg;
        return Py_BuildValue("(ll)", made, destroyed);
    }
    static int on_exec(PyObject *module) { (void)module; return hpystate_import(); }
"""


@pytest.mark.skipif(
    NO_GIL,
    reason="without the GIL the first pointer stays until the end, and has its turn there",
)
def test_a_pointer_that_was_cleared_can_be_made_by_a_destructor() -> None:
    """It is newer than its user, so its turn comes first; nothing is there to destroy."""
    file = compile_module("cleared", CLEARED, [], noargs=["use", "counts"])
    with Interpreter() as other:
        other.run(load_code("cleared", file) + "module.use()")
    assert load("cleared", file).counts() == (2, 2)


DATETIME = """
    #include <datetime.h>
    static hpystate_capsule datetime_api = HPYSTATE_DATETIME_CAPSULE;
    #define PyDateTimeAPI ((PyDateTime_CAPI *)hpystate_capsule_get(&datetime_api))
    static PyObject *date(PyObject *self, PyObject *arg) {
        (void)self; (void)arg;
        return PyDateTimeAPI != NULL ? PyDate_FromDate(2026, 11, 29) : NULL;
    }
    static PyObject *address(PyObject *self, PyObject *arg) {
        (void)self; (void)arg;
        return PyLong_FromVoidPtr((void *)PyDateTimeAPI->DateType);
    }
    static int on_exec(PyObject *module) {
        (void)module;
        return hpystate_import() < 0 || PyDateTimeAPI == NULL ? -1 : 0;
    }
"""


def test_datetimes_table_is_that_of_each_interpreter() -> None:
    file = compile_module(
        "dates", DATETIME, [], noargs=["date", "address"], flags=("-Wno-unused-variable",)
    )
    module = load("dates", file)
    assert module.date() == datetime.date(2026, 11, 29)
    assert module.address() == id(datetime.date)
    with Interpreter("shared") as other:
        answer = other.run(
            load_code("dates", file)
            + "import datetime\n"
            + "answer = [type(module.date()) is datetime.date for _ in range(3)]"
            + " + [module.address() == id(datetime.date)]"
        )
        assert answer == [True] * 4


def test_a_datetime_without_a_table_is_named() -> None:
    """3.12 has none in interpreters with GILs of their own: there datetime is the one in Python."""
    file = compile_module(
        "dates", DATETIME, [], noargs=["date", "address"], flags=("-Wno-unused-variable",)
    )
    with Interpreter("own") as other:
        code = "import datetime; answer = hasattr(datetime, 'datetime_CAPI')"
        if other.run(code):
            assert other.run(load_code("dates", file) + "answer = str(module.date())") == (
                "2026-11-29"
            )
        else:
            with pytest.raises(InterpreterError, match="no attribute 'datetime_CAPI'"):
                other.run(load_code("dates", file))


NUMPY = """
    static hpystate_capsule array_api = HPYSTATE_NUMPY_CAPSULE;
    static PyObject *array_type(PyObject *self, PyObject *arg) {
        void **api = (void **)hpystate_capsule_get(&array_api);
        (void)self; (void)arg;
        if (api == NULL) return NULL;
        Py_INCREF((PyObject *)api[2]);  /* PyArray_Type, in all versions */
        return (PyObject *)api[2];
    }
    static int on_exec(PyObject *module) { (void)module; return hpystate_import(); }
"""


@pytest.fixture
def numpy_file() -> Path:
    return compile_module("arrays", NUMPY, [], noargs=["array_type"])


@pytest.mark.skipif(
    importlib.util.find_spec("numpy") is None,
    reason="NumPy is not installed; the test below has stand-ins for it",
)
def test_numpys_table_is_found(numpy_file: Path) -> None:
    import numpy

    assert load("arrays", numpy_file).array_type() is numpy.ndarray


CAPSULES = """
    static void *table[3];
    static PyObject *fill(PyObject *self, PyObject *type) {
        (void)self;
        Py_INCREF(type);
        table[2] = type;
        return PyCapsule_New(table, NULL, NULL);
    }
    static int on_exec(PyObject *module) { (void)module; return 0; }
"""


@pytest.mark.parametrize("package", ["numpy._core", "numpy.core"])
def test_the_table_of_either_numpy_is_found(numpy_file: Path, package: str) -> None:
    capsules = compile_module("capsules", CAPSULES, ["fill"])
    with Interpreter() as other:
        answer = other.run(
            load_code("capsules", capsules)
            + f"""
import sys, types
class Array: pass
table = module.fill(Array)
for name in ("numpy", "{package}", "{package}._multiarray_umath"):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = []
sys.modules["{package}._multiarray_umath"]._ARRAY_API = table
"""
            + load_code("arrays", numpy_file)
            + "answer = [module.array_type() is Array for _ in range(3)]"
        )
    assert answer == [True] * 3


def test_something_else_than_the_capsule_is_refused(numpy_file: Path) -> None:
    with Interpreter() as other, pytest.raises(InterpreterError) as caught:
        other.run(
            """
import sys, types
for name in ("numpy", "numpy._core", "numpy._core._multiarray_umath"):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = []
sys.modules["numpy._core._multiarray_umath"]._ARRAY_API = "a word"
"""
            + load_code("arrays", numpy_file)
            + "module.array_type()"
        )
    assert (
        "ImportError: hpystate_capsule_get: numpy._core._multiarray_umath._ARRAY_API is 'a word', "
        "a capsule named NULL was expected." in str(caught.value)
    )


def test_a_module_that_is_missing_is_tried_again(numpy_file: Path) -> None:
    with Interpreter() as other:
        code = "import sys; sys.modules['numpy'] = None\n" + load_code("arrays", numpy_file)
        other.run(code)
        for _ in range(2):
            with pytest.raises(InterpreterError, match="ModuleNotFoundError"):
                other.run("module.array_type()")
