/// runtime/calls/call_arguments.h: arguments for HPy_tp_call: makes an array and a tuple of names
/// from the tuple and the dict that CPython passes.
#pragma once

#include <Python.h>

#include "runtime/calls/handle.h"
#include "runtime/cpython/items.h"

#include <cstddef>
#include <cstring>
#include <memory>

namespace hpystate {

/// Whether an instance has a call function of its own (HPy_SetCallFunction). The flag
/// Py_TPFLAGS_HAVE_VECTORCALL does not tell: CPython removes it for good from a class that gets a
/// `__call__` in Python.
[[nodiscard]] inline bool has_call_function(PyObject* self) noexcept {
    const Py_ssize_t place = Py_TYPE(self)->tp_vectorcall_offset;
    vectorcallfunc function = nullptr;
    if (place > 0) std::memcpy(&function, reinterpret_cast<char*>(self) + place, sizeof(function));
    return function != nullptr;
}

/// The positional arguments, followed by the values of the keywords. They are owned, because the
/// callee may change the dict.
struct CallArguments {
    std::unique_ptr<Ref[]> owned;
    Ref names;

    /// False with an exception set: no memory.
    [[nodiscard]] bool collect(PyObject* args, PyObject* kwargs) noexcept;

    [[nodiscard]] PyObject* const* array() const noexcept {
        static_assert(sizeof(Ref) == sizeof(PyObject*), "an array of one is an array of the other");
        return reinterpret_cast<PyObject* const*>(owned.get());
    }
};

/// Calls `call(array, count, names)` with the items of `args` (a tuple) followed by the values of
/// `kwargs` (a dict or nullptr), whose keys become `names` (a tuple; nullptr for none). Copies only
/// if there are keywords. Returns the result of the call, or nullptr with an exception set.
template <typename Call>
[[nodiscard]] PyObject* with_array(PyObject* args, PyObject* kwargs, Call&& call) noexcept {
    const auto count = static_cast<std::size_t>(PyTuple_GET_SIZE(args));
    if (kwargs == nullptr || PyDict_GET_SIZE(kwargs) == 0) {
        return call(items_of(args), count, nullptr);
    }
    CallArguments arguments;
    if (!arguments.collect(args, kwargs)) return nullptr;
    return call(arguments.array(), count, arguments.names.get());
}

} // namespace hpystate
