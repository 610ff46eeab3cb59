/// runtime/layers/debug/misuse.h: the kinds of misuse, and a description of one where there may be
/// no memory for it.
#pragma once

#include "globals/throwing.h"

#include <cstdint>
#include <exception>
#include <string>

namespace hpystate::layers {

/// What a misuse is about; for the hook. A wrong context has no kind: without the right one the
/// call cannot go on, so it always aborts (Call::stop).
enum class Misuse : std::uint8_t { kHandle, kBuilder, kGlobal, kArgument, kField };

/// "handle", "builder", ...
[[nodiscard]] const char* name_of(Misuse misuse) noexcept;

/// What `describe` returns, a std::string; "" where memory is missing. Sets no exception: one may
/// be in flight, and the thread need not be attached. Cold: texts are put together for size.
template <typename Describe>
[[nodiscard, gnu::cold, gnu::noinline]] std::string described(Describe&& describe) noexcept {
    if (!can_throw()) return {};
    try {
        return describe();
    } catch (const std::exception&) { // std::bad_alloc, std::length_error: see guarded()
        return {};
    }
}

} // namespace hpystate::layers
