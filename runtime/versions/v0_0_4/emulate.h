/// runtime/versions/v0_0_4/emulate.h: the functions of HPy 0.0.4 that 0.9 removed or changed.
///
/// emulated.def is the list of them; contexts.cpp forwards all other functions.
#pragma once

#include <Python.h>

#include "runtime/versions/v0_0_4/abi.h"

namespace hpystate::v0_0_4 {

// NOLINTBEGIN(readability-identifier-naming): the names of the members

/// Each function has the name of its member, and its type in the frozen list. `context` is one of
/// 0.0.4, and the thread is attached to its interpreter. What is special is in emulated.def.
struct Emulated {
#define HPY_0_0_4_EMULATED(ret, name, params, by) static ret name params noexcept;
#include "runtime/versions/v0_0_4/emulated.def"
};

// NOLINTEND(readability-identifier-naming)

/// What the trampoline of a file does, in the Python of this copy of the runtime: it packed the
/// arguments and has room for the result. `signature` is one of 0.0.4. Defined in trampolines.cpp.
void call_from_trampoline(int signature, void (*function)(), void* packed) noexcept;

} // namespace hpystate::v0_0_4
