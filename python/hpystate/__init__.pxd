# hpystate/__init__.pxd: hpystate/global.h for Cython 3.1 and later: `cimport hpystate`.
#
# Nothing is imported from the package when a module starts, until hpystate_import() is called: call
# it once in the module's body. Contracts of the functions: hpystate/global.h.
#
# A slot is a C static, so write it as C. Cython's own `cdef hpystate_global x` works too, but with
# subinterpreters_compatible Cython announces that such a variable moves into the module's state; a
# slot must have one address for the life of the process.
#
#     cimport hpystate
#     cdef extern from *:
#         """
#         static hpystate_global cache;
#         """
#         hpystate.hpystate_global cache
#
#     hpystate.hpystate_import()
#     hpystate.hpystate_global_store(&cache, {})
#     hpystate.load(&cache)["key"] = 1
from cpython.ref cimport PyObject

cdef extern from "hpystate/global.h":
    ctypedef struct hpystate_global:
        pass
    ctypedef struct hpystate_pointer:
        pass
    ctypedef struct hpystate_capsule:
        pass
    ctypedef struct hpystate_interpreter:
        pass

    # Both run with the thread attached. The maker returns a new reference or raises.
    ctypedef object (*hpystate_global_maker)(void *arg)
    ctypedef void (*hpystate_destructor)(void *pointer) noexcept

    int hpystate_import() except -1
    const hpystate_interpreter *hpystate_current() except NULL

    # ---- objects ----
    int hpystate_global_get_ref(const hpystate_global *slot, PyObject **out) except -1
    PyObject *hpystate_global_borrow(const hpystate_global *slot) except? NULL
    PyObject *hpystate_global_borrow_in(const hpystate_interpreter *here, const hpystate_global *slot) except? NULL
    int hpystate_global_store(hpystate_global *slot, object value) except -1
    object hpystate_global_get_or_init(hpystate_global *slot, hpystate_global_maker make, void *arg)
    object hpystate_global_import(hpystate_global *slot, const char *module, const char *attribute)

    # ---- fused: load, one call, release ----
    bint hpystate_type_check(object value, const hpystate_global *type) except? 0
    bint hpystate_is(object value, const hpystate_global *other) except? 0
    object hpystate_call(const hpystate_global *callable, PyObject *const *args, size_t count, PyObject *names)
    object hpystate_new(const hpystate_global *type)
    object hpystate_getattr(object value, const hpystate_global *name)
    object hpystate_getitem(const hpystate_global *slot, object key)
    int hpystate_setitem(const hpystate_global *slot, object key, object value) except -1
    object hpystate_call_method(const hpystate_global *name, PyObject *const *args, size_t count, PyObject *names)

    # ---- C pointers ----
    void *hpystate_pointer_get(const hpystate_pointer *slot) except? NULL
    int hpystate_pointer_set(hpystate_pointer *slot, void *value, hpystate_destructor destroy) except -1
    void *hpystate_pointer_get_or_init(hpystate_pointer *slot, void *(*make)(void *) except? NULL, void *arg, hpystate_destructor destroy) except NULL
    void *hpystate_capsule_get(hpystate_capsule *slot) except NULL


cdef extern from "hpystate/global.h":
    # The same function for NULL, which no `object` is.
    int _clear "hpystate_global_store"(hpystate_global *slot, PyObject *value) except -1


cdef inline object load(const hpystate_global *slot):
    """Returns the value of the calling interpreter. LookupError: nothing is stored."""
    cdef PyObject *found = NULL
    if hpystate_global_get_ref(slot, &found) == 0:
        raise LookupError("hpystate.load: nothing is stored in this interpreter; store to the slot in the module's body, where each interpreter does it")
    value = <object>found
    _release(found)
    return value


cdef inline object get(const hpystate_global *slot, object default):
    """Returns the value of the calling interpreter, or `default` if nothing is stored."""
    cdef PyObject *found = NULL
    if hpystate_global_get_ref(slot, &found) == 0:
        return default
    value = <object>found
    _release(found)
    return value


cdef inline int clear(hpystate_global *slot) except -1:
    """Releases the value of the calling interpreter."""
    return _clear(slot, NULL)


cdef extern from "Python.h":
    void _release "Py_DECREF"(PyObject *)
