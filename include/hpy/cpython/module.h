/* hpy/cpython/module.h: for the CPython ABI: from PyInit_NAME to the runtime. C11, C++17.
 *
 * PyInit_NAME returns a constant definition and does nothing else: CPython may call it in another
 * interpreter than the one that imports. CPython then calls the definition's two slots, in the
 * interpreter that imports: _hpy_cpy_create and _hpy_cpy_execute, which ask the runtime.
 */
#pragma once

#if defined(HPY_ABI_CPYTHON)

#include "hpy/layout.h"
#include "hpystate/cpython_table.h"

#include <stddef.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Makes the exception that is set the cause of an ImportError about the module NAME. */
HPyAPI_UNUSED void _hpy_cpy_explain(const char* name, const char* what) {
    PyObject* const cause = PyErr_GetRaisedException();
    PyObject* raised;
    PyErr_Format(PyExc_ImportError,
                 "module '%s' was compiled for the CPython ABI of hpystate, and %s. Install "
                 "hpystate for this Python, in the environment that the program runs in; or build "
                 "the module for HPy's universal ABI.",
                 name, what);
    if (cause == NULL) return;
    raised = PyErr_GetRaisedException();
    PyException_SetCause(raised, cause); /* takes the reference */
    PyErr_SetRaisedException(raised);
}

/* The runtime's table, for the calling interpreter; NULL with an ImportError set. */
HPyAPI_UNUSED const struct hpystate_cpython_table* _hpy_cpy_runtime(const char* name) {
    const size_t needed = offsetof(struct hpystate_cpython_table, execute) + sizeof(void (*)(void));
    const struct hpystate_cpython_table* table = NULL;
    PyObject* capsule = NULL;
    PyObject* const native = PyImport_ImportModule(HPYSTATE_CPYTHON_MODULE);
    if (native == NULL) {
        if (PyErr_ExceptionMatches(PyExc_ImportError)) {
            _hpy_cpy_explain(name, "this interpreter cannot import " HPYSTATE_CPYTHON_MODULE);
        }
        return NULL;
    }
    capsule = PyObject_GetAttrString(native, HPYSTATE_CPYTHON_ATTRIBUTE);
    Py_DECREF(native);
    if (capsule != NULL) {
        table = (const struct hpystate_cpython_table*)PyCapsule_GetPointer(
            capsule, HPYSTATE_CPYTHON_CAPSULE);
        Py_DECREF(capsule); /* the table is a constant of the runtime */
    }
    if (table != NULL && table->size >= needed) return table;
    /* any other exception, such as MemoryError, has its own reason */
    if (PyErr_Occurred() == NULL || PyErr_ExceptionMatches(PyExc_AttributeError) ||
        PyErr_ExceptionMatches(PyExc_ValueError)) {
        _hpy_cpy_explain(name, "the hpystate here has no " HPYSTATE_CPYTHON_CAPSULE
                               " of the size that the module needs: it is older than the module");
    }
    return NULL;
}

HPyAPI_UNUSED PyObject* _hpy_cpy_create(const struct hpystate_cpython_file* file, PyObject* spec) {
    const struct hpystate_cpython_table* const table = _hpy_cpy_runtime(file->name);
    return table != NULL ? table->create(file, spec) : NULL;
}

HPyAPI_UNUSED int _hpy_cpy_execute(const struct hpystate_cpython_file* file, PyObject* module) {
    const struct hpystate_cpython_table* const table = _hpy_cpy_runtime(file->name);
    return table != NULL ? table->execute(file, module) : -1;
}

HPyAPI_UNUSED void _hpy_cpy_free(void* module) {
    const struct hpystate_cpython_state* const state =
        (const struct hpystate_cpython_state*)PyModule_GetState((PyObject*)module);
    if (state != NULL && state->release != NULL) state->release(module);
}

/* Whether HPy_mod_create makes the module object: CPython gives such an object no state and no exec
 * slot. */
HPyAPI_UNUSED bool _hpy_cpy_is_created(const HPyModuleDef* definition) {
    HPyDef* const* each = definition->defines;
    for (; each != NULL && *each != NULL; each++) {
        if ((*each)->kind == HPyDef_Kind_Slot && (*each)->slot.slot == HPy_mod_create) return true;
    }
    return false;
}

/* The runtime decides about interpreters and the GIL, by the file's words and the environment, as
 * for universal files: docs/rules.md, rules 11 and 12. So CPython is told that all is well. */
#if defined(Py_mod_gil)
#define _HPY_CPY_NO_GIL {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#else
#define _HPY_CPY_NO_GIL
#endif
#define _HPY_CPY_SLOTS                                                                             \
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED}, _HPY_CPY_NO_GIL {        \
        0, NULL                                                                                    \
    }

