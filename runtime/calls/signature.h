/// runtime/calls/signature.h: the C function that CPython calls for each signature of HPy.
///
/// For nearly every signature it is the extension's function without the context, and with
/// PyObject* in place of HPy. Both pass their arguments in the same registers, so nothing is
/// copied. A buffer is passed unchanged, since HPy_buffer has Py_buffer's layout. A signature that
/// differs in more has a struct of its own in thunks.cpp.
#pragma once

#include <Python.h>

#include "runtime/calls/handle.h"

#include <hpy/define.h>

#include <cstddef>
#include <type_traits>

namespace hpystate {

/// Casts a function to its own type; definitions hold all functions under one type.
template <typename Impl>
[[nodiscard]] inline Impl function_cast(HPyCFunction function) noexcept {
    return reinterpret_cast<Impl>(reinterpret_cast<void (*)()>(function));
}

/// The type of the extension's function of a signature.
template <HPyFunc_Signature S>
struct SignatureOf;
// NOLINTBEGIN(bugprone-macro-parentheses): the parameters are a type's own list
#define HPY_SIGNATURE(name, value, ret, params)                                                    \
    template <>                                                                                    \
    struct SignatureOf<HPyFunc_##name> {                                                           \
        using Impl = ret(*) params;                                                                \
    };
#include <hpy/abi/signatures.def>
// NOLINTEND(bugprone-macro-parentheses)

template <typename T>
struct CpyOf {
    using Type = T;
};
template <>
struct CpyOf<HPy> {
    using Type = PyObject*;
};
template <>
struct CpyOf<const HPy*> {
    using Type = PyObject* const*;
};
template <>
struct CpyOf<HPy_buffer*> {
    using Type = Py_buffer*;
};
template <>
struct CpyOf<HPy_RichCmpOp> {
    using Type = int;
};
template <>
struct CpyOf<std::size_t> {
    using Type = Py_ssize_t;
};

/// What CPython passes where the extension takes a T.
template <typename T>
using Cpy = typename CpyOf<T>::Type;

/// The extension's function as a thunk calls it: with CPython's types in place of HPy's. The
/// calling convention passes both in the same way: a struct of one word as that word, an enum as an
/// int. With HPy's own types the compiler would have to convert the returned struct, so the thunk
/// could not end in a jump.
template <typename R, typename... A>
using AsCpy = Cpy<R> (*)(HPyContext*, PyObject*, Cpy<A>...) noexcept;

static_assert(std::is_trivially_copyable_v<HPy> && sizeof(HPy) == sizeof(PyObject*));
static_assert(sizeof(HPy_RichCmpOp) == sizeof(int) && sizeof(std::size_t) == sizeof(Py_ssize_t));
static_assert(sizeof(HPy_buffer) == sizeof(Py_buffer));
static_assert(offsetof(HPy_buffer, obj) == offsetof(Py_buffer, obj));
static_assert(offsetof(HPy_buffer, len) == offsetof(Py_buffer, len));
static_assert(offsetof(HPy_buffer, itemsize) == offsetof(Py_buffer, itemsize));
static_assert(offsetof(HPy_buffer, readonly) == offsetof(Py_buffer, readonly));
static_assert(offsetof(HPy_buffer, ndim) == offsetof(Py_buffer, ndim));
static_assert(offsetof(HPy_buffer, format) == offsetof(Py_buffer, format));
static_assert(offsetof(HPy_buffer, shape) == offsetof(Py_buffer, shape));
static_assert(offsetof(HPy_buffer, strides) == offsetof(Py_buffer, strides));
static_assert(offsetof(HPy_buffer, suboffsets) == offsetof(Py_buffer, suboffsets));
static_assert(offsetof(HPy_buffer, internal) == offsetof(Py_buffer, internal));

template <typename T>
[[nodiscard]] inline T to_hpy(Cpy<T> value) noexcept {
    if constexpr (std::is_same_v<T, HPy>) {
        return as_handle(value);
    } else if constexpr (std::is_same_v<T, const HPy*>) {
        return as_handles(value);
    } else if constexpr (std::is_same_v<T, HPy_buffer*>) {
        return reinterpret_cast<HPy_buffer*>(value);
    } else {
        return static_cast<T>(value);
    }
}

template <typename T>
[[nodiscard]] inline Cpy<T> to_cpy(T value) noexcept {
    if constexpr (std::is_same_v<T, HPy>) {
        return as_object(value);
    } else {
        return value;
    }
}

} // namespace hpystate
