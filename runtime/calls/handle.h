/// runtime/calls/handle.h: the only casts between handles and objects.
///
/// A handle of a plain context *is* the object's address. So arguments are passed on unchanged: an
/// array of PyObject* is an array of HPy.
#pragma once

#include <Python.h>

#include "runtime/cpython/ref.h" // code that makes handles owns references

#include <hpy/handle.h>

#include <cstdint>

namespace hpystate {

static_assert(sizeof(HPy) == sizeof(PyObject*), "an array of objects must be an array of handles");

[[nodiscard]] inline PyObject* as_object(HPy handle) noexcept {
    return reinterpret_cast<PyObject*>(handle._i);
}

[[nodiscard]] inline HPy as_handle(PyObject* object) noexcept {
    return HPy{reinterpret_cast<std::intptr_t>(object)};
}

[[nodiscard]] inline PyObject* const* as_objects(const HPy* handles) noexcept {
    return reinterpret_cast<PyObject* const*>(handles);
}

[[nodiscard]] inline const HPy* as_handles(PyObject* const* objects) noexcept {
    return reinterpret_cast<const HPy*>(objects);
}

inline constexpr HPy kNullHandle{0};

/// Whether both words are not null, in one test: they have a bit in common. Addresses of objects
/// nearly always do, and have none in common with a word below 8. False does not tell anything: the
/// caller then looks at each.
[[nodiscard]] constexpr bool have_common_bit(std::intptr_t one, std::intptr_t other) noexcept {
    return (one & other) != 0;
}

} // namespace hpystate
