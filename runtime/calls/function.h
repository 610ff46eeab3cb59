/// runtime/calls/function.h: the type of a C function of unknown signature.
#pragma once

namespace hpystate {

/// Any C function. It is cast to one of CPython's function types before it is stored in a table.
using CFunction = void (*)();

} // namespace hpystate
