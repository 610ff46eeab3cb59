/// runtime/cpython/managed_dict.h: an instance's dict, where CPython keeps it out of the struct.
#pragma once

#include <Python.h>

namespace hpystate {

/// For a type with Py_TPFLAGS_MANAGED_DICT: what its tp_traverse and tp_clear have to call. 3.12
/// has both functions under a private name.
inline int visit_managed_dict(PyObject* self, visitproc visit, void* arg) {
#if PY_VERSION_HEX >= 0x030D0000
    return PyObject_VisitManagedDict(self, visit, arg);
#else
    return _PyObject_VisitManagedDict(self, visit, arg);
#endif
}

inline void clear_managed_dict(PyObject* self) {
#if PY_VERSION_HEX >= 0x030D0000
    PyObject_ClearManagedDict(self);
#else
    _PyObject_ClearManagedDict(self);
#endif
}

/// For any other type: where the instance keeps its dict, by tp_dictoffset, which may count from
/// the end. nullptr: it cannot have one.
[[nodiscard]] inline PyObject** place_of_dict(PyObject* self) noexcept {
    return _PyObject_GetDictPtr(self);
}

} // namespace hpystate
