/* hpy/context.h: the context, and how a function of it is called. C11, C++17. */
#pragma once

#include "hpy/layout.h"

/** A function of the context by its name in the list. The headers of the API call the context only
 * through this macro. It finds the function in the contexts of other runtimes too. In the CPython
 * ABI, whose files run on hpystate alone, it names an inline function of the same type where there
 * is one, and nothing is searched (docs/decisions/0001-cpython-abi.md). */
#if defined(HPY_ABI_CPYTHON)
#include "hpy/cpython/builtin.h"
#include "hpy/cpython/convert.h" /* HPY_FUNCTION */
#include "hpy/cpython/number.h"
#include "hpy/cpython/object.h"
#else
#include "hpystate/other_hosts.h"
#define HPY_FUNCTION(ctx, name) HPYSTATE_MEMBER(ctx, name)
#endif
