/// runtime/context/long.cpp: ints from and to C integers. A value that does not fit is an
/// OverflowError.
#include <Python.h>

#include "runtime/calls/handle.h"
#include "runtime/context/functions.h"

#include <cstdint>
#include <limits>
#include <type_traits>

namespace hpystate::context {

static_assert(sizeof(long) == sizeof(std::int64_t) && sizeof(long long) == sizeof(std::int64_t));

namespace {

/// Narrows a result of PyLong; -1 with an OverflowError if it does not fit.
template <typename To, typename From>
To narrow(From value) noexcept {
    if (value == static_cast<From>(-1) && PyErr_Occurred() != nullptr) return static_cast<To>(-1);
    if (value >= static_cast<From>(std::numeric_limits<To>::min()) &&
        value <= static_cast<From>(std::numeric_limits<To>::max())) {
        return static_cast<To>(value);
    }
    static_assert(std::is_signed_v<To> == std::is_signed_v<From>);
    if constexpr (std::is_signed_v<To>) {
        PyErr_Format(PyExc_OverflowError,
                     "the int %lld does not fit into a signed C integer of %zu bits. Pass one "
                     "from %lld to %lld.",
                     static_cast<long long>(value), sizeof(To) * 8,
                     static_cast<long long>(std::numeric_limits<To>::min()),
                     static_cast<long long>(std::numeric_limits<To>::max()));
    } else {
        PyErr_Format(PyExc_OverflowError,
                     "the int %llu does not fit into an unsigned C integer of %zu bits. Pass one "
                     "from 0 to %llu.",
                     static_cast<unsigned long long>(value), sizeof(To) * 8,
                     static_cast<unsigned long long>(std::numeric_limits<To>::max()));
    }
    return static_cast<To>(-1);
}

} // namespace

HPy ctx_Long_FromInt32_t(HPyContext*, int32_t value) noexcept {
    return as_handle(PyLong_FromLong(value));
}

HPy ctx_Long_FromUInt32_t(HPyContext*, uint32_t value) noexcept {
    return as_handle(PyLong_FromUnsignedLong(value));
}

HPy ctx_Long_FromInt64_t(HPyContext*, int64_t v) noexcept {
    return as_handle(PyLong_FromLongLong(v));
}

HPy ctx_Long_FromUInt64_t(HPyContext*, uint64_t v) noexcept {
    return as_handle(PyLong_FromUnsignedLongLong(v));
}

HPy ctx_Long_FromSize_t(HPyContext*, size_t value) noexcept {
    return as_handle(PyLong_FromSize_t(value));
}

HPy ctx_Long_FromSsize_t(HPyContext*, HPy_ssize_t value) noexcept {
    return as_handle(PyLong_FromSsize_t(value));
}

int32_t ctx_Long_AsInt32_t(HPyContext*, HPy h) noexcept {
    return narrow<int32_t>(PyLong_AsLong(as_object(h)));
}

uint32_t ctx_Long_AsUInt32_t(HPyContext*, HPy h) noexcept {
    return narrow<uint32_t>(PyLong_AsUnsignedLong(as_object(h)));
}

uint32_t ctx_Long_AsUInt32_tMask(HPyContext*, HPy h) noexcept {
    return static_cast<uint32_t>(PyLong_AsUnsignedLongMask(as_object(h)));
}

int64_t ctx_Long_AsInt64_t(HPyContext*, HPy h) noexcept {
    return PyLong_AsLongLong(as_object(h));
}

uint64_t ctx_Long_AsUInt64_t(HPyContext*, HPy h) noexcept {
    return PyLong_AsUnsignedLongLong(as_object(h));
}

uint64_t ctx_Long_AsUInt64_tMask(HPyContext*, HPy h) noexcept {
    return PyLong_AsUnsignedLongLongMask(as_object(h));
}

size_t ctx_Long_AsSize_t(HPyContext*, HPy h) noexcept {
    return PyLong_AsSize_t(as_object(h));
}

HPy_ssize_t ctx_Long_AsSsize_t(HPyContext*, HPy h) noexcept {
    return PyLong_AsSsize_t(as_object(h));
}

void* ctx_Long_AsVoidPtr(HPyContext*, HPy h) noexcept {
    return PyLong_AsVoidPtr(as_object(h));
}

double ctx_Long_AsDouble(HPyContext*, HPy h) noexcept {
    return PyLong_AsDouble(as_object(h));
}

} // namespace hpystate::context
