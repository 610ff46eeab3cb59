/* hpy/argparse.h: arguments by a format. C11, C++17.
 *
 *     if (!HPyArg_ParseKeywords(ctx, &tracker, args, nargs, kwnames, "Ol|p:scale", names,
 *                               &object, &factor, &exact)) return HPy_NULL;
 *
 *   b unsigned char    h short    i int    l long    L long long    n HPy_ssize_t, checked
 *   B unsigned char    H unsigned short    I unsigned int    k unsigned long
 *   K unsigned long long, all without an overflow check
 *   f float    d double    p int: the truth of any object    s const char *: the UTF-8 of a str
 *   O HPy: any object
 *   |  what follows is optional    $  what follows is by name only
 *   :name  the function's name for messages    ;text  the whole message of every error
 *
 * The variable of an optional argument that is not given stays as it is. Handles and texts are
 * borrowed from the caller's arguments; those of HPyArg_ParseKeywordsDict belong to the tracker and
 * are valid until it is closed.
 */
#pragma once

#include "hpy/attributes.h"
#include "hpy/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Reads positional arguments.
 *
 *  ctx      the caller's context
 *  ht       out: a tracker, close it; not made where the call fails; or NULL
 *  args     handles[nargs], borrowed
 *  nargs    count of `args`
 *  fmt      see above
 *  ...      where to put each value, by address
 *  returns  1; 0 with an exception set
 *  raises   TypeError for a wrong count or kind of arguments; OverflowError; ValueError for a text
 *           with a zero character; SystemError for a wrong format
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyArg_ParseTuple of the C API
 */
HPyAPI_HELPER int HPyArg_Parse(HPyContext* ctx, HPyTracker* ht, const HPy* args, size_t nargs,
                               const char* fmt, ...);

/** Reads the arguments of a function of signature HPyFunc_KEYWORDS.
 *
 *  ctx       the caller's context
 *  ht        out: a tracker, close it; not made where the call fails; or NULL
 *  args      handles[nargs + len(kwnames)], borrowed; positional first
 *  nargs     how many of `args` are positional
 *  kwnames   tuple of str, borrowed; or HPy_NULL
 *  fmt       see above
 *  keywords  names[], ended by NULL, one for each value; "" first for those without a name
 *  ...       where to put each value, by address
 *  returns   1; 0 with an exception set
 *  raises    as HPyArg_Parse; TypeError for a name that is not expected, or given twice
 *  thread    attached to ctx's interpreter
 *  since     HPy 0.9
 *  source    PyArg_ParseTupleAndKeywords of the C API
 */
HPyAPI_HELPER int HPyArg_ParseKeywords(HPyContext* ctx, HPyTracker* ht, const HPy* args,
                                       size_t nargs, HPy kwnames, const char* fmt,
                                       const char* keywords[], ...);

/** Reads the arguments of a tp_new or tp_init, whose named ones are in a dict.
 *
 *  ctx       the caller's context
 *  ht        out: a tracker, close it; not made where the call fails; needed for O and s
 *  args      handles[nargs], borrowed
 *  nargs     count of `args`
 *  kw        dict, borrowed; or HPy_NULL
 *  fmt       see above
 *  keywords  names[], ended by NULL, one for each value; "" first for those without a name
 *  ...       where to put each value, by address
 *  returns   1; 0 with an exception set
 *  raises    as HPyArg_ParseKeywords; SystemError where a tracker is needed and not given
 *  thread    attached to ctx's interpreter
 *  since     HPy 0.9
 *  source    PyArg_ParseTupleAndKeywords of the C API
 */
HPyAPI_HELPER int HPyArg_ParseKeywordsDict(HPyContext* ctx, HPyTracker* ht, const HPy* args,
                                           HPy_ssize_t nargs, HPy kw, const char* fmt,
                                           const char* keywords[], ...);

#ifdef __cplusplus
}
#endif
