"""test_hybrid.py: HPy extensions that use CPython's C API too, as private images."""

from __future__ import annotations

from hpystate.testing import compile_snippet
from tests.images.conftest import Script

#: A counter in a C static, an object of the C API in another one, and a global of HPy.
HYBRID = """
    #include <Python.h>
    #include <hpy.h>

    static long count;
    static PyObject *kept;
    static HPyGlobal name;
    static HPyGlobal *globals[] = {&name, NULL};

    static PyObject *bump(PyObject *self, PyObject *unused) {
        return PyLong_FromLong(++count);
    }
    static PyObject *keep(PyObject *self, PyObject *value) {
        Py_XSETREF(kept, Py_NewRef(value));
        return Py_NewRef(kept);
    }
    static PyMethodDef legacy[] = {
        {"bump", bump, METH_NOARGS, NULL}, {"keep", keep, METH_O, NULL}, {NULL}};

    HPyDef_METH(store, "store", HPyFunc_O)
    static HPy store_impl(HPyContext *ctx, HPy self, HPy value) {
        HPyGlobal_Store(ctx, &name, value);
        return HPyGlobal_Load(ctx, name);
    }
    HPyDef_METH(load, "load", HPyFunc_NOARGS)
    static HPy load_impl(HPyContext *ctx, HPy self) {
        return HPyGlobal_Load(ctx, name);
    }
    static HPyDef *defines[] = {&store, &load, NULL};
    static HPyModuleDef definition = {
        .legacy_methods = legacy, .defines = defines, .globals = globals};
    HPy_MODINIT(mixed, definition)
"""


def test_a_hybrid_extension_has_statics_and_globals_of_each_interpreter(script: Script) -> None:
    answer = script(
        """
        hpystate.install()
        import mixed
        mixed.store("main")
        answer = [mixed.bump(), mixed.bump()]
        with Interpreter() as first, Interpreter() as second:
            for each in (first, second):
                each.run("import hpystate; hpystate.isolate('mixed'); import mixed")
                each.run(f"mixed.store('of {each.id}'); mixed.keep(['kept'])")
                answer.append(each.run("answer = mixed.bump()"))
                answer.append(each.run(f"answer = mixed.load() == 'of {each.id}'"))
                answer.append(each.run("answer = mixed.__file__.endswith('.so')"))
        answer += [mixed.bump(), mixed.load()]
        """,
        compile_snippet("mixed", HYBRID, abi="hybrid"),
    )
    assert answer == [1, 2, 1, True, True, 1, True, True, 3, "main"]


def test_without_isolate_it_is_refused(script: Script) -> None:
    answer = script(
        """
        with Interpreter() as first:
            answer = first.run('''
                import hpystate
                hpystate.isolate("other")
                try:
                    import mixed
                except ImportError as error:
                    answer = str(error)
            ''')
        """,
        compile_snippet("mixed", HYBRID, abi="hybrid"),
    )
    assert "own-gil" in answer, answer
