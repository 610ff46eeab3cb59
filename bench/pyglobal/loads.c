/* loads.c: loops that read one object, each by another of the ways that C has.
 *
 * A loop returns the object that it read last. The value is not counted: what is compared is the
 * path to it. */
#define PY_SSIZE_T_CLEAN
#include <hpystate/global.h>

#include <valgrind/callgrind.h>

static PyObject* process_static;
static hpystate_global global;
static struct PyModuleDef definition;

typedef struct {
    PyObject* value;
    PyObject* key; /* of the interpreter's dict */
    PyTypeObject* type;
} State;

#if PY_VERSION_HEX >= 0x030D0000
#define THREAD_STATE() PyThreadState_GetUnchecked()
#else
#define THREAD_STATE() _PyThreadState_UncheckedGet()
#endif

/* `step` gives an object; for the thread's state, which is none, the static is returned. */
#define LOOP(name, before, step, give)                                                             \
    static PyObject* name(PyObject* self, PyObject* arg) {                                         \
        const long n = PyLong_AsLong(arg);                                                         \
        void* last = NULL;                                                                         \
        before;                                                                                    \
        for (long i = 0; i < n; ++i) {                                                             \
            last = (step);                                                                         \
            __asm__ volatile("" : : "r"(last) : "memory");                                         \
        }                                                                                          \
        (void)self;                                                                                \
        if (last == NULL) return PyErr_Format(PyExc_SystemError, #name ": nothing was found");     \
        return Py_NewRef(give);                                                                    \
    }
#define LAST ((PyObject*)last)
#define STATE_OF(module) ((State*)PyModule_GetState(module))

LOOP(load_static, , process_static, LAST)
LOOP(load_thread_state, , THREAD_STATE(), process_static)
LOOP(load_global, , hpystate_global_borrow(&global), LAST)
LOOP(load_global_in_loop, const hpystate_interpreter* const here = hpystate_current(),
     hpystate_global_borrow_in(here, &global), LAST)
LOOP(load_module_state, , STATE_OF(self)->value, LAST)
LOOP(load_interpreter_dict, PyObject* const key = STATE_OF(self)->key,
     PyDict_GetItemWithError(PyInterpreterState_GetDict(PyInterpreterState_Get()), key), LAST)

/* A method of a type of the module: it has no module at hand. */
LOOP(load_by_def, PyTypeObject* const type = Py_TYPE(self),
     STATE_OF(PyType_GetModuleByDef(type, &definition))->value, LAST)

static PyMethodDef thing_methods[] = {{"load_by_def", load_by_def, METH_O, NULL},
                                      {NULL, NULL, 0, NULL}};
static PyType_Slot thing_slots[] = {{Py_tp_methods, thing_methods}, {0, NULL}};
static PyType_Spec thing_spec = {"loads.Thing", sizeof(PyObject), 0, Py_TPFLAGS_DEFAULT,
                                 thing_slots};

static int on_exec(PyObject* module) {
    State* const state = STATE_OF(module);
    PyObject* dict = PyInterpreterState_GetDict(PyInterpreterState_Get());
    if (hpystate_import() < 0) return -1;
    if (dict == NULL) return PyErr_NoMemory(), -1;
    state->value = PyUnicode_FromString("a value");
    state->key = PyUnicode_InternFromString("loads.value");
    state->type = (PyTypeObject*)PyType_FromModuleAndSpec(module, &thing_spec, NULL);
    if (state->value == NULL || state->key == NULL || state->type == NULL) return -1;
    if (process_static == NULL) process_static = Py_NewRef(state->value);
    if (PyDict_SetItem(dict, state->key, state->value) < 0) return -1;
    if (hpystate_global_store(&global, state->value) < 0) return -1;
    return PyModule_AddObjectRef(module, "Thing", (PyObject*)state->type);
}

static int traverse(PyObject* module, visitproc visit, void* arg) {
    State* const state = STATE_OF(module);
    Py_VISIT(state->value);
    Py_VISIT(state->key);
    Py_VISIT(state->type);
    return 0;
}
static int clear(PyObject* module) {
    State* const state = STATE_OF(module);
    Py_CLEAR(state->value);
    Py_CLEAR(state->key);
    Py_CLEAR(state->type);
    return 0;
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

static PyMethodDef methods[] = {{"load_static", load_static, METH_O, NULL},
                                {"load_thread_state", load_thread_state, METH_O, NULL},
                                {"load_global", load_global, METH_O, NULL},
                                {"load_global_in_loop", load_global_in_loop, METH_O, NULL},
                                {"load_module_state", load_module_state, METH_O, NULL},
                                {"load_interpreter_dict", load_interpreter_dict, METH_O, NULL},
                                {"begin", begin, METH_NOARGS, NULL},
                                {"end", end, METH_O, NULL},
                                {NULL, NULL, 0, NULL}};
static PyModuleDef_Slot slots[] = {{Py_mod_exec, on_exec},
                                   {Py_mod_multiple_interpreters, HPYSTATE_GLOBAL_INTERPRETERS},
                                   {0, NULL}};
static struct PyModuleDef definition = {.m_base = PyModuleDef_HEAD_INIT,
                                        .m_name = "loads",
                                        .m_size = sizeof(State),
                                        .m_methods = methods,
                                        .m_slots = slots,
                                        .m_traverse = traverse,
                                        .m_clear = clear};

PyMODINIT_FUNC PyInit_loads(void) {
    return PyModuleDef_Init(&definition);
}
