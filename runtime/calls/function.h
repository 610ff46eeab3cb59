/// runtime/calls/function.h: a C function of which only the address matters.
#pragma once

namespace hpystate {

/// Any C function; CPython's tables hold it under one of its types.
using CFunction = void (*)();

} // namespace hpystate
