/* fault_control.c: failing_malloc.c for Python, in every interpreter and without allocating. */
#include <Python.h>

#include "python_memory.h"

void fail_at(long n, int lasting);
long taken(void);
long live(void);
void spare_last(void);

/* fail_at(n, lasting): nothing is allocated between its end and the next instruction. */
static PyObject* control_fail_at(PyObject* self, PyObject* const* args, Py_ssize_t nargs) {
    long n = nargs == 2 ? PyLong_AsLong(args[0]) : -1;
    long lasting = nargs == 2 ? PyLong_AsLong(args[1]) : -1;
    if (n < 0 || lasting < 0) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "fail_at(n, lasting)");
        return NULL;
    }
    fail_at(n, (int)lasting);
    Py_RETURN_NONE;
}

static PyObject* control_taken(PyObject* self, PyObject* none) {
    return PyLong_FromLong(taken());
}

/* Without garbage, CPython's free lists, and the names that its cache of attributes keeps: it takes
 * them by address, so each name made anew may take a place of its own. */
static PyObject* control_live(PyObject* self, PyObject* none) {
    PyType_ClearCache();
    long before;
    do { /* without the GIL what one collection frees may wait for the next one to be given back */
        before = live();
        PyGC_Collect();
    } while (live() < before);
    return PyLong_FromLong(live());
}

static PyObject* control_spare_last(PyObject* self, PyObject* none) {
    spare_last();
    Py_RETURN_NONE;
}

static PyObject* control_spare_arrays_of_lists(PyObject* self, PyObject* none) {
    const int spared = spare_arrays_of_lists();
    return spared < 0 ? NULL : PyBool_FromLong(spared);
}

/* keep(object): in the interpreter's dict, which lives almost to its end. */
static PyObject* control_keep(PyObject* self, PyObject* object) {
    PyObject* const dict = PyInterpreterState_GetDict(PyInterpreterState_Get());
    if (dict == NULL) return PyErr_NoMemory();
    return PyDict_SetItemString(dict, "fault_control", object) == 0 ? Py_NewRef(Py_None) : NULL;
}

static PyMethodDef methods[] = {
    {"fail_at", (PyCFunction)(void (*)(void))control_fail_at, METH_FASTCALL, NULL},
    {"taken", control_taken, METH_NOARGS, NULL},
    {"live", control_live, METH_NOARGS, NULL},
    {"spare_last", control_spare_last, METH_NOARGS, NULL},
    {"keep", control_keep, METH_O, NULL},
    {"spare_arrays_of_lists", control_spare_arrays_of_lists, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};
static PyModuleDef_Slot slots[] = {
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#ifdef Py_GIL_DISABLED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};
static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "fault_control", NULL, 0, methods, slots, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit_fault_control(void) {
    stand_in_front();
    return PyModuleDef_Init(&definition);
}
