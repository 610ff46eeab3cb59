/// context/instance.h: the usual way to make an instance of a type of HPy's.
#pragma once

#include <Python.h>

#include "context/shape.h"
#include "context/typedata.h"

namespace hpystate::context {

/// The record of a type whose instances CPython's own allocator makes and nothing below it has a
/// say in; nullptr for any other object. Making one runs no Python code.
[[nodiscard]] inline const TypeRecord* plain_record_of(PyObject* type) noexcept {
    if (!PyType_Check(type)) [[unlikely]]
        return nullptr;
    const auto* const cls = reinterpret_cast<PyTypeObject*>(type);
    const bool plain = cls->tp_base == &PyBaseObject_Type && cls->tp_alloc == &PyType_GenericAlloc;
    return plain ? own_record_of(cls) : nullptr;
}

/// A new instance of a type with that record, and its struct, all zero. nullptr: MemoryError is
/// set.
[[nodiscard]] inline PyObject* make_plain(PyObject* type, const TypeRecord& record,
                                          void** data) noexcept {
    PyObject* const object = PyType_GenericAlloc(reinterpret_cast<PyTypeObject*>(type), 0);
    *data = object != nullptr ? struct_of(object, record.shape()) : nullptr;
    return object;
}

} // namespace hpystate::context
