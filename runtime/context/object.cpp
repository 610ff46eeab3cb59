/// runtime/context/object.cpp: what every object has: references, attributes, items, text,
/// comparison, hash.
#include <Python.h>

#include "runtime/calls/handle.h"
#include "runtime/context/functions.h"
#include "runtime/context/pointers.h"
#include "runtime/cpython/items.h"
#include "runtime/cpython/optional_attribute.h"
#include "runtime/cpython/subtype.h"

#include <cstddef>
#include <cstdio>

namespace hpystate::context {

HPy ctx_Dup(HPyContext*, HPy h) noexcept {
    return as_handle(Py_XNewRef(as_object(h)));
}

void ctx_Close(HPyContext*, HPy h) noexcept {
    Py_XDECREF(as_object(h));
}

int ctx_IsTrue(HPyContext*, HPy h) noexcept {
    return PyObject_IsTrue(as_object(h));
}

HPy ctx_Type(HPyContext*, HPy obj) noexcept {
    return as_handle(Py_NewRef(reinterpret_cast<PyObject*>(Py_TYPE(as_object(obj)))));
}

namespace {

// What is not the usual case of a function below is out of line, so that the usual one needs no
// stack frame.

[[gnu::cold, gnu::noinline]] int refuse_type(PyObject* other) noexcept {
    PyErr_Format(PyExc_TypeError, "HPy_TypeCheck: a '%s' was given where a type was expected.",
                 Py_TYPE(other)->tp_name);
    return 0;
}

[[gnu::noinline]] HPy item_by_int(PyObject* object, HPy_ssize_t index) noexcept {
    const Ref key(PyLong_FromSsize_t(index));
    return key ? as_handle(PyObject_GetItem(object, key.get())) : kNullHandle;
}

} // namespace

int ctx_TypeCheck(HPyContext*, HPy obj, HPy type) noexcept {
    PyObject* const cls = as_object(type);
    if (reinterpret_cast<PyObject*>(Py_TYPE(as_object(obj))) == cls) return 1;
    if (!PyType_Check(cls)) [[unlikely]]
        return refuse_type(cls);
    return is_subtype(Py_TYPE(as_object(obj)), reinterpret_cast<PyTypeObject*>(cls));
}

int ctx_Is(HPyContext*, HPy obj, HPy other) noexcept {
    return obj._i == other._i ? 1 : 0;
}

// ---- attributes ----

HPy ctx_GetAttr(HPyContext*, HPy obj, HPy name) noexcept {
    return as_handle(PyObject_GetAttr(as_object(obj), as_object(name)));
}

HPy ctx_GetAttr_s(HPyContext*, HPy obj, const char* utf8_name) noexcept {
    if (!require_pointer(utf8_name, "HPy_GetAttr_s", "utf8_name")) return kNullHandle;
    return as_handle(PyObject_GetAttrString(as_object(obj), utf8_name));
}

namespace {

/// HPy's HasAttr cannot fail: it returns 0 for an attribute whose getter raises.
int has_attribute(PyObject* object, PyObject* name) noexcept {
    PyObject* value = nullptr;
    const int found = look_up_attribute(object, name, &value);
    if (found < 0) PyErr_Clear();
    Py_XDECREF(value);
    return found > 0 ? 1 : 0;
}

} // namespace

int ctx_HasAttr(HPyContext*, HPy obj, HPy name) noexcept {
    return has_attribute(as_object(obj), as_object(name));
}

int ctx_HasAttr_s(HPyContext*, HPy obj, const char* utf8_name) noexcept {
    if (!require_pointer(utf8_name, "HPy_HasAttr_s", "utf8_name")) return 0;
    const Ref name(PyUnicode_FromString(utf8_name));
    if (!name) {
        PyErr_Clear();
        return 0;
    }
    return has_attribute(as_object(obj), name.get());
}

// A value of HPy_NULL deletes the attribute: so HPy's headers define HPy_DelAttr.

int ctx_SetAttr(HPyContext*, HPy obj, HPy name, HPy value) noexcept {
    return PyObject_SetAttr(as_object(obj), as_object(name), as_object(value));
}

int ctx_SetAttr_s(HPyContext*, HPy obj, const char* utf8_name, HPy value) noexcept {
    if (!require_pointer(utf8_name, "HPy_SetAttr_s", "utf8_name")) return -1;
    return PyObject_SetAttrString(as_object(obj), utf8_name, as_object(value));
}

// ---- items ----

namespace {

/// As this function type the slot is the last thing that ctx_Length does: a jump. A call of the
/// slot's own type could throw, so it would need a frame, and a string's length a quarter more
/// time. What unwinds a thread that ends (runtime/cpython/thread_exit.cpp) finds no frame of ours.
using LengthInPlace = Py_ssize_t (*)(PyObject*) noexcept;

} // namespace

HPy_ssize_t ctx_Length(HPyContext*, HPy h) noexcept {
    // PyObject_Size, without a call of it; it raises for what has no length.
    PyObject* const object = as_object(h);
    lenfunc length = &PyObject_Size;
    const PySequenceMethods* const sequence = Py_TYPE(object)->tp_as_sequence;
    const PyMappingMethods* const mapping = Py_TYPE(object)->tp_as_mapping;
    if (sequence != nullptr && sequence->sq_length != nullptr) {
        length = sequence->sq_length;
    } else if (mapping != nullptr && mapping->mp_length != nullptr) {
        length = mapping->mp_length;
    }
    return reinterpret_cast<LengthInPlace>(length)(object);
}

int ctx_Contains(HPyContext*, HPy container, HPy key) noexcept {
    return PySequence_Contains(as_object(container), as_object(key));
}

HPy ctx_GetItem(HPyContext*, HPy obj, HPy key) noexcept {
    return as_handle(PyObject_GetItem(as_object(obj), as_object(key)));
}

HPy ctx_GetItem_i(HPyContext*, HPy obj, HPy_ssize_t idx) noexcept {
    // For an exact list or tuple, which most indexed objects are, no int is made.
    PyObject* const object = as_object(obj);
    if (has_list_item(object, idx)) return as_handle(Py_NewRef(PyList_GET_ITEM(object, idx)));
    if (PyTuple_CheckExact(object) && is_inside(idx, PyTuple_GET_SIZE(object)))
        return as_handle(Py_NewRef(PyTuple_GET_ITEM(object, idx)));
    return item_by_int(object, idx);
}

HPy ctx_GetItem_s(HPyContext*, HPy obj, const char* utf8_key) noexcept {
    if (!require_pointer(utf8_key, "HPy_GetItem_s", "utf8_key")) return kNullHandle;
    const Ref key(PyUnicode_FromString(utf8_key));
    return key ? as_handle(PyObject_GetItem(as_object(obj), key.get())) : kNullHandle;
}

int ctx_SetItem(HPyContext*, HPy obj, HPy key, HPy value) noexcept {
    PyObject* const object = as_object(obj);
    // What PyObject_SetItem calls after two reads of the type.
    if (PyDict_CheckExact(object)) return PyDict_SetItem(object, as_object(key), as_object(value));
    return PyObject_SetItem(object, as_object(key), as_object(value));
}

int ctx_SetItem_i(HPyContext*, HPy obj, HPy_ssize_t idx, HPy value) noexcept {
    const Ref key(PyLong_FromSsize_t(idx));
    return key ? PyObject_SetItem(as_object(obj), key.get(), as_object(value)) : -1;
}

int ctx_SetItem_s(HPyContext*, HPy obj, const char* utf8_key, HPy value) noexcept {
    if (!require_pointer(utf8_key, "HPy_SetItem_s", "utf8_key")) return -1;
    const Ref key(PyUnicode_FromString(utf8_key));
    return key ? PyObject_SetItem(as_object(obj), key.get(), as_object(value)) : -1;
}

int ctx_DelItem(HPyContext*, HPy obj, HPy key) noexcept {
    return PyObject_DelItem(as_object(obj), as_object(key));
}

int ctx_DelItem_i(HPyContext*, HPy obj, HPy_ssize_t idx) noexcept {
    const Ref key(PyLong_FromSsize_t(idx));
    return key ? PyObject_DelItem(as_object(obj), key.get()) : -1;
}

int ctx_DelItem_s(HPyContext*, HPy obj, const char* utf8_key) noexcept {
    if (!require_pointer(utf8_key, "HPy_DelItem_s", "utf8_key")) return -1;
    const Ref key(PyUnicode_FromString(utf8_key));
    return key ? PyObject_DelItem(as_object(obj), key.get()) : -1;
}

HPy ctx_GetSlice(HPyContext*, HPy obj, HPy_ssize_t start, HPy_ssize_t end) noexcept {
    return as_handle(PySequence_GetSlice(as_object(obj), start, end));
}

int ctx_SetSlice(HPyContext*, HPy obj, HPy_ssize_t start, HPy_ssize_t end, HPy value) noexcept {
    if (value._i == 0) return PySequence_DelSlice(as_object(obj), start, end);
    return PySequence_SetSlice(as_object(obj), start, end, as_object(value));
}

int ctx_DelSlice(HPyContext*, HPy obj, HPy_ssize_t start, HPy_ssize_t end) noexcept {
    return PySequence_DelSlice(as_object(obj), start, end);
}

// ---- text, comparison, hash ----

HPy ctx_Repr(HPyContext*, HPy obj) noexcept {
    return as_handle(PyObject_Repr(as_object(obj)));
}

HPy ctx_Str(HPyContext*, HPy obj) noexcept {
    return as_handle(PyObject_Str(as_object(obj)));
}

HPy ctx_ASCII(HPyContext*, HPy obj) noexcept {
    return as_handle(PyObject_ASCII(as_object(obj)));
}

HPy ctx_Bytes(HPyContext*, HPy obj) noexcept {
    return as_handle(PyObject_Bytes(as_object(obj)));
}

namespace {

/// CPython uses the operation as an index into an array, without a check.
bool check_operation(int op, const char* function) noexcept {
    if (op >= Py_LT && op <= Py_GE) [[likely]]
        return true;
    PyErr_Format(PyExc_SystemError,
                 "%s: the operation is %d, one of HPy_LT to HPy_GE was expected.", function, op);
    return false;
}

} // namespace

HPy ctx_RichCompare(HPyContext*, HPy v, HPy w, int op) noexcept {
    if (!check_operation(op, "HPy_RichCompare")) return kNullHandle;
    return as_handle(PyObject_RichCompare(as_object(v), as_object(w), op));
}

int ctx_RichCompareBool(HPyContext*, HPy v, HPy w, int op) noexcept {
    if (!check_operation(op, "HPy_RichCompareBool")) return -1;
    return PyObject_RichCompareBool(as_object(v), as_object(w), op);
}

HPy_hash_t ctx_Hash(HPyContext*, HPy obj) noexcept {
    return PyObject_Hash(as_object(obj));
}

void ctx_Dump(HPyContext*, HPy h) noexcept {
    // Printing must not change anything: the object's repr does not see the caller's exception, and
    // what repr raises does not replace it.
    PyObject* const pending = PyErr_GetRaisedException();
    static_cast<void>(
        std::fprintf(stderr, "handle 0x%llx\n", static_cast<unsigned long long>(h._i)));
    if (h._i != 0 && PyObject_Print(as_object(h), stderr, 0) != 0) {
        const Ref raised(PyErr_GetRaisedException());
        static_cast<void>(std::fprintf(stderr, "<a '%s' whose repr raised %s>",
                                       Py_TYPE(as_object(h))->tp_name,
                                       raised ? Py_TYPE(raised.get())->tp_name : "nothing"));
    }
    static_cast<void>(std::fputc('\n', stderr));
    PyErr_SetRaisedException(pending);
}

} // namespace hpystate::context
