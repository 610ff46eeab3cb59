/* hpy/context.h: the context, and how a function of it is called. C11, C++17. */
#pragma once

#include "hpy/context_struct.h"

/** A function of the context by its name in the list. The headers of the API call the context only
 * through this macro. For the CPython ABI it may name an inline function of the same type, and no
 * header of a topic changes (docs/decisions/0001-cpython-abi.md). */
#if defined(HPY_ABI_CPYTHON)
#include "hpy/cpython/builtin.h"
#include "hpy/cpython/convert.h" /* HPY_FUNCTION */
#include "hpy/cpython/number.h"
#include "hpy/cpython/object.h"
#else
#define HPY_FUNCTION(ctx, name) ((ctx)->ctx_##name)
#endif
