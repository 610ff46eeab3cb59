/// context/type.cpp: types and their instances.
#include <Python.h>

#include "context/functions.h"
#include "context/handle.h"
#include "context/interface.h"
#include "context/typedata.h"
#include "context/typespec.h"

#include <cstring>
#include <new>

namespace hpystate::context {

HPy ctx_Type_FromSpec(HPyContext*, HPyType_Spec* spec, HPyType_SpecParam* params) noexcept try {
    if (spec == nullptr) {
        PyErr_SetString(PyExc_SystemError, "ctx_Type_FromSpec: the spec is NULL.");
        return kNullHandle;
    }
    return as_handle(type_from_spec(*spec, params));
} catch (const std::bad_alloc&) {
    PyErr_NoMemory();
    return kNullHandle;
}

namespace {

/// A new instance, its struct all zero; nullptr with an exception set.
PyObject* allocate(HPy type, const char* not_a_type) noexcept {
    if (!PyType_Check(as_object(type))) {
        PyErr_SetString(PyExc_TypeError, not_a_type);
        return nullptr;
    }
    auto* const cls = reinterpret_cast<PyTypeObject*>(as_object(type));
    return cls->tp_alloc(cls, 0);
}

} // namespace

HPy ctx_New(HPyContext*, HPy h_type, void** data) noexcept {
    PyObject* const object = allocate(h_type, interface::kNewNeedsType);
    *data = object != nullptr ? struct_of(object) : nullptr;
    return as_handle(object);
}

HPy ctx_Type_GenericNew(HPyContext*, HPy type, const HPy*, HPy_ssize_t, HPy) noexcept {
    return as_handle(allocate(type, interface::kGenericNewNeedsType));
}

namespace {

/// nullptr with a TypeError where the object is no type.
PyTypeObject* require_type(HPy type, const char* function) noexcept {
    if (PyType_Check(as_object(type))) return reinterpret_cast<PyTypeObject*>(as_object(type));
    PyErr_Format(PyExc_TypeError, "%s: a '%s' was given where a type was expected.", function,
                 Py_TYPE(as_object(type))->tp_name);
    return nullptr;
}

} // namespace

const char* ctx_Type_GetName(HPyContext*, HPy type) noexcept {
    PyTypeObject* const cls = require_type(type, "ctx_Type_GetName");
    if (cls == nullptr) return nullptr;
    // Lives as long as the type, or until somebody sets T.__name__.
    const char* const dot = std::strrchr(cls->tp_name, '.');
    return dot != nullptr ? dot + 1 : cls->tp_name;
}

int ctx_Type_IsSubtype(HPyContext*, HPy sub, HPy type) noexcept {
    PyTypeObject* const below = require_type(sub, "ctx_Type_IsSubtype");
    PyTypeObject* const above = require_type(type, "ctx_Type_IsSubtype");
    return below != nullptr && above != nullptr ? PyType_IsSubtype(below, above) : 0;
}

void* ctx_AsStruct_Object(HPyContext*, HPy h) noexcept {
    return struct_of(as_object(h));
}

} // namespace hpystate::context
