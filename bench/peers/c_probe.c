/* c_probe.c: the same operations against the C API, the ways to keep state there, and the loops
 * that call functions from C, whoever wrote them. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <valgrind/callgrind.h>

static PyObject *value, *callable, *type, *name, *table,
    *instance; /* one per process: the static */

typedef struct {
    PyObject* value;
} State;

static struct PyModuleDef definition;

#define LOOP(function)                                                                             \
    static PyObject* function(PyObject* self, PyObject* arg) {                                     \
        long n = PyLong_AsLong(arg);                                                               \
        for (long i = 0; i < n; i++) {                                                             \
            function##_round(self);                                                                \
            __asm__ volatile("" : : "r"(self), "r"(i) : "memory");                                 \
        }                                                                                          \
        if (PyErr_Occurred()) return NULL;                                                         \
        Py_RETURN_NONE;                                                                            \
    }
#define ROUND(function) static inline void function##_round(PyObject* self)
#define USE(result) __asm__ volatile("" : : "r"(result))

static PyObject* store(PyObject* self, PyObject* args) {
    PyObject** const all[] = {&value, &callable, &type, &name, &table, &instance};
    State* state = PyModule_GetState(self);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args) && i < 6; i++)
        Py_XSETREF(*all[i], Py_NewRef(PyTuple_GET_ITEM(args, i)));
    Py_XSETREF(state->value, Py_NewRef(value));
    if (PyDict_SetItem(PyInterpreterState_GetDict(PyInterpreterState_Get()), name, value) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

ROUND(empty) {
    (void)self;
}
LOOP(empty)
ROUND(load) {
    PyObject* h = Py_NewRef(value);
    USE(h);
    Py_DECREF(h);
}
LOOP(load)
ROUND(module_state) {
    PyObject* h = Py_NewRef(((State*)PyModule_GetState(self))->value);
    USE(h);
    Py_DECREF(h);
}
LOOP(module_state)
ROUND(interpreter_dict) {
    PyObject* dict = PyInterpreterState_GetDict(PyInterpreterState_Get());
    PyObject* h = Py_XNewRef(PyDict_GetItemWithError(dict, name));
    USE(h);
    Py_XDECREF(h);
}
LOOP(interpreter_dict)
ROUND(call) {
    Py_XDECREF(PyObject_Vectorcall(callable, NULL, 0, NULL));
}
LOOP(call)
ROUND(type_check) {
    USE(PyObject_TypeCheck(instance, (PyTypeObject*)type));
}
LOOP(type_check)
ROUND(same) {
    USE(Py_Is(instance, value));
}
LOOP(same)
ROUND(get_item) {
    Py_XDECREF(PyObject_GetItem(table, instance));
}
LOOP(get_item)
ROUND(get_attr) {
    Py_XDECREF(PyObject_GetAttr(instance, name));
}
LOOP(get_attr)

/* ---- functions that Python calls ---- */

static PyObject* noargs(PyObject* self, PyObject* ignored) {
    Py_RETURN_NONE;
}
static PyObject* one(PyObject* self, PyObject* arg) {
    Py_RETURN_NONE;
}
static PyObject* varargs(PyObject* self, PyObject* const* args, Py_ssize_t nargs) {
    Py_RETURN_NONE;
}
static PyObject* keywords(PyObject* self, PyObject* const* args, Py_ssize_t nargs,
                          PyObject* kwnames) {
    Py_RETURN_NONE;
}

typedef struct {
    PyObject_HEAD long number;
} Thing;

static PyObject* Thing_new(PyTypeObject* cls, PyObject* args, PyObject* kwargs) {
    return cls->tp_alloc(cls, 0);
}
static int Thing_init(PyObject* self, PyObject* args, PyObject* kwargs) {
    return 0;
}
static PyObject* Thing_add(PyObject* a, PyObject* b) {
    Py_RETURN_NONE;
}
static PyObject* Thing_got(PyObject* self, void* closure) {
    Py_RETURN_NONE;
}
ROUND(module_by_def) {
    PyObject* module = PyType_GetModuleByDef(Py_TYPE(self), &definition);
    PyObject* h = Py_NewRef(((State*)PyModule_GetState(module))->value);
    USE(h);
    Py_DECREF(h);
}
LOOP(module_by_def)
static void Thing_dealloc(PyObject* self) {
    PyTypeObject* cls = Py_TYPE(self);
    cls->tp_free(self);
    Py_DECREF(cls);
}
static PyMethodDef thing_methods[] = {{"noargs", noargs, METH_NOARGS, NULL},
                                      {"one", one, METH_O, NULL},
                                      {"module_by_def", module_by_def, METH_O, NULL},
                                      {NULL, NULL, 0, NULL}};
static PyGetSetDef thing_getsets[] = {{"got", Thing_got, NULL, NULL, NULL},
                                      {NULL, NULL, NULL, NULL, NULL}};
static PyType_Slot thing_slots[] = {{Py_tp_new, Thing_new},
                                    {Py_tp_init, Thing_init},
                                    {Py_nb_add, Thing_add},
                                    {Py_tp_methods, thing_methods},
                                    {Py_tp_getset, thing_getsets},
                                    {Py_tp_dealloc, Thing_dealloc},
                                    {0, NULL}};
static PyType_Spec thing_spec = {"c_probe.Thing", sizeof(Thing), 0, Py_TPFLAGS_DEFAULT,
                                 thing_slots};

static PyObject* make_type(PyObject* self, PyObject* ignored) {
    return PyType_FromModuleAndSpec(self, &thing_spec, NULL);
}

/* ---- calls from C ---- */

/* call_n(callable, n, arguments...) */
static PyObject* call_n(PyObject* self, PyObject* const* args, Py_ssize_t nargs) {
    long n = PyLong_AsLong(args[1]);
    for (long i = 0; i < n; i++) {
        PyObject* result = PyObject_Vectorcall(args[0], args + 2, (size_t)(nargs - 2), NULL);
        if (result == NULL) return NULL;
        Py_DECREF(result);
    }
    Py_RETURN_NONE;
}
/* add_n(a, n, b) */
static PyObject* add_n(PyObject* self, PyObject* const* args, Py_ssize_t nargs) {
    long n = PyLong_AsLong(args[1]);
    for (long i = 0; i < n; i++) {
        PyObject* result = PyNumber_Add(args[0], args[2]);
        if (result == NULL) return NULL;
        Py_DECREF(result);
    }
    Py_RETURN_NONE;
}
/* get_n(object, n, name) */
static PyObject* get_n(PyObject* self, PyObject* const* args, Py_ssize_t nargs) {
    long n = PyLong_AsLong(args[1]);
    for (long i = 0; i < n; i++) {
        PyObject* result = PyObject_GetAttr(args[0], args[2]);
        if (result == NULL) return NULL;
        Py_DECREF(result);
    }
    Py_RETURN_NONE;
}

/* ---- callgrind: counts begin, counts end under a title ---- */

static PyObject* begin(PyObject* self, PyObject* ignored) {
    CALLGRIND_ZERO_STATS;
    Py_RETURN_NONE;
}
static PyObject* end(PyObject* self, PyObject* title) {
    const char* text = PyUnicode_AsUTF8(title);
    if (text == NULL) return NULL;
    CALLGRIND_DUMP_STATS_AT(text);
    Py_RETURN_NONE;
}

#define FAST(function) (PyCFunction)(void (*)(void)) function
static PyMethodDef methods[] = {{"store", store, METH_VARARGS, NULL},
                                {"empty", empty, METH_O, NULL},
                                {"load", load, METH_O, NULL},
                                {"module_state", module_state, METH_O, NULL},
                                {"interpreter_dict", interpreter_dict, METH_O, NULL},
                                {"call", call, METH_O, NULL},
                                {"type_check", type_check, METH_O, NULL},
                                {"same", same, METH_O, NULL},
                                {"get_item", get_item, METH_O, NULL},
                                {"get_attr", get_attr, METH_O, NULL},
                                {"noargs", noargs, METH_NOARGS, NULL},
                                {"one", one, METH_O, NULL},
                                {"varargs", FAST(varargs), METH_FASTCALL, NULL},
                                {"keywords", FAST(keywords), METH_FASTCALL | METH_KEYWORDS, NULL},
                                {"make_type", make_type, METH_NOARGS, NULL},
                                {"call_n", FAST(call_n), METH_FASTCALL, NULL},
                                {"add_n", FAST(add_n), METH_FASTCALL, NULL},
                                {"get_n", FAST(get_n), METH_FASTCALL, NULL},
                                {"begin", begin, METH_NOARGS, NULL},
                                {"end", end, METH_O, NULL},
                                {NULL, NULL, 0, NULL}};

static PyModuleDef_Slot slots[] = {{0, NULL}};
static struct PyModuleDef definition = {.m_base = PyModuleDef_HEAD_INIT,
                                        .m_name = "c_probe",
                                        .m_size = sizeof(State),
                                        .m_methods = methods,
                                        .m_slots = slots};

PyMODINIT_FUNC PyInit_c_probe(void) {
    return PyModuleDef_Init(&definition);
}
