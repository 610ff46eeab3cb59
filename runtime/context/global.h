/// runtime/context/global.h: from a global and a context to a token and a region: what
/// interp_state/values.h works on.
#pragma once

#include <Python.h>

#include "interp_state/current.h"
#include "interp_state/values.h"

#include <hpy/context.h>

#include <cstdint>

namespace hpystate::context {

[[nodiscard]] inline Token token_of(HPyGlobal global) noexcept {
    return Token(static_cast<std::uintptr_t>(global._i));
}

/// The word that the extension's static is.
[[nodiscard]] inline std::uintptr_t* slot_of(HPyGlobal* global) noexcept {
    return reinterpret_cast<std::uintptr_t*>(&global->_i);
}

} // namespace hpystate::context
