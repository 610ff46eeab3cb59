/// tests/model/standin/Python.h: a stand-in for CPython: what the code under test needs of it,
/// to be run in a model.
///
/// What is modelled: reference counts (plain words under a GIL, atomics without), who is attached,
/// interpreters that end and whose address is used again, threads that hang because of that, which
/// exception is set, exit callbacks, the collector's walk, signals and their handlers. The rest
/// does nothing. With Py_GIL_DISABLED a thread attaches without keeping others out.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#define PY_VERSION_HEX 0x030F0000

using Py_ssize_t = std::ptrdiff_t;
struct _typeobject;
using PyTypeObject = _typeobject;

struct _object {
#ifdef Py_GIL_DISABLED
    std::atomic<Py_ssize_t> ob_refcnt;
#else
    Py_ssize_t ob_refcnt;
#endif
    PyTypeObject* ob_type;
};
using PyObject = _object;
#define PyObject_HEAD PyObject ob_base;

using visitproc = int (*)(PyObject*, void*);
using traverseproc = int (*)(PyObject*, visitproc, void*);
using destructor = void (*)(PyObject*);
using freefunc = void (*)(void*);

struct _typeobject {
    PyObject ob_base;
    traverseproc tp_traverse;
    destructor tp_finalize;
    destructor tp_dealloc;
    freefunc tp_free;
};

/// Interpreters and threads of the model; the code under test only hands their addresses on.
struct _is;
using PyInterpreterState = _is;
struct _ts {
    PyInterpreterState* interp;
};
using PyThreadState = _ts;

#ifdef Py_GIL_DISABLED
/// As CPython's: zero is unlocked. In the model a waiter needs no detaching.
struct PyMutex {
    std::uint8_t bits;
};
extern "C" void PyMutex_Lock(PyMutex* mutex);
extern "C" void PyMutex_Unlock(PyMutex* mutex);
#endif

struct PyType_Slot {
    int slot;
    void* pfunc;
};
struct PyType_Spec {
    const char* name;
    int basicsize;
    int itemsize;
    unsigned flags;
    PyType_Slot* slots;
};
inline constexpr int Py_tp_dealloc = 52;
inline constexpr int Py_tp_doc = 56;
inline constexpr int Py_tp_traverse = 71;
inline constexpr int Py_tp_finalize = 80;
inline constexpr unsigned Py_TPFLAGS_DEFAULT = 0;
inline constexpr unsigned Py_TPFLAGS_HAVE_GC = 1U << 14;
inline constexpr unsigned Py_TPFLAGS_DISALLOW_INSTANTIATION = 1U << 7;
inline constexpr unsigned Py_TPFLAGS_IMMUTABLETYPE = 1U << 8;

extern "C" {
void _Py_Dealloc(PyObject* object);
PyThreadState* PyThreadState_GetUnchecked();
PyInterpreterState* PyInterpreterState_Get();
std::int64_t PyInterpreterState_GetID(PyInterpreterState* interpreter);
int Py_IsFinalizing();
int _Py_IsInterpreterFinalizing(PyInterpreterState* interpreter);
int PyUnstable_AtExit(PyInterpreterState* interpreter, void (*callback)(void*), void* data);
PyObject* PyInterpreterState_GetDict(PyInterpreterState* interpreter);
int PyDict_SetItemString(PyObject* dict, const char* key, PyObject* value);
PyObject* PyCapsule_New(void* pointer, const char* name, void (*end)(PyObject*));
void* PyCapsule_GetPointer(PyObject* capsule, const char* name);
int PyCapsule_SetDestructor(PyObject* capsule, void (*end)(PyObject*));
int PySys_GetOptionalAttrString(const char* name, PyObject** value);
PyObject* PyErr_GetRaisedException();
void PyErr_SetRaisedException(PyObject* raised);
PyObject* PyErr_Occurred();
int Py_MakePendingCalls();
void PyException_SetContext(PyObject* raised, PyObject* context);
PyObject* PyErr_NoMemory();
void PyErr_SetString(PyObject* type, const char* message);
PyObject* PyErr_Format(PyObject* type, const char* format, ...);
PyThreadState* PyEval_SaveThread();
void PyEval_RestoreThread(PyThreadState* thread);
PyObject* PyImport_ImportModule(const char* name);
PyObject* PyObject_GetAttrString(PyObject* object, const char* name);
PyObject* PyType_FromSpec(PyType_Spec* spec);
void PyObject_GC_Track(void* object);
void PyObject_GC_UnTrack(void* object);
PyObject* hpystate_model_gc_new(PyTypeObject* type, std::size_t size);
extern PyObject* PyExc_KeyboardInterrupt;
extern PyObject* PyExc_RuntimeError;
extern PyObject* PyExc_SystemError;
extern PyObject* PyExc_ValueError;
extern PyObject hpystate_model_none;
}
#define Py_None (&hpystate_model_none)

inline void Py_INCREF(PyObject* object) {
#ifdef Py_GIL_DISABLED
    object->ob_refcnt.fetch_add(1, std::memory_order_relaxed);
#else
    ++object->ob_refcnt;
#endif
}

inline void Py_DECREF(PyObject* object) {
#ifdef Py_GIL_DISABLED
    if (object->ob_refcnt.fetch_sub(1, std::memory_order_acq_rel) == 1) _Py_Dealloc(object);
#else
    if (--object->ob_refcnt == 0) _Py_Dealloc(object);
#endif
}

inline void Py_INCREF(PyTypeObject* type) {
    Py_INCREF(&type->ob_base);
}
inline void Py_DECREF(PyTypeObject* type) {
    Py_DECREF(&type->ob_base);
}
inline void Py_XINCREF(PyObject* object) {
    if (object != nullptr) Py_INCREF(object);
}
inline void Py_XDECREF(PyObject* object) {
    if (object != nullptr) Py_DECREF(object);
}
inline PyObject* Py_NewRef(PyObject* object) {
    Py_INCREF(object);
    return object;
}
inline PyObject* Py_XNewRef(PyObject* object) {
    Py_XINCREF(object);
    return object;
}
inline PyTypeObject* Py_TYPE(PyObject* object) {
    return object->ob_type;
}

#define Py_CLEAR(place)                                                                            \
    do {                                                                                           \
        PyObject* const cleared = (place);                                                         \
        (place) = nullptr;                                                                         \
        Py_XDECREF(cleared);                                                                       \
    } while (0)
#define Py_VISIT(object)                                                                           \
    do {                                                                                           \
        if (const int result = visit(reinterpret_cast<PyObject*>(object), arg)) return result;     \
    } while (0)
#define PyObject_GC_New(type, typeobject)                                                          \
    (reinterpret_cast<type*>(hpystate_model_gc_new((typeobject), sizeof(type))))
