/// runtime/context/global.h: converts a global to the token and the slot that interp_state/values.h
/// works on.
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

/// The word of the extension's static.
[[nodiscard]] inline std::uintptr_t* slot_of(HPyGlobal* global) noexcept {
    return reinterpret_cast<std::uintptr_t*>(&global->_i);
}

} // namespace hpystate::context
