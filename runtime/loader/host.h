/// runtime/loader/host.h: another HPy runtime that has given a file its context.
///
/// HPy's headers put a pointer to a context beside each HPy_MODINIT of a file, for the trampolines
/// there. Whose context it is, is found by looking at the file's data: the pointer has no exported
/// name, and to write it would take the file away from a runtime that may be calling through it at
/// this moment.
#pragma once

#include "interp_state/context_head.h"

#include <hpy/context.h>

#include <cstdint>
#include <string>
#include <vector>

namespace hpystate {

/// The words of a file's data that held the address of a context when they were looked for: its
/// pointers for trampolines, and statics in which the extension itself keeps a context.
using ContextWords = std::vector<const std::uintptr_t*>;

/// Looks through the writable data of the file that contains `address`. Writes nothing. Memory that
/// is not mapped is not read. Throws std::bad_alloc.
[[nodiscard]] ContextWords find_contexts(const void* address);

/// The first context in these words, as they are now, that no copy of this runtime made; nullptr:
/// there is none. Another runtime may write a word at any time (relaxed: what a context refers to
/// was complete long before a file got it). `version` is the file's: it tells the layout of its
/// contexts.
[[nodiscard]] HPyContext* foreign_context(const ContextWords& words, Version version);

/// Whether a foreign context is one of HPy's own runtime, hpy.universal. It takes what a slot holds
/// for an object of its own, so it crashes beside any other runtime that uses the file.
[[nodiscard]] bool is_of_upstream(const HPyContext& context) noexcept;

/// "another HPy runtime in this process (hpy/universal.so)", if the context is in a file.
[[nodiscard]] std::string runtime_of(const HPyContext* context);

/// Tells the other copies of this runtime about this one; before a context of it is in a file. Any
/// number of calls. Throws std::bad_alloc.
void join_other_copies();

} // namespace hpystate
