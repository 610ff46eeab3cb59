/* hpy/context.h: the table of functions and objects that an interpreter gives an extension. C11,
 * C++17.
 *
 * The members are listed in hpy/abi/hpy_0_9.def, in memory order. The list is frozen: an
 * extension's compiled code reads members by offset. New members are appended.
 */
#pragma once

#include "hpy/layout.h"
#include "hpystate/other_hosts.h"

/** A function of the context by its name in the list. The headers of the API call the context only
 * through this macro, which finds it in the contexts of other runtimes too. For the CPython ABI it
 * can name another function of the same type, and no header of a topic changes
 * (docs/decisions/0001-cpython-abi.md). */
#define HPY_FUNCTION(ctx, name) HPYSTATE_MEMBER(ctx, name)