#if defined(Py_GIL_DISABLED)
#define _HPY_CPY_FIELDS 2
#else
#define _HPY_CPY_FIELDS 1
#endif
#define _HPY_CPY_LAYOUT                                                                            \
    {                                                                                              \
        (uint32_t) _HPY_CPY_BEHIND(PyObject), (uint32_t)_HPY_CPY_BEHIND(PyHeapTypeObject),         \
            (uint32_t)_HPY_CPY_BEHIND(PyFloatObject), (uint32_t)_HPY_CPY_BEHIND(PyUnicodeObject),  \
            (uint32_t)_HPY_CPY_BEHIND(PyListObject), (uint32_t)_HPY_CPY_BEHIND(PyDictObject),      \
            _HPY_CPY_FIELDS, 1                                                                     \
    }

/* A word that the file may declare by a function: another name for it, which is NULL if there is
 * none. The function itself is not declared here: the file may have defined it before, and then a
 * compiler takes no attribute for it any more. */
#define _HPY_CPY_WORD(name, function)                                                              \
    static __attribute__((weakref(#function))) const char* name(void);

/** HPy_MODINIT of the CPython ABI. */
#define _HPY_CPY_MODINIT(ext_name, mod_def)                                                        \
    _HPY_CPY_WORD(_hpy_cpy_interpreters_##ext_name, hpystate_interpreters_##ext_name)              \
    _HPY_CPY_WORD(_hpy_cpy_gil_##ext_name, hpystate_gil_##ext_name)                                \
    static HPyModuleDef* _hpy_cpy_init_##ext_name(void) {                                          \
        return &mod_def;                                                                           \
    }                                                                                              \
    static void _hpy_cpy_init_context_##ext_name(HPyContext* ctx) {                                \
        _ctx_for_trampolines = ctx;                                                                \
    }                                                                                              \
    static const struct hpystate_cpython_file _hpy_cpy_file_##ext_name = {                         \
        (uint32_t)sizeof(struct hpystate_cpython_file),                                            \
        PY_VERSION_HEX,                                                                            \
        #ext_name,                                                                                 \
        _hpy_cpy_init_##ext_name,                                                                  \
        _hpy_cpy_init_context_##ext_name,                                                          \
        &hpystate_asks_##ext_name,                                                                 \
        _hpy_cpy_interpreters_##ext_name,                                                          \
        _hpy_cpy_gil_##ext_name,                                                                   \
        _HPY_CPY_LAYOUT};                                                                          \
    static PyObject* _hpy_cpy_create_##ext_name(PyObject* spec_, PyModuleDef* unused_) {           \
        (void)unused_;                                                                             \
        return _hpy_cpy_create(&_hpy_cpy_file_##ext_name, spec_);                                  \
    }                                                                                              \
    static int _hpy_cpy_execute_##ext_name(PyObject* module_) {                                    \
        return _hpy_cpy_execute(&_hpy_cpy_file_##ext_name, module_);                               \
    }                                                                                              \
    PyMODINIT_FUNC PyInit_##ext_name(void);                                                        \
    PyMODINIT_FUNC PyInit_##ext_name(void) {                                                       \
        static PyModuleDef_Slot made_[] = {                                                        \
            {Py_mod_create, __extension__(void*) _hpy_cpy_create_##ext_name},                      \
            {Py_mod_exec, __extension__(void*) _hpy_cpy_execute_##ext_name},                       \
            _HPY_CPY_SLOTS};                                                                       \
        static PyModuleDef_Slot created_[] = {                                                     \
            {Py_mod_create, __extension__(void*) _hpy_cpy_create_##ext_name}, _HPY_CPY_SLOTS};     \
        static PyModuleDef for_module_ = {PyModuleDef_HEAD_INIT,                                   \
                                          #ext_name,                                               \
                                          NULL,                                                    \
                                          (Py_ssize_t)sizeof(struct hpystate_cpython_state),       \
                                          NULL,                                                    \
                                          made_,                                                   \
                                          NULL,                                                    \
                                          NULL,                                                    \
                                          _hpy_cpy_free};                                          \
        static PyModuleDef for_object_ = {                                                         \
            PyModuleDef_HEAD_INIT, #ext_name, NULL, 0, NULL, created_, NULL, NULL, NULL};          \
        return PyModuleDef_Init(_hpy_cpy_is_created(&mod_def) ? &for_object_ : &for_module_);      \
    }

#ifdef __cplusplus
}
#endif

#endif /* HPY_ABI_CPYTHON */
