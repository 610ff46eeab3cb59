/// runtime/loader/host.h: another HPy runtime that has given a file its context.
///
/// HPy's headers put one pointer to a context into each file, for its trampolines. Whose context is
/// there is found by looking at the file's data: the pointer has no exported name, and to write it
/// would take the file away from a runtime that may be calling through it at this moment.
#pragma once

#include <hpy/context.h>

#include <cstdint>
#include <string>

namespace hpystate {

/// The word of a file that holds the context for its trampolines, and what it held when it was
/// looked at.
struct ContextWord {
    const std::uintptr_t* word = nullptr; ///< in the file; nullptr: no word holds a context
    HPyContext* context = nullptr;        ///< with `word` only

    /// The same word now. Another runtime may write it at any time (relaxed: what a context refers
    /// to was complete long before a file got it).
    [[nodiscard]] ContextWord again() const noexcept;

    /// Whether the context belongs to another runtime: to no copy of this one.
    [[nodiscard]] bool is_foreign() const;
};

/// Looks through the writable data of the file that contains `address`. Writes nothing. Memory that
/// is not mapped is not read.
[[nodiscard]] ContextWord find_context(const void* address);

/// Whether a foreign context is one of HPy's own runtime, hpy.universal. It takes what a slot holds
/// for an object of its own, so it crashes beside any other runtime that uses the file.
[[nodiscard]] bool is_of_upstream(const HPyContext& context) noexcept;

/// "another HPy runtime in this process (hpy/universal.so)", if the context is in a file.
[[nodiscard]] std::string runtime_of(const HPyContext* context);

} // namespace hpystate
