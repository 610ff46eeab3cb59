/// runtime/context/unicode.cpp: str objects, from and to encoded text.
#include <Python.h>

#include "runtime/calls/handle.h"
#include "runtime/context/functions.h"
#include "runtime/context/pointers.h"

namespace hpystate::context {

int ctx_Unicode_Check(HPyContext*, HPy h) noexcept {
    return PyUnicode_Check(as_object(h));
}

// ---- from C ----

HPy ctx_Unicode_FromString(HPyContext*, const char* utf8) noexcept {
    if (!require_pointer(utf8, "HPyUnicode_FromString", "utf8")) return kNullHandle;
    return as_handle(PyUnicode_FromString(utf8));
}

HPy ctx_Unicode_FromWideChar(HPyContext*, const wchar_t* w, HPy_ssize_t size) noexcept {
    // -1: up to the terminating zero.
    const HPy_ssize_t least = size == -1 ? 1 : size;
    if (!require_sized(w, least, "HPyUnicode_FromWideChar", "w")) return kNullHandle;
    return as_handle(PyUnicode_FromWideChar(w, size));
}

HPy ctx_Unicode_DecodeFSDefault(HPyContext*, const char* v) noexcept {
    if (!require_pointer(v, "HPyUnicode_DecodeFSDefault", "v")) return kNullHandle;
    return as_handle(PyUnicode_DecodeFSDefault(v));
}

HPy ctx_Unicode_DecodeFSDefaultAndSize(HPyContext*, const char* v, HPy_ssize_t size) noexcept {
    if (!require_sized(v, size, "HPyUnicode_DecodeFSDefaultAndSize", "v")) return kNullHandle;
    return as_handle(PyUnicode_DecodeFSDefaultAndSize(size != 0 ? v : "", size));
}

HPy ctx_Unicode_DecodeASCII(HPyContext*, const char* ascii, HPy_ssize_t size,
                            const char* errors) noexcept {
    if (!require_sized(ascii, size, "HPyUnicode_DecodeASCII", "ascii")) return kNullHandle;
    return as_handle(PyUnicode_DecodeASCII(size != 0 ? ascii : "", size, errors));
}

HPy ctx_Unicode_DecodeLatin1(HPyContext*, const char* latin1, HPy_ssize_t size,
                             const char* errors) noexcept {
    if (!require_sized(latin1, size, "HPyUnicode_DecodeLatin1", "latin1")) return kNullHandle;
    return as_handle(PyUnicode_DecodeLatin1(size != 0 ? latin1 : "", size, errors));
}

HPy ctx_Unicode_FromEncodedObject(HPyContext*, HPy obj, const char* encoding,
                                  const char* errors) noexcept {
    return as_handle(PyUnicode_FromEncodedObject(as_object(obj), encoding, errors));
}

// ---- to C ----

HPy ctx_Unicode_AsASCIIString(HPyContext*, HPy h) noexcept {
    return as_handle(PyUnicode_AsASCIIString(as_object(h)));
}

HPy ctx_Unicode_AsLatin1String(HPyContext*, HPy h) noexcept {
    return as_handle(PyUnicode_AsLatin1String(as_object(h)));
}

HPy ctx_Unicode_AsUTF8String(HPyContext*, HPy h) noexcept {
    return as_handle(PyUnicode_AsUTF8String(as_object(h)));
}

const char* ctx_Unicode_AsUTF8AndSize(HPyContext*, HPy h, HPy_ssize_t* size) noexcept {
    return PyUnicode_AsUTF8AndSize(as_object(h), size); // cached in the object, which owns it
}

HPy ctx_Unicode_EncodeFSDefault(HPyContext*, HPy h) noexcept {
    return as_handle(PyUnicode_EncodeFSDefault(as_object(h)));
}

HPy_UCS4 ctx_Unicode_ReadChar(HPyContext*, HPy h, HPy_ssize_t index) noexcept {
    return PyUnicode_ReadChar(as_object(h), index);
}

HPy ctx_Unicode_Substring(HPyContext*, HPy str, HPy_ssize_t start, HPy_ssize_t end) noexcept {
    if (!PyUnicode_Check(as_object(str))) { // CPython would read a length from another object
        PyErr_Format(PyExc_TypeError, "HPyUnicode_Substring: a '%s' was given, a str was expected.",
                     Py_TYPE(as_object(str))->tp_name);
        return kNullHandle;
    }
    return as_handle(PyUnicode_Substring(as_object(str), start, end));
}

} // namespace hpystate::context
