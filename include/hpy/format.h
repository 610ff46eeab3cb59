/* hpy/format.h: text by a format. C11, C++17.
 *
 *   %d %i %u %x   int or unsigned; with l, ll, z for long, long long, HPy_ssize_t
 *   %c  int, a code point         %p  void *, begins with 0x        %%  a percent sign
 *   %s  const char *, UTF-8       %U  HPy, a str                    %S %R %A  HPy: str, repr, ascii
 *   %V  HPy and const char *: the str, or where it is HPy_NULL the other
 *
 * Between % and the letter: 0 pads numbers with zeros, a number is the least width in characters,
 * a number behind a point the least count of digits, or of text the most characters (bytes for %s).
 */
#pragma once

#include "hpy/attributes.h"
#include "hpy/context.h"

#include <stdarg.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Makes a str by a format.
 *
 *  ctx      the caller's context
 *  fmt      see above; ASCII
 *  ...      the values that it names; handles are borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   SystemError for a wrong format, naming the place, and for HPy_NULL or NULL among the
 *           values; ValueError for a format that is not ASCII; OverflowError for %c; anything that
 *           str or repr raise
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyUnicode_FromFormat of the C API
 */
HPyAPI_HELPER HPy HPyUnicode_FromFormat(HPyContext* ctx, const char* fmt, ...);

/** Makes a str by a format, the values in a list.
 *
 *  ctx      the caller's context
 *  fmt      as for HPyUnicode_FromFormat
 *  vargs    the values; undefined afterwards, for the caller to va_end()
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   as HPyUnicode_FromFormat
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyUnicode_FromFormatV of the C API
 */
HPyAPI_HELPER HPy HPyUnicode_FromFormatV(HPyContext* ctx, const char* fmt, va_list vargs);

/** Raises an exception with a message by a format.
 *
 *  ctx      the caller's context
 *  h_type   the exception's class, borrowed
 *  fmt      as for HPyUnicode_FromFormat
 *  ...      the values that it names; handles are borrowed
 *  returns  HPy_NULL, always
 *  raises   an exception of `h_type`; or as HPyUnicode_FromFormat
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyErr_Format of the C API
 */
HPyAPI_HELPER HPy HPyErr_Format(HPyContext* ctx, HPy h_type, const char* fmt, ...);

#ifdef __cplusplus
}
#endif
