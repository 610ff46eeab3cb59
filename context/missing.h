/// context/missing.h: what stands in the table for a function that nobody wrote yet.
///
/// It raises NotImplementedError naming the function and returns its error value; a function that
/// returns nothing stops the process with the same message, since its caller could not see it.
/// This file and missing.def go when the list is complete.
#pragma once

#include "abi/slots.h"
#include "context/guard.h"

namespace hpystate::context {

[[nodiscard]] constexpr bool is_missing(Slot slot) noexcept {
#define HPY_MISSING(name)                                                                          \
    if (slot == Slot::name) return true;
#include "context/missing.def"
    static_cast<void>(slot);
    return false;
}

/// Sets the NotImplementedError.
[[gnu::cold]] void raise_missing(Slot slot) noexcept;

/// Prints the same message and aborts.
[[noreturn, gnu::cold]] void stop_missing(Slot slot) noexcept;

template <Slot S, typename Pointer>
struct Missing;

template <Slot S, typename R, typename... A>
struct Missing<S, R (*)(HPyContext*, A...)> {
    static R call(HPyContext*, A...) noexcept {
        if constexpr (std::is_void_v<R>) {
            stop_missing(S);
        } else {
            raise_missing(S);
            return error_value<R>(S);
        }
    }
};

} // namespace hpystate::context
