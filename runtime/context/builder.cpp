/// runtime/context/builder.cpp: list and tuple builders: the object under construction, behind a
/// handle.
///
/// A builder owns an object that no other code has seen; Build returns it, Cancel releases it. In
/// HPy only Build raises. So a builder that could not be made holds the reason in place of the
/// object: then Set and Cancel do nothing, and Build raises the exception.
#include <Python.h>

#include "globals/gil.h"
#include "runtime/calls/handle.h"
#include "runtime/context/functions.h"
#include "runtime/context/slow_path.h"
#include "runtime/cpython/items.h"
#include "runtime/cpython/new_list.h"
#include "runtime/cpython/raised.h"

#include <cstdint>

namespace hpystate::context {

namespace {

/// Words that are not an object: the reason why there is none. They have no bit in common with an
/// object's address (have_common_bit).
constexpr std::intptr_t kNoMemory = 0;
constexpr std::intptr_t kBadSize = 1;

/// The object under construction, or nullptr.
PyObject* object_of(std::intptr_t word) noexcept {
    static_assert(kNoMemory == 0 && kBadSize == 1, "one comparison tells");
    return static_cast<std::uintptr_t>(word) > 1 ? reinterpret_cast<PyObject*>(word) : nullptr;
}

/// The builder's word where there was no memory; clears the exception.
[[gnu::cold, gnu::noinline]] std::intptr_t no_memory() noexcept {
    PyErr_Clear(); // New must not raise; Build raises the exception again
    return kNoMemory;
}

[[nodiscard]] std::intptr_t word_of(PyObject* made) noexcept {
    return made != nullptr ? reinterpret_cast<std::intptr_t>(made) : no_memory();
}

/// Whether all items are set, so that the object can be returned as it is.
[[nodiscard]] bool are_set(PyObject* const* items, Py_ssize_t count) noexcept {
    for (; count != 0; --count) {
        if (items[count - 1] == nullptr) return false;
    }
    return true;
}

/// An index out of range is the caller's fault, and a builder has no room to keep it until Build.
/// So the IndexError is set at once, and Build finds it.
bool check_index(const char* function, HPy_ssize_t index, HPy_ssize_t size) noexcept {
    if (index >= 0 && index < size) [[likely]]
        return true;
    PyErr_Format(PyExc_IndexError, "%s: index %zd is out of range, the builder has %zd items.",
                 function, index, size);
    return false;
}

/// Returns the object; or null with an exception set, and then the object is released. The
/// exception may be from an earlier step: from Set, or from a call that should have returned an
/// item.
[[gnu::cold, gnu::noinline]] HPy finish(const char* function, std::intptr_t word) noexcept {
    PyObject* const object = object_of(word);
    if (PyErr_Occurred() != nullptr) [[unlikely]] {
        Py_XDECREF(object);
        return kNullHandle;
    }
    if (word == kBadSize)
        PyErr_Format(PyExc_SystemError, "%s: the builder was made with a negative size.", function);
    if (word == kNoMemory) PyErr_NoMemory();
    return as_handle(object);
}

// What is not the usual case: no object, a bad index, an item that is null or is replaced.

HPYSTATE_SLOW_PATH void set_in_list(HPyContext*, HPyListBuilder builder, HPy_ssize_t index,
                                    HPy h_item) noexcept {
    PyObject* const list = object_of(builder._lst);
    if (list == nullptr) return;
    if (!check_index("HPyListBuilder_Set", index, PyList_GET_SIZE(list))) return;
    PyObject* const item = Py_XNewRef(as_object(h_item));
    if constexpr (kNoGil) { // another thread may have found the list through the collector
        static_cast<void>(PyList_SetItem(list, index, item));
        return;
    }
    PyObject* const earlier = PyList_GET_ITEM(list, index);
    PyList_SET_ITEM(list, index, item);
    Py_XDECREF(earlier);
}

HPYSTATE_SLOW_PATH void set_in_tuple(HPyContext*, HPyTupleBuilder builder, HPy_ssize_t index,
                                     HPy h_item) noexcept {
    PyObject* const tuple = object_of(builder._tup);
    if (tuple == nullptr) return;
    if (!check_index("HPyTupleBuilder_Set", index, PyTuple_GET_SIZE(tuple))) return;
    PyObject* const earlier = PyTuple_GET_ITEM(tuple, index);
    PyTuple_SET_ITEM(tuple, index, Py_XNewRef(as_object(h_item)));
    Py_XDECREF(earlier);
}

HPYSTATE_SLOW_PATH HPy build_list(HPyContext*, HPyListBuilder builder) noexcept {
    PyObject* const list = object_of(builder._lst);
    const HPy_ssize_t size = list != nullptr ? PyList_GET_SIZE(list) : 0;
    for (HPy_ssize_t i = 0; i < size; ++i) { // None for an item that was never set
        if (PyList_GET_ITEM(list, i) == nullptr) PyList_SET_ITEM(list, i, Py_NewRef(Py_None));
    }
    return finish("HPyListBuilder_Build", builder._lst);
}

HPYSTATE_SLOW_PATH HPy build_tuple(HPyContext*, HPyTupleBuilder builder) noexcept {
    PyObject* const tuple = object_of(builder._tup);
    const HPy_ssize_t size = tuple != nullptr ? PyTuple_GET_SIZE(tuple) : 0;
    for (HPy_ssize_t i = 0; i < size; ++i) {
        if (PyTuple_GET_ITEM(tuple, i) == nullptr) PyTuple_SET_ITEM(tuple, i, Py_NewRef(Py_None));
    }
    return finish("HPyTupleBuilder_Build", builder._tup);
}

/// Sets an item that was not set, of a list or a tuple. False: it was, or the index is out of
/// range.
template <typename Object>
[[nodiscard]] bool set_first(Object* object, HPy_ssize_t index, PyObject* item) noexcept {
    if (!is_inside(index, Py_SIZE(object)) || object->ob_item[index] != nullptr) [[unlikely]]
        return false;
    Py_INCREF(item);
    object->ob_item[index] = item;
    return true;
}

} // namespace

HPyListBuilder ctx_ListBuilder_New(HPyContext*, HPy_ssize_t size) noexcept {
    // Not left to CPython: it would replace the exception of what should have returned the size.
    if (size < 0) [[unlikely]]
        return HPyListBuilder{kBadSize};
    return HPyListBuilder{word_of(new_list(size))};
}

void ctx_ListBuilder_Set(HPyContext* ctx, HPyListBuilder builder, HPy_ssize_t index,
                         HPy h_item) noexcept {
    if (!kNoGil && have_common_bit(builder._lst, h_item._i)) [[likely]] {
        auto* const list = reinterpret_cast<PyListObject*>(builder._lst);
        if (set_first(list, index, as_object(h_item))) [[likely]]
            return;
    }
    set_in_list(ctx, builder, index, h_item);
}

HPy ctx_ListBuilder_Build(HPyContext* ctx, HPyListBuilder builder) noexcept {
    if (PyObject* const list = object_of(builder._lst)) [[likely]] {
        const auto* const inside = reinterpret_cast<const PyListObject*>(list);
        if (are_set(inside->ob_item, PyList_GET_SIZE(list)) && is_not_raised()) [[likely]]
            return as_handle(list);
    }
    return build_list(ctx, builder);
}

void ctx_ListBuilder_Cancel(HPyContext*, HPyListBuilder builder) noexcept {
    Py_XDECREF(object_of(builder._lst));
}

HPyTupleBuilder ctx_TupleBuilder_New(HPyContext*, HPy_ssize_t size) noexcept {
    if (size < 0) [[unlikely]] // as for a list
        return HPyTupleBuilder{kBadSize};
    return HPyTupleBuilder{word_of(PyTuple_New(size))};
}

void ctx_TupleBuilder_Set(HPyContext* ctx, HPyTupleBuilder builder, HPy_ssize_t index,
                          HPy h_item) noexcept {
    if (have_common_bit(builder._tup, h_item._i)) [[likely]] {
        auto* const tuple = reinterpret_cast<PyTupleObject*>(builder._tup);
        if (set_first(tuple, index, as_object(h_item))) [[likely]]
            return;
    }
    set_in_tuple(ctx, builder, index, h_item);
}

HPy ctx_TupleBuilder_Build(HPyContext* ctx, HPyTupleBuilder builder) noexcept {
    if (PyObject* const tuple = object_of(builder._tup)) [[likely]] {
        const auto* const inside = reinterpret_cast<const PyTupleObject*>(tuple);
        if (are_set(inside->ob_item, PyTuple_GET_SIZE(tuple)) && is_not_raised()) [[likely]]
            return as_handle(tuple);
    }
    return build_tuple(ctx, builder);
}

void ctx_TupleBuilder_Cancel(HPyContext*, HPyTupleBuilder builder) noexcept {
    Py_XDECREF(object_of(builder._tup));
}

} // namespace hpystate::context
