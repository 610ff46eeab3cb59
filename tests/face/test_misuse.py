"""test_misuse.py: bad input of hpystate/global.h is an error that names it; none crashes, but a
thread without an interpreter, which ends the process with a message."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hpystate.testing import Interpreter, InterpreterError
from tests.face.every import BODY, ONE, source_of
from tests.face.plain import BACK_ENDS, BackEnd, compile_module, load, load_code


class Own:
    """A class of the test's interpreter."""


FUSED = [
    ("call", "callable"),
    ("call_method", "name"),
    ("type_check", "type"),
    ("is_same", "dict"),
    ("new_object", "type"),
    ("getattr", "name"),
    ("getitem", "dict"),
    ("setitem", "dict"),
    ("err_string", "exception"),
    ("err_object", "exception"),
    ("err_format", "exception"),
    ("err_matches", "exception"),
]


@pytest.mark.parametrize(("function", "name"), FUSED)
def test_a_fused_call_names_the_global_that_holds_nothing(
    function: str, name: str, back_end: BackEnd
) -> None:
    with Interpreter() as other:
        argument = "KeyError" if function in ONE else ""
        with pytest.raises(InterpreterError) as caught:
            other.run(
                load_code("every", source_of(BODY, back_end)) + f"module.{function}({argument})"
            )
    text = str(caught.value)
    assert f": {name}, a global that no module lists (every" in text
    assert "holds nothing in this interpreter, a value was expected" in text
    assert "in the module's Py_mod_exec slot." in text
    assert "SystemError: hpystate_" in text


EARLY = BODY.replace("return hpystate_import();", "return 0;")


@pytest.mark.parametrize("function", ["put", "borrow_often", "call", "get_ref", "borrow"])
def test_a_use_before_the_import_is_refused(function: str, back_end: BackEnd) -> None:
    module = load("every", source_of(EARLY, back_end))
    argument = (None,) if function in ONE else ()
    with pytest.raises(SystemError, match=r"the extension did not call hpystate_import\(\) before"):
        getattr(module, function)(*argument)
    with pytest.raises(SystemError, match=r"^hpystate_global_get_or_init: the extension did not"):
        module.get_or_init()


def test_a_use_in_an_interpreter_that_did_not_import_is_refused(back_end: BackEnd) -> None:
    """The process has, so the file has its table."""
    text = BODY.replace(
        "return hpystate_import();",
        'return PyObject_HasAttrString(PyImport_AddModule("__main__"), "no_import") ? 0 '
        ": hpystate_import();",
    )
    file = source_of(text, back_end)
    load("every", file).put(1)
    with Interpreter() as other:
        for call in ("borrow()", "put(1)", "get_ref()", "get_or_init()", "call(1)"):
            code = "no_import = True\n" + load_code("every", file)
            with pytest.raises(InterpreterError, match="was not called in this interpreter"):
                other.run(code + f"module.{call}")
        del_code = "del no_import\n" + load_code("every", file)
        assert other.run(del_code + "module.put(5); answer = module.borrow()") == 5


def test_after_the_end_of_an_interpreter_nothing_is_found(
    child: Callable, back_end: BackEnd
) -> None:
    file = source_of(BODY, back_end)
    script = f"""
import os, sys
from hpystate.testing import Interpreter
read, write = os.pipe()
for gil in ("own", "shared"):
    with Interpreter(gil) as other:
        other.run('''
import os
from hpystate.testing import Interpreter
import importlib.util
spec = importlib.util.spec_from_file_location("every", FILE)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
class Value:
    def __init__(self):
        self.cycle = self
    def __del__(self, write=os.write, module=module, error=SystemError):
        write(WRITE, b"%r %r %r;" % (module.borrow(), module.get_ref(), module.put("late")))
        try:
            module.call(1)
        except error as caught:
            write(WRITE, caught.args[0].encode())
module.put(Value())
del module, spec
'''.replace("WRITE", str(write)).replace("FILE", repr({str(file)!r})))
    os.write(write, b"ended;")
print(os.read(read, 4000).decode())
sys.stdout.flush()
os._exit(0)
"""
    result = child(script)
    parts = result.stdout.strip().split("ended;")
    assert len(parts) == 3, result.stderr
    for part in parts[:2]:
        assert part.startswith("'unset' (0, False) 0;hpystate_call: callable, ")
        assert "this interpreter is ending and has released the values of its globals" in part


