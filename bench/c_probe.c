/* bench/c_probe.c: the same functions against the C API: what a call costs there. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyObject* noargs(PyObject* self, PyObject* ignored) {
    Py_RETURN_NONE;
}
static PyObject* one_arg(PyObject* self, PyObject* arg) {
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"noargs", noargs, METH_NOARGS, NULL},
    {"one_arg", one_arg, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}};

static PyModuleDef def = {PyModuleDef_HEAD_INIT, "c_probe", NULL, 0, methods, slots};

PyMODINIT_FUNC PyInit_c_probe(void) {
    return PyModuleDef_Init(&def);
}
