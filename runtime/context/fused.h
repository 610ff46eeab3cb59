/// runtime/context/fused.h: the fused calls of the plain context, and what the layers need to wrap
/// them.
///
///     extension --> its link's table --> kPlainFusedCalls --> window of the context's region
///
/// The hot calls that run no Python code (TypeCheck, Is, New) read the global's object without a
/// reference. All others own a reference while they run, so that a store to the slot cannot release
/// the object. With the GIL that costs about six instructions per call. Without the GIL all threads
/// would write to the same reference count: there the window keeps the first object of a slot, so
/// only later objects need a reference.
#pragma once

#include <Python.h>

#include "interp_state/context_head.h"
#include "runtime/context/global.h"

#include <hpy/context.h>
#include <hpystate/fused_table.h>

#include <cstdint>

namespace hpystate::context {

/// The `_private` of every plain context of HPy 0.9 points to this table: hpystate/fused_link.h.
extern const hpystate_fused_table kPlainFusedCalls;

/// The head of all plain contexts of HPy 0.9.
extern const ContextHead kPlainHead;

/// A fused call as a number. The order is that of fused.def.
enum class Fused : unsigned {
#define HPY_FUSED(ret, name, params, args, global, failed, unfused) name,
#define HPY_FUSED_OWN(ret, name, params, args) name,
#include <hpystate/fused.def>
};

// A C array, and not inline: see runtime/abi/context_functions.h.
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

} // namespace hpystate::context
