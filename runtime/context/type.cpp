/// runtime/context/type.cpp: types and their instances.
#include <Python.h>

#include "runtime/abi/upstream_messages.h"
#include "runtime/calls/handle.h"
#include "runtime/context/functions.h"
#include "runtime/types/foreign_base.h"
#include "runtime/types/instance.h"
#include "runtime/types/record.h"

#include <cstdint>
#include <cstring>

namespace hpystate::context {

namespace {

/// The base below all types of HPyType_FromSpec. Its own tp_new makes a good instance: a set
/// without its table or a str without characters is none.
[[nodiscard]] PyTypeObject* base_with_new(PyTypeObject* cls) noexcept {
    PyTypeObject* base = foreign_base(cls);
    while (is_from_spec(base))
        base = foreign_base(base->tp_base);
    return base;
}

/// An instance as the foreign base makes it without arguments, if it makes any in a way of its own.
[[gnu::cold]] PyObject* allocate_foreign(PyTypeObject* cls) noexcept {
    if (!prepare_foreign_bases()) return nullptr;
    const PyTypeObject* const base = base_with_new(cls);
    if (base->tp_new == PyBaseObject_Type.tp_new) return cls->tp_alloc(cls, 0);
    if (base->tp_new == nullptr) {
        PyErr_Format(PyExc_TypeError,
                     "cannot create '%s' instances: its base '%s' has no tp_new. Only the "
                     "module that defines that base can create them.",
                     cls->tp_name, base->tp_name);
        return nullptr;
    }
    const Ref nothing(PyTuple_New(0));
    return nothing ? base->tp_new(cls, nothing.get(), nullptr) : nullptr;
}

/// An instance of a type that stands on int itself: 0, as int makes it without arguments.
PyObject* allocate_zero(PyTypeObject* cls) noexcept {
    // Of the sign's two bits 1 is zero, and there are no digits: cpython/longintrepr.h. No object's
    // tag is copied: from 3.14 on that of a small int says that it is never freed.
    constexpr std::uintptr_t kZero = 1;
    PyObject* const made = cls->tp_alloc(cls, 1);
    if (made != nullptr) reinterpret_cast<PyLongObject*>(made)->long_value.lv_tag = kZero;
    return made;
}

/// The same for any object that should be a type. nullptr with an exception set.
PyObject* allocate_other(HPy type, const char* not_a_type) noexcept {
    if (!PyType_Check(as_object(type))) {
        PyErr_SetString(PyExc_TypeError, not_a_type);
        return nullptr;
    }
    auto* const cls = reinterpret_cast<PyTypeObject*>(as_object(type));
    if (!is_hpy_type(cls)) return allocate_foreign(cls);
    if (cls->tp_base == &PyBaseObject_Type) return cls->tp_alloc(cls, 0);
    return cls->tp_base == &PyLong_Type ? allocate_zero(cls) : allocate_foreign(cls);
}

} // namespace

namespace {

[[gnu::noinline]] HPy make_other(HPy h_type, void** data) noexcept {
    PyObject* const object = allocate_other(h_type, upstream::kNewNeedsType);
    if (object == nullptr) {
        *data = nullptr;
        return kNullHandle;
    }
    const TypeRecord* const record = record_of(Py_TYPE(object));
    // A type that HPy did not make has its layout from the C API: it begins at the object.
    *data = record != nullptr ? struct_of(object, record->shape()) : object;
    return as_handle(object);
}

} // namespace

HPy ctx_New(HPyContext* ctx, HPy h_type, void** data) noexcept {
    if (const TypeRecord* const record = record_of_simple(as_object(h_type))) [[likely]]
        return as_handle(make_simple(ctx, as_object(h_type), *record, data));
    return make_other(h_type, data);
}

HPy ctx_Type_GenericNew(HPyContext*, HPy type, const HPy*, HPy_ssize_t, HPy) noexcept {
    return as_handle(allocate_other(type, upstream::kGenericNewNeedsType));
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
    PyTypeObject* const cls = require_type(type, "HPyType_GetName");
    if (cls == nullptr) return nullptr;
    // Lives as long as the type, or until somebody sets T.__name__.
    const char* const dot = std::strrchr(cls->tp_name, '.');
    return dot != nullptr ? dot + 1 : cls->tp_name;
}

int ctx_Type_IsSubtype(HPyContext*, HPy sub, HPy type) noexcept {
    PyTypeObject* const below = require_type(sub, "HPyType_IsSubtype");
    PyTypeObject* const above = require_type(type, "HPyType_IsSubtype");
    return below != nullptr && above != nullptr ? PyType_IsSubtype(below, above) : 0;
}

HPyType_BuiltinShape ctx_Type_GetBuiltinShape(HPyContext*, HPy h_type) noexcept {
    const PyTypeObject* const cls = require_type(h_type, "HPyType_GetBuiltinShape");
    if (cls == nullptr) return static_cast<HPyType_BuiltinShape>(-2);
    const TypeRecord* const record = record_of(cls);
    return record != nullptr ? record->shape() : HPyType_BuiltinShape_Legacy;
}

// NOLINTBEGIN(bugprone-macro-parentheses): a function, no expression
#define HPY_SHAPE(name, value)                                                                     \
    void* ctx_AsStruct_##name(HPyContext*, HPy h) noexcept {                                       \
        return h._i != 0 ? struct_of<HPyType_BuiltinShape_##name>(as_object(h)) : nullptr;         \
    }
// NOLINTEND(bugprone-macro-parentheses)
#include <hpy/abi/shapes.def>

} // namespace hpystate::context
