/* sheet_static.c: the module `sheet` on CPython's API, with plain C statics: a value per process.
 *
 * With CLAIMS_OWN_GIL it declares that it may be in interpreters with a GIL of their own, which is
 * wrong. Without, CPython refuses it there. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyObject* title; /* whose pages these are; start() */
static PyObject* cache; /* number -> (title, number): what earlier pages had */

enum { KEYS = 64 };

static int sheet_exec(PyObject* module) {
    if (cache == NULL) cache = PyDict_New();
    if (cache == NULL) return -1;
    if (title == NULL) title = Py_NewRef(Py_None);
    return 0;
}

static PyObject* start(PyObject* self, PyObject* to) {
    Py_XSETREF(title, Py_NewRef(to));
    Py_RETURN_NONE;
}

/* The entry of `key`, made where it is missing; a new reference. */
static PyObject* entry_of(PyObject* key) {
    if (PyDict_Contains(cache, key) == 1) return PyObject_GetItem(cache, key);
    PyObject* entry = PyTuple_Pack(2, title, key);
    if (entry != NULL && PyDict_SetItem(cache, key, entry) < 0) Py_CLEAR(entry);
    return entry;
}

/* Adds the value of one row to *total, and 1 to *foreign if another title made its entry. */
static int add_row(long number, long* total, long* foreign) {
    PyObject* key = PyLong_FromLong(number % KEYS);
    PyObject* entry = key == NULL ? NULL : entry_of(key);
    if (entry != NULL) {
        *total += PyLong_AsLong(PyTuple_GET_ITEM(entry, 1));
        *foreign += PyTuple_GET_ITEM(entry, 0) != title;
    }
    Py_XDECREF(entry);
    Py_XDECREF(key);
    return PyErr_Occurred() ? -1 : 0;
}

static PyObject* page(PyObject* self, PyObject* args) {
    long number, rows, total = 0, foreign = 0;
    if (!PyArg_ParseTuple(args, "ll:page", &number, &rows)) return NULL;
    for (long i = 0; i < rows; i++)
        if (add_row(number + i, &total, &foreign) < 0) return NULL;
    return Py_BuildValue("(Olll)", title, number, total, foreign);
}

static PyMethodDef methods[] = {
    {"start", start, METH_O, "start(title): whose pages page() makes."},
    {"page", page, METH_VARARGS,
     "page(number, rows): (title, number, sum of the rows, rows of another title)."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, (void*)sheet_exec},
#ifdef CLAIMS_OWN_GIL
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
    {0, NULL},
};

static PyModuleDef sheet_def = {PyModuleDef_HEAD_INIT, .m_name = "sheet", .m_methods = methods,
                                .m_slots = slots};

PyMODINIT_FUNC PyInit_sheet(void) {
    return PyModuleDef_Init(&sheet_def);
}
