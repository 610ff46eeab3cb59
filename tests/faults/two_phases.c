/* two_phases.c: the two phases by which CPython makes an extension module, without what comes
 * before them in an import: the dynamic linker's own errors. */
#include <Python.h>

#include <dlfcn.h>

/* definition(file, function): what the file's PyInit_NAME returns, borrowed by a capsule. */
static PyObject* phases_definition(PyObject* self, PyObject* args) {
    const char* file;
    const char* name;
    PyObject* (*init)(void) = NULL;
    void* handle;
    if (!PyArg_ParseTuple(args, "ss", &file, &name)) return NULL;
    handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (handle != NULL) *(void**)&init = dlsym(handle, name);
    if (init == NULL) return PyErr_Format(PyExc_ImportError, "%s", dlerror());
    return PyCapsule_New(init(), "definition", NULL);
}

/* make(definition, spec): the module, executed. */
static PyObject* phases_make(PyObject* self, PyObject* const* args, Py_ssize_t nargs) {
    PyModuleDef* const definition =
        nargs == 2 ? (PyModuleDef*)PyCapsule_GetPointer(args[0], "definition") : NULL;
    PyObject* module;
    if (definition == NULL) return NULL;
    module = PyModule_FromDefAndSpec(definition, args[1]);
    if (module != NULL && PyModule_ExecDef(module, definition) < 0) Py_CLEAR(module);
    return module;
}

static PyMethodDef methods[] = {
    {"definition", phases_definition, METH_VARARGS, NULL},
    {"make", (PyCFunction)(void (*)(void))phases_make, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};
static PyModuleDef_Slot slots[] = {
#ifdef Py_GIL_DISABLED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};
static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "two_phases", NULL, 0, methods, slots, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit_two_phases(void) {
    return PyModuleDef_Init(&definition);
}
