/// runtime/context/bytes.cpp: bytes objects.
#include <Python.h>

#include "runtime/abi/upstream_messages.h"
#include "runtime/calls/handle.h"
#include "runtime/context/functions.h"
#include "runtime/context/pointers.h"

namespace hpystate::context {

int ctx_Bytes_Check(HPyContext*, HPy h) noexcept {
    return PyBytes_Check(as_object(h));
}

HPy_ssize_t ctx_Bytes_Size(HPyContext*, HPy h) noexcept {
    return PyBytes_Size(as_object(h));
}

HPy_ssize_t ctx_Bytes_GET_SIZE(HPyContext*, HPy h) noexcept {
    return PyBytes_GET_SIZE(as_object(h)); // the caller has checked the type
}

const char* ctx_Bytes_AsString(HPyContext*, HPy h) noexcept {
    return PyBytes_AsString(as_object(h));
}

const char* ctx_Bytes_AS_STRING(HPyContext*, HPy h) noexcept {
    return PyBytes_AS_STRING(as_object(h)); // the caller has checked the type
}

HPy ctx_Bytes_FromString(HPyContext*, const char* bytes) noexcept {
    if (!require_pointer(bytes, "HPyBytes_FromString", "bytes")) return kNullHandle;
    return as_handle(PyBytes_FromString(bytes));
}

HPy ctx_Bytes_FromStringAndSize(HPyContext*, const char* bytes, HPy_ssize_t len) noexcept {
    // CPython would return uninitialized bytes for the caller to fill; HPy has no function to fill
    // them.
    if (bytes == nullptr) {
        PyErr_SetString(PyExc_ValueError, upstream::kNullBytes);
        return kNullHandle;
    }
    if (!require_sized(bytes, len, "HPyBytes_FromStringAndSize", "bytes")) return kNullHandle;
    return as_handle(PyBytes_FromStringAndSize(bytes, len));
}

} // namespace hpystate::context
