/// context/fused.h: the fused calls of the plain context, and what the layers need to wrap them.
///
///     extension --> its link's table --> kPlainFusedCalls --> window of the context's region
///
/// The global's object: calls that run no Python code (TypeCheck, Is, ...) look at it without a
/// reference; all others own one while they run, so a store to the slot cannot take it away. That
/// is two instructions each way with a GIL; a count of readers per region, which the design page
/// had in mind, would have to keep every replaced value until the longest call returned.
#pragma once

#include <Python.h>

#include "interp_state/current.h"

#include <hpy/context.h>
#include <hpystate/fused_table.h>

#include <cstdint>

namespace hpystate::context {

extern const hpystate_fused_table kPlainFusedCalls;

/// A fused call as a number. The order is that of fused.def.
enum class Fused : unsigned {
#define HPY_FUSED(ret, name, params, args, global, failed, unfused) name,
#define HPY_FUSED_OWN(ret, name, params, args) name,
#include <hpystate/fused.def>
};

// A C array, and not inline: see abi/slots.h.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-c-arrays,modernize-avoid-c-arrays)
constexpr const char* kFusedNames[] = {
#define HPY_FUSED(ret, name, params, args, global, failed, unfused) #name,
#define HPY_FUSED_OWN(ret, name, params, args) #name,
#include <hpystate/fused.def>
};

/// The public name: HPy_New_g is a macro over _HPy_New_g.
[[nodiscard]] constexpr const char* name_of(Fused fused) noexcept {
    const char* const name = kFusedNames[static_cast<unsigned>(fused)];
    return name[0] == '_' ? name + 1 : name;
}

/// The object that the context's interpreter keeps under a token, borrowed; nullptr: none.
[[nodiscard]] inline PyObject* object_of(HPyContext* ctx, Token token) noexcept {
    const Window& window = current_region(ctx)->window;
    const Window::Entry& entry = window.entry_of(token);
    return entry.holds(token) ? entry.get() : window.load_slow(token);
}

[[nodiscard]] inline Token token_of(HPyGlobal global) noexcept {
    return Token(static_cast<std::uintptr_t>(global._i));
}

/// Sets the SystemError that names the function and the slot. An exception that is set already
/// becomes its context.
[[gnu::cold]] void raise_unset(HPyContext* ctx, const char* function, Token token) noexcept;

} // namespace hpystate::context
