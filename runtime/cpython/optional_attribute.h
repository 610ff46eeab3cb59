/// runtime/cpython/optional_attribute.h: an attribute that may be missing.
#pragma once

#include <Python.h>

namespace hpystate {

/// PyObject_GetAttr, but a missing attribute is not an error, and mostly no exception is made: 1,
/// with a new reference in `value`; 0; -1 with an exception set.
[[nodiscard]] inline int look_up_attribute(PyObject* object, PyObject* name,
                                           PyObject** value) noexcept {
#if PY_VERSION_HEX >= 0x030D0000
    return PyObject_GetOptionalAttr(object, name, value);
#else
    return _PyObject_LookupAttr(object, name, value);
#endif
}

} // namespace hpystate
