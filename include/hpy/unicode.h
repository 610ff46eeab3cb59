/* hpy/unicode.h: str. C11, C++17.
 *
 * A handle or a text may be HPy_NULL or NULL only where its line allows that. Otherwise the
 * function returns its error value and sets a SystemError that names the function, or keeps the
 * exception that is set already; `raises` does not repeat this.
 */
#pragma once

#include "hpy/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- from C ---- */

/** Makes a str from UTF-8 text.
 *
 *  ctx      the caller's context
 *  utf8     UTF-8, ended by a zero byte; copied
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   UnicodeDecodeError; MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyUnicode_FromString of the C API
 */
static inline HPy HPyUnicode_FromString(HPyContext* ctx, const char* utf8) {
    return HPY_FUNCTION(ctx, Unicode_FromString)(ctx, utf8);
}

/** Makes a str from wide characters.
 *
 *  ctx      the caller's context
 *  w        w[size], copied; may be NULL where `size` is 0
 *  size     count of wchar_t; -1: up to the zero that ends them
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   ValueError for characters that are not code points; SystemError for another negative
 *           size; MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyUnicode_FromWideChar of the C API
 */
static inline HPy HPyUnicode_FromWideChar(HPyContext* ctx, const wchar_t* w, HPy_ssize_t size) {
    return HPY_FUNCTION(ctx, Unicode_FromWideChar)(ctx, w, size);
}

/** Makes a str from text in the file system's encoding.
 *
 *  ctx      the caller's context
 *  v        ended by a zero byte; copied
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   UnicodeDecodeError; MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyUnicode_DecodeFSDefault of the C API
 */
static inline HPy HPyUnicode_DecodeFSDefault(HPyContext* ctx, const char* v) {
    return HPY_FUNCTION(ctx, Unicode_DecodeFSDefault)(ctx, v);
}

/** Makes a str from text in the file system's encoding, of a given size.
 *
 *  ctx      the caller's context
 *  v        v[size], copied; may be NULL where `size` is 0
 *  size     bytes
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   UnicodeDecodeError; SystemError for a negative size; MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyUnicode_DecodeFSDefaultAndSize of the C API
 */
static inline HPy HPyUnicode_DecodeFSDefaultAndSize(HPyContext* ctx, const char* v,
                                                    HPy_ssize_t size) {
    return HPY_FUNCTION(ctx, Unicode_DecodeFSDefaultAndSize)(ctx, v, size);
}

/** Makes a str from ASCII text.
 *
 *  ctx      the caller's context
 *  ascii    ascii[size], copied; may be NULL where `size` is 0
 *  size     bytes
 *  errors   how to treat bytes that do not fit: `strict`, `ignore`, ...; NULL for `strict`
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   UnicodeDecodeError; LookupError for unknown `errors`; SystemError for a negative size;
 *           MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyUnicode_DecodeASCII of the C API
 */
static inline HPy HPyUnicode_DecodeASCII(HPyContext* ctx, const char* ascii, HPy_ssize_t size,
                                         const char* errors) {
    return HPY_FUNCTION(ctx, Unicode_DecodeASCII)(ctx, ascii, size, errors);
}

/** Makes a str from Latin-1 text.
 *
 *  ctx      the caller's context
 *  latin1   latin1[size], copied; may be NULL where `size` is 0
 *  size     bytes
 *  errors   how to treat bytes that do not fit: `strict`, `ignore`, ...; NULL for `strict`
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   SystemError for a negative size; MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyUnicode_DecodeLatin1 of the C API
 */
static inline HPy HPyUnicode_DecodeLatin1(HPyContext* ctx, const char* latin1, HPy_ssize_t size,
                                          const char* errors) {
    return HPY_FUNCTION(ctx, Unicode_DecodeLatin1)(ctx, latin1, size, errors);
}

/** Makes a str by decoding the bytes of an object.
 *
 *  ctx       the caller's context
 *  obj       bytes, or another object with a buffer; borrowed; a str is refused
 *  encoding  name of a codec; NULL for UTF-8
 *  errors    how to treat bytes that do not fit: `strict`, `ignore`, ...; NULL for `strict`
 *  returns   new handle, close it; HPy_NULL with an exception set
 *  raises    UnicodeDecodeError; LookupError for an unknown codec or `errors`; TypeError for an
 *            object without bytes
 *  thread    attached to ctx's interpreter
 *  since     HPy 0.9
 *  source    PyUnicode_FromEncodedObject of the C API
 */
