"""test_init.py: init functions and exec slots that fail, and what works all the same later."""

from __future__ import annotations

import sys

import pytest

from tests.images.conftest import Script
from tests.images.made import MULTI_END, compiled

FAILING = """
    #include <Python.h>
    static int tries;
    static PyObject *bump(PyObject *self, PyObject *unused) { return PyLong_FromLong(tries); }
    static PyMethodDef methods[] = {{"tries", bump, METH_NOARGS, NULL}, {NULL}};
    static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "NAME", NULL, -1, methods};
    PyMODINIT_FUNC PyInit_NAME(void) {
        ++tries;
        BODY
        return PyModule_Create(&definition);
    }
"""


#: How often the exec slot ran.
RELOADED = """
    #include <Python.h>
    static long count, executions;
    static PyObject *bump(PyObject *self, PyObject *unused) { return PyLong_FromLong(++count); }
    static PyObject *executed(PyObject *self, PyObject *unused) {
        return PyLong_FromLong(executions);
    }
    static PyMethodDef methods[] = {
        {"bump", bump, METH_NOARGS, NULL}, {"executed", executed, METH_NOARGS, NULL}, {NULL}};
    static int on_exec(PyObject *module) {
        ++executions;
        return 0;
    }
"""

#: In place of an init function.
SLOTS_END = """
    PyABIInfo_VAR(abi_info);
    static PySlot slots[] = {
        PySlot_DATA(Py_mod_abi, &abi_info),
        PySlot_DATA(Py_mod_name, "NAME"),
        PySlot_STATIC_DATA(Py_mod_methods, methods),
        PySlot_FUNC(Py_mod_exec, on_exec),
        PySlot_END};
    PyMODEXPORT_FUNC PyModExport_NAME(void) { return slots; }
"""


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("return NULL;", "SystemError: initialization of failing failed without raising"),
        (
            'PyErr_SetString(PyExc_KeyError, "not today"); return NULL;',
            "KeyError: 'not today'",
        ),
        (
            'PyErr_SetString(PyExc_KeyError, "not today");',
            "SystemError: initialization of failing raised unreported exception",
        ),
    ],
    ids=["NULL", "NULL with an exception", "a module with an exception"],
)
def test_what_init_returns_is_checked_as_cpython_does(
    script: Script, body: str, error: str
) -> None:
    text = """
        try:
            import failing
        except BaseException as error:
            answer = f"{type(error).__name__}: {error}"
        """
    answer = script(
        f"""
        with Interpreter() as first:
            first.run("import hpystate; hpystate.isolate('failing')")
            answer = [first.run({text!r})]
            answer.append(first.run("import sys; answer = 'failing' in sys.modules"))
        scope = {{}}
        exec(__import__("textwrap").dedent({text!r}), scope)
        answer.append(scope.get("answer"))
        """,
        compiled("failing", FAILING.replace("BODY", body)),
    )
    assert answer[2] == answer[0], "CPython alone"
    if sys.version_info < (3, 13) and "unreported" in error:
        assert answer[:2] == [None, True]  # PyModule_Create of 3.12 loses the exception
    else:
        assert answer[0].startswith(error), answer
        assert answer[1] is False


def test_an_init_that_raises_at_first_works_later_in_the_same_image(script: Script) -> None:
    body = 'if (tries == 1) { PyErr_SetString(PyExc_KeyError, "early"); return NULL; }'
    answer = script(
        """
        with Interpreter() as first:
            answer = first.run('''
                import hpystate
                hpystate.isolate("failing")
                answer = []
                try:
                    import failing
                except KeyError as error:
                    answer.append(str(error))
                import failing
                from hpystate import _images
                answer += [failing.tries(), len(_images.images())]
            ''')
        """,
        compiled("failing", FAILING.replace("BODY", body)),
    )
    assert answer == ["'early'", 2, 1]


def test_an_exec_slot_that_raises_half_way_works_later(script: Script) -> None:
    text = """
        #include <Python.h>
        static int tries;
        static PyMethodDef methods[] = {{NULL}};
        static int on_exec(PyObject *module) {
            if (PyModule_AddIntConstant(module, "tries", ++tries) < 0) return -1;
            if (tries == 1) PyErr_SetString(PyExc_KeyError, "half-way");
            return tries == 1 ? -1 : 0;
        }
    """
    answer = script(
        """
        with Interpreter() as first:
            answer = first.run('''
                import _imp, hpystate, sys
                hpystate.isolate("halfway")
                try:
                    import halfway
                except KeyError as error:
                    answer = [str(error), "halfway" in sys.modules]
                import halfway
                answer += [halfway.tries, _imp._override_multi_interp_extensions_check(0)]
            ''')
        """,
        compiled("halfway", text + MULTI_END),
    )
    assert answer == ["'half-way'", False, 2, 0]


@pytest.mark.parametrize("size", [0, 8])
def test_a_reload_executes_what_it_executes_in_cpython(script: Script, size: int) -> None:
    """Nothing: it has its state, even one of no bytes."""
    end = MULTI_END.replace('"NAME", NULL, 0,', f'"NAME", NULL, {size},')
    assert end != MULTI_END or size == 0
    file = compiled(f"reload{size}", RELOADED + end)
    answer = script(
        f"""
        code = '''
            import importlib
            import {file.name.partition(".")[0]} as module
            importlib.reload(module)
            answer = module.executed()
        '''
        import textwrap
        variables = {{}}
        exec(textwrap.dedent(code), variables)
        with Interpreter() as first:
            first.run("import hpystate; hpystate.isolate('reload*')")
            answer = [variables["answer"], first.run(code)]
        """,
        file,
    )
    assert answer == [1, 1]


@pytest.mark.skipif(sys.version_info < (3, 15), reason="files export slots from 3.15 on (PEP 793)")
def test_a_file_that_exports_slots(script: Script) -> None:
    answer = script(
        """
        import slots
        answer = [slots.bump(), slots.executed()]
        with Interpreter() as first:
            first.run("import hpystate; hpystate.isolate('slots'); import slots")
            answer += first.run("answer = [slots.bump(), slots.bump(), slots.executed()]")
        """,
        compiled("slots", RELOADED + SLOTS_END),
    )
    assert answer == [1, 1, 1, 2, 1]
