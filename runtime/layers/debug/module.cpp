/// runtime/layers/debug/module.cpp: hpy.universal._debug: generations, queues, hooks, DebugHandle.
///
/// A DebugHandle object refers to a record. It may outlive the handle: the record stays, closed or
/// reused for another object.
#include "runtime/calls/handle.h"
#include "runtime/cpython/guarded.h"
#include "runtime/cpython/new_type.h"
#include "runtime/layers/debug/state.h"

#include <string>
#include <structmember.h>
#include <utility>

namespace hpystate::layers {

namespace {

struct HandleObject {
    PyObject_HEAD DebugHandle* handle;
};

[[nodiscard]] DebugHandle& handle_of(PyObject* self) noexcept {
    return *reinterpret_cast<HandleObject*>(self)->handle;
}

[[nodiscard]] bool is_closed(const DebugHandle& handle) noexcept {
    return handle.object == nullptr;
}

PyObject* get_object(PyObject* self, void*) {
    const DebugHandle& handle = handle_of(self);
    if (!is_closed(handle)) return Py_NewRef(handle.object);
    PyErr_SetString(PyExc_ValueError, "the handle is closed; it no longer refers to an object");
    return nullptr;
}

PyObject* get_id(PyObject* self, void*) {
    return PyLong_FromVoidPtr(&handle_of(self));
}

PyObject* get_is_closed(PyObject* self, void*) {
    return PyBool_FromLong(is_closed(handle_of(self)) ? 1 : 0);
}

PyObject* get_raw_data_size(PyObject* self, void*) {
    const RawCopy& raw = handle_of(self).raw;
    return PyLong_FromSsize_t(raw.data != nullptr ? static_cast<Py_ssize_t>(raw.size) : -1);
}

PyObject* compare(PyObject* self, PyObject* other, int operation) {
    const bool comparable =
        Py_TYPE(self) == Py_TYPE(other) && (operation == Py_EQ || operation == Py_NE);
    if (!comparable) Py_RETURN_NOTIMPLEMENTED;
    const bool same = &handle_of(self) == &handle_of(other);
    return PyBool_FromLong(same == (operation == Py_EQ) ? 1 : 0);
}

Py_hash_t hash(PyObject* self) {
    return static_cast<Py_hash_t>(reinterpret_cast<std::uintptr_t>(&handle_of(self)) >> 4U);
}

/// Where the handle was made, or how to learn it.
std::string made_at(const DebugHandle& handle) {
    if (handle.made_at.empty()) {
        return "hpy.debug.set_handle_stack_trace_limit(16) records where handles are made.";
    }
    return "Made at:" + lines_of(handle.made_at);
}

PyObject* represent(PyObject* self) noexcept {
    const DebugHandle& handle = handle_of(self);
    const std::string stack = guarded(std::string(), [&] { return made_at(handle); });
    if (stack.empty()) return nullptr;
    if (is_closed(handle)) {
        return PyUnicode_FromFormat("<DebugHandle 0x%zx CLOSED>\n%s",
                                    reinterpret_cast<std::size_t>(&handle), stack.c_str());
    }
    const Ref object(Ref::borrow(handle.object)); // its repr may close the handle
    return PyUnicode_FromFormat("<DebugHandle 0x%zx for %R>\n%s",
                                reinterpret_cast<std::size_t>(&handle), object.get(),
                                stack.c_str());
}

PyObject* force_close(PyObject* self, PyObject*) {
    DebugHandle& handle = handle_of(self);
    PyObject* const object = handle.state->close(handle.handle(), "DebugHandle._force_close");
    Py_XDECREF(object);
    Py_RETURN_NONE;
}

void destroy(PyObject* self) {
    PyTypeObject* const type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

PyGetSetDef handle_getsets[] = {
    {"obj", get_object, nullptr, "The object that the handle points to.", nullptr},
    {"id", get_id, nullptr, "A number that identifies the handle.", nullptr},
    {"is_closed", get_is_closed, nullptr, "Whether the handle was closed.", nullptr},
    {"raw_data_size", get_raw_data_size, nullptr,
     "Bytes of the characters that were returned for it; -1: none were.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyMethodDef handle_methods[] = {
    {"_force_close", force_close, METH_NOARGS, "Closes the handle. For tests."},
    {nullptr, nullptr, 0, nullptr},
};

PyType_Slot handle_slots[] = {
    {Py_tp_getset, handle_getsets},
    {Py_tp_methods, handle_methods},
    {Py_tp_richcompare, reinterpret_cast<void*>(&compare)},
    {Py_tp_hash, reinterpret_cast<void*>(&hash)},
    {Py_tp_repr, reinterpret_cast<void*>(&represent)},
    {Py_tp_dealloc, reinterpret_cast<void*>(&destroy)},
    {0, nullptr},
};

PyType_Spec handle_spec{
    "hpy.debug._debug.DebugHandle", sizeof(HandleObject), 0,
    static_cast<unsigned>(Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION), handle_slots};

/// Objects for the handles of a queue from a generation on, the oldest first.
PyObject* list_handles(PyObject* module, const HandleQueue& queue, long generation) {
    const Ref type(PyObject_GetAttrString(module, "DebugHandle"));
    Ref list(type ? PyList_New(0) : nullptr);
    if (!list) return nullptr;
    auto* const cls = reinterpret_cast<PyTypeObject*>(type.get());
    for (DebugHandle* at = queue.front(); at != nullptr; at = at->next) {
        if (at->generation < generation) continue;
        const Ref object(cls->tp_alloc(cls, 0));
        if (!object) return nullptr;
        reinterpret_cast<HandleObject*>(object.get())->handle = at;
        if (PyList_Append(list.get(), object.get()) != 0) return nullptr;
    }
    return list.release();
}

PyObject* new_generation(PyObject*, PyObject*) {
    DebugState* const state = debug_state();
    return state != nullptr ? PyLong_FromLongLong(++state->generation) : nullptr;
}

PyObject* get_open_handles(PyObject* module, PyObject* generation) {
    const long first = PyLong_AsLong(generation);
    if (first == -1 && PyErr_Occurred() != nullptr) return nullptr;
    const DebugState* const state = debug_state();
    return state != nullptr ? list_handles(module, state->opened, first) : nullptr;
}

PyObject* get_closed_handles(PyObject* module, PyObject* args) {
    long first = 0;
    if (PyArg_ParseTuple(args, "|l:get_closed_handles", &first) == 0) return nullptr;
    const DebugState* const state = debug_state();
    return state != nullptr ? list_handles(module, state->closed, first) : nullptr;
}

/// A size that must not be negative; -1 with an exception set.
Py_ssize_t size_from(PyObject* number, const char* function) {
    const Py_ssize_t size = PyNumber_AsSsize_t(number, PyExc_OverflowError);
    if (size >= 0 || PyErr_Occurred() != nullptr) return size < 0 ? -1 : size;
    PyErr_Format(PyExc_ValueError, "%s: the size is %zd; a number from 0 on was expected.",
                 function, size);
    return -1;
}

template <std::size_t DebugState::*Limit>
PyObject* get_limit(PyObject*, PyObject*) {
    const DebugState* const state = debug_state();
    return state != nullptr ? PyLong_FromSize_t(state->*Limit) : nullptr;
}

template <std::size_t DebugState::*Limit>
PyObject* set_limit(PyObject*, PyObject* number) {
    DebugState* const state = debug_state();
    const Py_ssize_t size = state != nullptr ? size_from(number, "hpy.debug") : -1;
    if (size < 0) return nullptr;
    state->*Limit = static_cast<std::size_t>(size);
    Py_RETURN_NONE;
}

PyObject* set_handle_stack_trace_limit(PyObject*, PyObject* number) {
    DebugState* const state = debug_state();
    if (state == nullptr) return nullptr;
    const Py_ssize_t size =
        number == Py_None ? 0 : size_from(number, "set_handle_stack_trace_limit");
    if (size < 0) return nullptr;
    constexpr Py_ssize_t kMost = 1024;
    state->stack_limit = static_cast<std::size_t>(size < kMost ? size : kMost);
    Py_RETURN_NONE;
}

template <PyObject* DebugState::*Hook>
PyObject* set_hook(PyObject*, PyObject* hook) {
    DebugState* const state = debug_state();
    if (state == nullptr) return nullptr;
    if (hook != Py_None && PyCallable_Check(hook) == 0) {
        PyErr_Format(PyExc_TypeError, "Expected a callable object, or None; got a '%s'",
                     Py_TYPE(hook)->tp_name);
        return nullptr;
    }
    PyObject* const old = std::exchange(state->*Hook, hook != Py_None ? Py_NewRef(hook) : nullptr);
    Py_XDECREF(old);
    Py_RETURN_NONE;
}

template <bool DebugState::*Switch>
PyObject* set_switch(PyObject*, PyObject* value) {
    DebugState* const state = debug_state();
    const int on = state != nullptr ? PyObject_IsTrue(value) : -1;
    if (on < 0) return nullptr;
    state->*Switch = on != 0;
    Py_RETURN_NONE;
}

PyMethodDef methods[] = {
    {"new_generation", new_generation, METH_NOARGS,
     "Starts a generation: handles opened from now on belong to it. Returns its number."},
    {"get_open_handles", get_open_handles, METH_O,
     "The open handles of a generation and of later ones: a list, the oldest first."},
    {"get_closed_handles", get_closed_handles, METH_VARARGS,
     "The closed handles that were not reused yet: a list, the first closed first."},
    {"get_closed_handles_queue_max_size", get_limit<&DebugState::closed_limit>, METH_NOARGS,
     "How many closed handles are kept."},
    {"set_closed_handles_queue_max_size", set_limit<&DebugState::closed_limit>, METH_O,
     "Sets how many closed handles are kept, to recognise them when they are used."},
    {"get_protected_raw_data_max_size", get_limit<&DebugState::raw_limit>, METH_NOARGS,
     "How many bytes of the characters of closed handles are kept."},
    {"set_protected_raw_data_max_size", set_limit<&DebugState::raw_limit>, METH_O,
     "Sets how many bytes of the characters of closed handles are kept, so that reading them\n"
     "crashes."},
    {"set_on_invalid_handle", set_hook<&DebugState::on_invalid_handle>, METH_O,
     "Sets the function that is called, without arguments, when a handle is misused."},
    {"set_on_invalid_builder_handle", set_hook<&DebugState::on_invalid_builder>, METH_O,
     "Sets the function that is called, without arguments, when a builder is misused."},
    {"set_on_misuse", set_hook<&DebugState::on_misuse>, METH_O,
     "Sets the function that is called with kind and message for misuse that has no other hook."},
    {"set_handle_stack_trace_limit", set_handle_stack_trace_limit, METH_O,
     "Records up to that many stack frames where a handle is made; None or 0: no frames."},
    {"set_explain_crashes", set_switch<&DebugState::explain_crashes>, METH_O,
     "Whether a SIGSEGV on characters that are returned from now on is explained on stderr; on\n"
     "unless hpy.universal.load() has loaded a module with debug=True, since upstream prints "
     "nothing then."},
    {"set_search_heap", set_switch<&DebugState::search_heap>, METH_O,
     "Whether each value that is stored in a global is searched for in gc.get_objects()."},
    {"set_watch_statics", set_switch<&DebugState::watch_statics>, METH_O,
     "Whether the writable data of modules' files is compared after every call."},
    {nullptr, nullptr, 0, nullptr},
};

} // namespace

PyMethodDef* debug_methods() noexcept {
    return methods;
}

bool add_debug_types(PyObject* module) noexcept {
    const Ref type(made_or_raised(PyType_FromModuleAndSpec(module, &handle_spec, nullptr)));
    return type && PyModule_AddObjectRef(module, "DebugHandle", type.get()) == 0;
}

} // namespace hpystate::layers
