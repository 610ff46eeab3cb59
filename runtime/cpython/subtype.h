/// runtime/cpython/subtype.h: whether a type is another one or derives from it; without a call.
#pragma once

#include <Python.h>

#include "runtime/cpython/items.h"

namespace hpystate {

/// What PyType_IsSubtype returns, 1 or 0. Most types that are compared have an MRO of two or three,
/// which is read faster than the function is called. Without the GIL another thread may replace the
/// MRO.
[[nodiscard]] inline int is_subtype(PyTypeObject* type, PyTypeObject* of) noexcept {
#ifndef Py_GIL_DISABLED
    // A type has these flags of its builtin bases, whose structs it extends. So it derives from no
    // type that has one that it lacks: a float is not an int. Py_TPFLAGS_HEAPTYPE is not one of
    // these: Cython makes static types with a heap type among their bases.
    constexpr unsigned long kOfBuiltins = Py_TPFLAGS_LONG_SUBCLASS | Py_TPFLAGS_LIST_SUBCLASS |
                                          Py_TPFLAGS_TUPLE_SUBCLASS | Py_TPFLAGS_BYTES_SUBCLASS |
                                          Py_TPFLAGS_UNICODE_SUBCLASS | Py_TPFLAGS_DICT_SUBCLASS |
                                          Py_TPFLAGS_BASE_EXC_SUBCLASS | Py_TPFLAGS_TYPE_SUBCLASS;
    if ((of->tp_flags & kOfBuiltins & ~type->tp_flags) != 0) return 0;
    if (PyObject* const mro = type->tp_mro; mro != nullptr) [[likely]] {
        PyObject* const* const items = items_of(mro);
        for (Py_ssize_t i = PyTuple_GET_SIZE(mro); i-- > 0;) {
            if (items[i] == reinterpret_cast<PyObject*>(of)) return 1;
        }
        return 0;
    }
#endif
    return PyType_IsSubtype(type, of); // a type that is not ready has no MRO
}

} // namespace hpystate
