/// runtime/calls/function.h: the type of a C function of unknown signature, and two signatures that
/// HPy 0.9 has no number for.
#pragma once

#include <hpy/define.h>

namespace hpystate {

/// Any C function. It is cast to one of CPython's function types before it is stored in a table.
using CFunction = void (*)();

/// HPy_tp_call has the signature KEYWORDS, but CPython calls it with a tuple and a dict.
inline constexpr auto kCallSignature = static_cast<HPyFunc_Signature>(0);

/// KEYWORDS of HPy 0.0.4: CPython calls it with a tuple and a dict, and so does the thunk.
inline constexpr auto kDictSignature = static_cast<HPyFunc_Signature>(-1);

} // namespace hpystate
