/* kept_c.c: the work of kept_hpy.c with the C API. KEEP_STATE: in the state of the module;
 * KEEP_GLOBAL: in statics of hpystate/global.h, which have a value for each interpreter. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

typedef struct {
    PyObject_HEAD long number;
} Thing;

static PyType_Slot thing_slots[] = {{0, NULL}};
static PyType_Spec thing_spec = {"kept.Thing", sizeof(Thing), 0, Py_TPFLAGS_DEFAULT, thing_slots};

#ifdef KEEP_GLOBAL
#include <hpystate/global.h>

static hpystate_global cache, thing, key;
#define STATE_SIZE 0
#define BEGIN() hpystate_import()
#define KEEP(module, name, object) hpystate_global_store(&(name), object)
#define KEPT(module, name) hpystate_global_borrow(&(name))
#define INTERPRETERS HPYSTATE_GLOBAL_INTERPRETERS
#else
typedef struct {
    PyObject *cache, *thing, *key;
} State;
#define STATE_SIZE sizeof(State)
#define STATE(module) ((State*)PyModule_GetState(module))
#define BEGIN() 0
#define KEEP(module, name, object) keep(&STATE(module)->name, object)
#define KEPT(module, name) (STATE(module)->name)
#define INTERPRETERS Py_MOD_PER_INTERPRETER_GIL_SUPPORTED
static int keep(PyObject** place, PyObject* object) {
    *place = Py_NewRef(object);
    return 0;
}
static int traverse(PyObject* module, visitproc visit, void* arg) {
    Py_VISIT(STATE(module)->cache);
    Py_VISIT(STATE(module)->thing);
    Py_VISIT(STATE(module)->key);
    return 0;
}
static int clear(PyObject* module) {
    Py_CLEAR(STATE(module)->cache);
    Py_CLEAR(STATE(module)->thing);
    Py_CLEAR(STATE(module)->key);
    return 0;
}
#endif

static int on_exec(PyObject* module) {
    if (BEGIN() < 0) return -1;
    PyObject* const dict = PyDict_New();
    PyObject* const type = PyType_FromModuleAndSpec(module, &thing_spec, NULL);
    PyObject* const name = PyUnicode_FromString("the last thing");
    int failed = dict == NULL || type == NULL || name == NULL;
    failed = failed || KEEP(module, cache, dict) < 0 || KEEP(module, thing, type) < 0 ||
             KEEP(module, key, name) < 0;
    Py_XDECREF(dict);
    Py_XDECREF(type);
    Py_XDECREF(name);
    return failed ? -1 : 0;
}

static PyObject* use(PyObject* module, PyObject* arg) {
    const long n = PyLong_AsLong(arg);
    if (n == -1 && PyErr_Occurred()) return NULL;
    for (long i = 0; i < n; ++i) {
        PyTypeObject* const type = (PyTypeObject*)KEPT(module, thing);
        PyObject* const made = type->tp_alloc(type, 0);
        if (made == NULL) return NULL;
        ((Thing*)made)->number = i;
        const int failed = PyObject_SetItem(KEPT(module, cache), KEPT(module, key), made) < 0;
        Py_DECREF(made);
        if (failed) return NULL;
    }
    return PyLong_FromSsize_t(PyObject_Length(KEPT(module, cache)));
}

static PyMethodDef methods[] = {{"use", use, METH_O, NULL}, {NULL, NULL, 0, NULL}};
static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, on_exec}, {Py_mod_multiple_interpreters, INTERPRETERS}, {0, NULL}};
static struct PyModuleDef definition = {.m_base = PyModuleDef_HEAD_INIT,
                                        .m_name = MODULE_NAME,
                                        .m_size = STATE_SIZE,
                                        .m_methods = methods,
                                        .m_slots = slots,
#ifndef KEEP_GLOBAL
                                        .m_traverse = traverse,
                                        .m_clear = clear
#endif
};

PyMODINIT_FUNC INIT_NAME(void) {
    return PyModuleDef_Init(&definition);
}