static inline HPy HPyUnicode_FromEncodedObject(HPyContext* ctx, HPy obj, const char* encoding,
                                               const char* errors) {
    return HPY_FUNCTION(ctx, Unicode_FromEncodedObject)(ctx, obj, encoding, errors);
}

/* ---- to C, and to bytes ---- */

/** Returns the text of a str as UTF-8. In debug mode it is a copy that can no longer be read once
 * the handle is closed.
 *
 *  ctx      the caller's context
 *  h        a str, borrowed
 *  size     out: bytes, without the zero that ends them; or NULL, if it is not needed
 *  returns  UTF-8, ended by a zero byte, borrowed, valid as long as the object; NULL with an
 *           exception set
 *  raises   UnicodeEncodeError for surrogates; TypeError if it is not a str; MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyUnicode_AsUTF8AndSize of the C API
 */
static inline const char* HPyUnicode_AsUTF8AndSize(HPyContext* ctx, HPy h, HPy_ssize_t* size) {
    return HPY_FUNCTION(ctx, Unicode_AsUTF8AndSize)(ctx, h, size);
}

/** Encodes a str as UTF-8.
 *
 *  ctx      the caller's context
 *  h        a str, borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set. It is a bytes object
 *  raises   UnicodeEncodeError; TypeError if it is not a str; MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyUnicode_AsUTF8String of the C API
 */
static inline HPy HPyUnicode_AsUTF8String(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, Unicode_AsUTF8String)(ctx, h);
}

/** Encodes a str as ASCII.
 *
 *  ctx      the caller's context
 *  h        a str, borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set. It is a bytes object
 *  raises   UnicodeEncodeError; TypeError if it is not a str; MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyUnicode_AsASCIIString of the C API
 */
static inline HPy HPyUnicode_AsASCIIString(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, Unicode_AsASCIIString)(ctx, h);
}

/** Encodes a str as Latin-1.
 *
 *  ctx      the caller's context
 *  h        a str, borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set. It is a bytes object
 *  raises   UnicodeEncodeError; TypeError if it is not a str; MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyUnicode_AsLatin1String of the C API
 */
static inline HPy HPyUnicode_AsLatin1String(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, Unicode_AsLatin1String)(ctx, h);
}

/** Encodes a str in the file system's encoding.
 *
 *  ctx      the caller's context
 *  h        a str, borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set. It is a bytes object
 *  raises   UnicodeEncodeError; TypeError if it is not a str; MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyUnicode_EncodeFSDefault of the C API
 */
static inline HPy HPyUnicode_EncodeFSDefault(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, Unicode_EncodeFSDefault)(ctx, h);
}

/* ---- looking ---- */

/** Tells whether an object is a str or an instance of a subclass.
 *
 *  ctx      the caller's context
 *  h        borrowed
 *  returns  1 or 0
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyUnicode_Check of the C API
 */
static inline int HPyUnicode_Check(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, Unicode_Check)(ctx, h);
}

/** Returns one character of a str.
 *
 *  ctx      the caller's context
 *  h        a str, borrowed
 *  index    in code points, from the start, 0 to the length - 1
 *  returns  code point; (HPy_UCS4)-1 with an exception set
 *  raises   IndexError; TypeError if it is not a str
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyUnicode_ReadChar of the C API
 */
static inline HPy_UCS4 HPyUnicode_ReadChar(HPyContext* ctx, HPy h, HPy_ssize_t index) {
    return HPY_FUNCTION(ctx, Unicode_ReadChar)(ctx, h, index);
}

/** Returns a part of a str.
 *
 *  ctx      the caller's context
 *  str      a str, borrowed
 *  start    of the first character, in code points, not negative
 *  end      behind the last character; an end that is too large means the end of the str
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   IndexError for negative indexes; TypeError if it is not a str; MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyUnicode_Substring of the C API
 */
static inline HPy HPyUnicode_Substring(HPyContext* ctx, HPy str, HPy_ssize_t start,
                                       HPy_ssize_t end) {
    return HPY_FUNCTION(ctx, Unicode_Substring)(ctx, str, start, end);
}

#ifdef __cplusplus
}
#endif
