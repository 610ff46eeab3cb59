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

/// The base below all types of HPyType_FromSpec. Its tp_new must make the instance: memory that is
/// all zero is not a valid set or str.
[[nodiscard]] PyTypeObject* base_with_new(PyTypeObject* cls) noexcept {
    PyTypeObject* base = foreign_base(cls);
    while (is_from_spec(base))
        base = foreign_base(base->tp_base);
    return base;
}

/// Makes an instance by the tp_new of the foreign base, without arguments; if that is object's,
/// allocates it.
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

/// Makes an instance of a type whose base is int itself: 0, as int() does.
PyObject* allocate_zero(PyTypeObject* cls) noexcept {
    // The tag of 0: 1 in the two bits of the sign means zero, and there are no digits
    // (cpython/longintrepr.h). It is not copied from an int: from 3.14 on the tag of a small int
    // has a bit that marks it as immortal.
    constexpr std::uintptr_t kZero = 1;
    PyObject* const made = cls->tp_alloc(cls, 1);
    if (made != nullptr) reinterpret_cast<PyLongObject*>(made)->long_value.lv_tag = kZero;
    return made;
}

/// Makes an instance of `type`, which may be any object. nullptr with an exception set.
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
    // The struct of a type that HPy did not make begins at the object, as in the C API.
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

/// nullptr with a TypeError if the object is not a type.
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
    // Valid as long as the type, or until T.__name__ is set.
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