def test_a_thread_without_an_interpreter_ends_the_process_with_a_message(
    child: Callable, back_end: BackEnd
) -> None:
    body = """
    static hpystate_global value;
    static PyObject *detached(PyObject *self, PyObject *arg) {
        PyThreadState *state = PyEval_SaveThread();
        hpystate_global_borrow(&value);
        PyEval_RestoreThread(state);
        (void)self;
        return arg;
    }
    static int on_exec(PyObject *module) { (void)module; return IMPORT; }
    """
    for done, message in (
        ("hpystate_import()", "hpystate_global_borrow: the calling thread is not attached to an"),
        ("0", "PyThreadState_Get"),  # CPython's own
    ):
        text = body.replace("IMPORT", done)
        file = compile_module("detached", text, ["detached"], back_end=back_end)
        result = child(load_code("detached", file) + "module.detached(1)")
        assert result.returncode < 0, result.stderr
        assert message in result.stderr
        assert "Fatal Python error" in result.stderr


def test_a_global_in_read_only_memory_is_refused(back_end: BackEnd) -> None:
    body = """
    static const hpystate_global frozen = {0};
    static PyObject *put(PyObject *self, PyObject *arg) {
        union { const hpystate_global *is; hpystate_global *was; } address = {&frozen};
        (void)self;
        if (hpystate_global_store(address.was, arg) < 0) return NULL;
        Py_RETURN_NONE;
    }
    static PyObject *nowhere(PyObject *self, PyObject *arg) {
        (void)self;
        if (hpystate_global_store(NULL, arg) < 0) return NULL;
        Py_RETURN_NONE;
    }
    static int on_exec(PyObject *module) { (void)module; return hpystate_import(); }
    """
    functions = ["put", "nowhere"]
    module = load("frozen", compile_module("frozen", body, functions, back_end=back_end))
    with pytest.raises(SystemError, match="frozen, a global that .* is in read-only memory"):
        module.put(1)
    with pytest.raises(SystemError, match="hpystate_global_store: the global NULL is"):
        module.nowhere(1)


CHECKED = """
    static hpystate_global value;
    static PyObject *put(PyObject *self, PyObject *arg) {
        (void)self;
        if (hpystate_global_store(&value, arg) < 0) return NULL;
        Py_RETURN_NONE;
    }
    /* Stores an object, given by its address, of any interpreter. */
    static PyObject *put_address(PyObject *self, PyObject *arg) {
        PyObject *object = (PyObject *)PyLong_AsVoidPtr(arg);
        return put(self, object);
    }
    static int on_exec(PyObject *module) { (void)module; return hpystate_import(); }
"""


def test_an_object_of_another_interpreter_is_refused_where_stores_are_checked(
    back_end: BackEnd,
) -> None:
    flags = ("-DHPYSTATE_GLOBAL_CHECKED",)
    functions = ["put", "put_address"]
    file = compile_module("checked", CHECKED, functions, flags=flags, back_end=back_end)
    module = load("checked", file)
    for value in (["list"], {}, Own(), Own, "str", 5, None, len, ()):
        module.put(value)
        module.put_address(id(value))
    value = [module]
    with Interpreter() as other:
        with pytest.raises(InterpreterError, match="a 'list', belongs to another interpreter"):
            other.run(load_code("checked", file) + f"module.put_address({id(value)})")
        other.run(
            """
class Own: pass
class Dying:
    def __del__(self):
        try:
            module.put(self)  # of the garbage that is being collected
        except BaseException as error:
            refused.append(str(error))
refused = []
for value in (["list"], {}, Own(), Own, "str", 5, None, len, (), [module]):
    module.put(value)
    module.put_address(id(value))
dying = Dying()
dying.itself = dying
del dying
import gc
gc.collect()
"""
        )
        assert other.run("answer = refused") == []
        # What no collector tracks can not be told.
        other.run("import gc; gc.freeze(); module.put([2]); kept = [3]; module.put(kept)")


SILENT = """
    static hpystate_global value;
    static PyObject *make(void *arg) { (void)arg; return NULL; }
    static PyObject *get(PyObject *self, PyObject *arg) {
        (void)self; (void)arg;
        return hpystate_global_get_or_init(&value, make, NULL);
    }
    static int on_exec(PyObject *module) { (void)module; return hpystate_import(); }
"""


@pytest.mark.parametrize("way", [*BACK_ENDS, "static"])
def test_a_maker_without_a_value_or_an_exception(way: str) -> None:
    flags = ("-DHPYSTATE_GLOBAL_STATIC",) if way == "static" else ()
    back_end: BackEnd = "embed" if way == "embed" else "runtime"
    file = compile_module("silent", SILENT, [], noargs=["get"], flags=flags, back_end=back_end)
    module = load("silent", file)
    told = "^hpystate_global_get_or_init: .*returned nothing and set no exception"
    with pytest.raises(SystemError, match=told):
        module.get()
