/// runtime/loader/module_check.h: whether a description can become a module.
#pragma once

#include "runtime/loader/module_request.h"
#include "runtime/types/description.h"

#include <cstddef>
#include <string>

namespace hpystate {

/// How many HPy_mod_exec slots a module may have.
inline constexpr std::size_t kMaxExecSlots = 13;

/// Checks all of a description, in the calling interpreter. Nothing is registered or written before
/// it has passed. False: a SystemError (ValueError for a method's signature) is set. Throws
/// LoadError for addresses outside the extension or in memory of the wrong kind, and for a module
/// that is refused in this interpreter; std::bad_alloc.
[[nodiscard, gnu::cold]] bool check_module(const ModuleDescription& wanted,
                                           const ModuleRequest& request);

/// What to type, so that all interpreters may import the module; for messages.
[[nodiscard]] std::string how_to_allow(const ModuleRequest& request);

} // namespace hpystate
