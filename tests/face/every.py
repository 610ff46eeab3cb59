"""every.py: a module with a function for each call of hpystate/global.h."""

from __future__ import annotations

from pathlib import Path

from tests.face.plain import BackEnd, compile_module

# Each function here is one call of the header.
BODY = """
    static hpystate_global value, made, imported, callable, name, type, exception, dict, never;
    static long makes;
    static PyObject *answer(int result) { return result < 0 ? NULL : PyLong_FromLong(result); }
    static PyObject *new_ref(PyObject *object) { Py_XINCREF(object); return object; }
    static PyObject *unset_or(PyObject *object) {
        return object != NULL || PyErr_Occurred() ? object : PyUnicode_FromString("unset");
    }

    static PyObject *put(PyObject *self, PyObject *arg) {
        (void)self;
        return answer(hpystate_global_store(&value, arg));
    }
    static PyObject *clear(PyObject *self, PyObject *arg) {
        (void)self; (void)arg;
        return answer(hpystate_global_store(&value, NULL));
    }
    static PyObject *get_ref(PyObject *self, PyObject *arg) {
        PyObject *found = self;
        int result = hpystate_global_get_ref(&value, &found);
        (void)arg;
        if (result < 0) return found;
        return Py_BuildValue("(iN)", result, result > 0 ? found : PyBool_FromLong(found != NULL));
    }
    static PyObject *borrow(PyObject *self, PyObject *arg) {
        (void)self; (void)arg;
        return unset_or(new_ref(hpystate_global_borrow(&value)));
    }
    static PyObject *borrow_often(PyObject *self, PyObject *arg) {
        const hpystate_interpreter *here = hpystate_current();
        long wrong = 0;
        (void)self;
        if (here == NULL) return NULL;
        for (int i = 0; i < 1000; ++i) wrong += hpystate_global_borrow_in(here, &value) != arg;
        wrong += hpystate_global_borrow_in(NULL, &value) != arg;
        return PyLong_FromLong(wrong);
    }
    static PyObject *make(void *arg) {
        ++*(long *)arg;
        return PyList_New(0);
    }
    static PyObject *get_or_init(PyObject *self, PyObject *arg) {
        (void)self; (void)arg;
        return hpystate_global_get_or_init(&made, make, &makes);
    }
    static PyObject *fail(void *arg) {
        (void)arg;
        PyErr_SetString(PyExc_KeyError, "not made");
        return NULL;
    }
    static PyObject *init_fails(PyObject *self, PyObject *arg) {
        (void)self; (void)arg;
        return hpystate_global_get_or_init(&never, fail, NULL);
    }
    static PyObject *again(void *arg) {
        return hpystate_global_get_or_init((hpystate_global *)arg, again, arg);
    }
    static PyObject *init_of_itself(PyObject *self, PyObject *arg) {
        (void)self; (void)arg;
        return hpystate_global_get_or_init(&never, again, &never);
    }
    static PyObject *count_makes(PyObject *self, PyObject *arg) {
        (void)self; (void)arg;
        return PyLong_FromLong(makes);
    }
    static PyObject *import_object(PyObject *self, PyObject *arg) {
        (void)self; (void)arg;
        return hpystate_global_import(&imported, "collections", "OrderedDict");
    }
    static PyObject *import_nothing(PyObject *self, PyObject *arg) {
        (void)self; (void)arg;
        return hpystate_global_import(&never, "collections", "Nothing");
    }

    static PyObject *keep(PyObject *self, PyObject *arg) {
        (void)self;
        return answer(hpystate_global_store(&callable, arg) | hpystate_global_store(&name, arg) |
                      hpystate_global_store(&type, arg) | hpystate_global_store(&exception, arg) |
                      hpystate_global_store(&dict, arg));
    }
    static PyObject *call(PyObject *self, PyObject *arg) {
        (void)self;
        return hpystate_call(&callable, &arg, 1, NULL);
    }
    static PyObject *call_method(PyObject *self, PyObject *arg) {
        (void)self;
        return hpystate_call_method(&name, &arg, 1, NULL);
    }
    static PyObject *type_check(PyObject *self, PyObject *arg) {
        int result = hpystate_type_check(arg, &type);
        (void)self;
        return PyErr_Occurred() ? NULL : answer(result);
    }
    static PyObject *is_same(PyObject *self, PyObject *arg) {
        int result = hpystate_is(arg, &dict);
        (void)self;
        return PyErr_Occurred() ? NULL : answer(result);
    }
    static PyObject *new_object(PyObject *self, PyObject *arg) {
        (void)self; (void)arg;
        return hpystate_new(&type);
    }
    static PyObject *getattr(PyObject *self, PyObject *arg) {
        (void)self;
        return hpystate_getattr(arg, &name);
    }
    static PyObject *getitem(PyObject *self, PyObject *arg) {
        (void)self;
        return hpystate_getitem(&dict, arg);
    }
    static PyObject *setitem(PyObject *self, PyObject *arg) {
        (void)self;
        return answer(hpystate_setitem(&dict, arg, arg));
    }
    static PyObject *err_string(PyObject *self, PyObject *arg) {
        (void)self; (void)arg;
        return hpystate_err_set_string(&exception, "a string");
    }
    static PyObject *err_object(PyObject *self, PyObject *arg) {
        (void)self;
        return hpystate_err_set_object(&exception, arg);
    }
    static PyObject *err_format(PyObject *self, PyObject *arg) {
        (void)self;
        return hpystate_err_format(&exception, "%d and %R", 7, arg);
    }
    static PyObject *err_matches(PyObject *self, PyObject *arg) {
        int result;
        (void)self;
        PyErr_SetNone(arg);
        result = hpystate_err_matches(&exception);
        if (PyErr_ExceptionMatches(PyExc_SystemError)) return NULL;
        PyErr_Clear();
        return answer(result);
    }
    static PyObject *table(PyObject *self, PyObject *arg) {
        (void)self; (void)arg;
        return PyLong_FromVoidPtr((void *)hpystate_unstable_link.table);
    }
    static int on_exec(PyObject *module) {
        (void)module;
        return hpystate_import();
    }
"""
ONE = (
    "put borrow_often keep call call_method type_check is_same getattr getitem setitem err_object "
    "err_format err_matches"
).split()
NONE = (
    "clear get_ref borrow get_or_init init_fails init_of_itself count_makes import_object "
    "import_nothing new_object err_string table"
).split()


def source_of(body: str, back_end: BackEnd = "runtime") -> Path:
    return compile_module("every", body, ONE, noargs=NONE, back_end=back_end)
