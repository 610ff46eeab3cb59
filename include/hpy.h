/* hpy.h: the API of HPy 0.9, all of it. C11, C++17. The one header that an extension includes.
 *
 * Compile with -DHPY_ABI_UNIVERSAL (one file for every interpreter and version; no Python.h), with
 * -DHPY_ABI_HYBRID (the C API too; for one version of CPython) or with -DHPY_ABI_CPYTHON (an
 * extension module of one version of CPython; most calls are inline: hpy/cpython/). `python -m
 * hpystate
 * --include-dir` prints where these headers are.
 *
 * What there is, and where:
 *
 *   to describe     hpy/define.h        structs and enums of definitions: HPyDef, HPyType_Spec, ...
 *                   hpy/macros.h        HPyDef_METH, HPyDef_SLOT, HPyType_HELPERS, HPy_MODINIT, ...
 *                   hpy/handle.h        HPy, HPyField, HPyGlobal, HPy_NULL
 *                   hpy/context.h       HPyContext: the interpreter's constants, ctx->h_None
 *   any object      hpy/object.h        handles, attributes, items, comparison, text of an object
 *                   hpy/call.h          calling        hpy/iter.h          iterators
 *                   hpy/number.h        operators
 *   builtin types   hpy/long.h          int, bool      hpy/float.h         float
 *                   hpy/unicode.h       str            hpy/bytes.h         bytes
 *                   hpy/tuple.h         tuple          hpy/list.h          list
 *                   hpy/dict.h          dict           hpy/slice.h         slice
 *                   hpy/builder.h       a tuple or list, item by item
 *   types           hpy/type.h          making types and instances
 *                   hpy/structseq.h     tuples with names
 *                   hpy/typehelpers.h   adding a type to a module
 *   references      hpy/field.h         in a struct of a type
 *                   hpy/global.h        in a static: one value for each interpreter
 *   the interpreter hpy/error.h         exceptions     hpy/import.h        import
 *                   hpy/eval.h          compile, eval  hpy/capsule.h       capsules
 *                   hpy/contextvar.h    context variables
 *                   hpy/thread.h        running without the GIL
 *   convenience     hpy/argparse.h      arguments by a format
 *                   hpy/buildvalue.h    objects by a format
 *                   hpy/format.h        text by a format
 *                   hpy/tracker.h       handles that are closed together
 *   the C API       hpy/legacy.h        PyObject * and handles (hybrid)
 *   versions        hpy/version.h       HPY_VERSION
 */
#pragma once

#if defined(HPY_ABI_UNIVERSAL) + defined(HPY_ABI_HYBRID) + defined(HPY_ABI_CPYTHON) > 1
#error "hpy.h: define one of HPY_ABI_UNIVERSAL, HPY_ABI_HYBRID and HPY_ABI_CPYTHON, not several."
#endif

#if defined(HPY_ABI_UNIVERSAL)
#define HPY_ABI "universal"
#elif defined(HPY_ABI_HYBRID)
#define HPY_ABI "hybrid"
#include "hpy/handle.h" /* it includes Python.h, which must come before any header of C */
#elif defined(HPY_ABI_CPYTHON)
#define HPY_ABI "cpython"
#include "hpy/handle.h" /* likewise */
#else
#error "hpy.h: no ABI is chosen. Compile with -DHPY_ABI_UNIVERSAL, _HYBRID or _CPYTHON."
#endif

#include "hpy/argparse.h"
#include "hpy/builder.h"
#include "hpy/buildvalue.h"
#include "hpy/bytes.h"
#include "hpy/call.h"
#include "hpy/capsule.h"
#include "hpy/context.h"
#include "hpy/contextvar.h"
#include "hpy/define.h"
#include "hpy/dict.h"
#include "hpy/error.h"
#include "hpy/eval.h"
#include "hpy/field.h"
#include "hpy/float.h"
#include "hpy/format.h"
#include "hpy/global.h"
#include "hpy/import.h"
#include "hpy/iter.h"
#include "hpy/legacy.h"
#include "hpy/list.h"
#include "hpy/long.h"
#include "hpy/macros.h"
#include "hpy/number.h"
#include "hpy/object.h"
#include "hpy/slice.h"
#include "hpy/structseq.h"
#include "hpy/thread.h"
#include "hpy/tracker.h"
#include "hpy/tuple.h"
#include "hpy/type.h"
#include "hpy/typehelpers.h"
#include "hpy/unicode.h"
#include "hpy/version.h"

/* Extensions that were written for upstream's headers find these in hpy.h. */
#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
