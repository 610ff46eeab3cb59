/// runtime/context/guard.h: refuses HPy_NULL for required operands, before a function of the
/// context runs.
///
/// Real code does not check the result of HPyGlobal_Load, since upstream never returned NULL. So a
/// required operand that is HPy_NULL is a SystemError that names the function, and never a crash.
/// That costs one well-predicted branch per function. A template makes it from the frozen list and
/// operands.def.
#pragma once

#include "runtime/abi/context_functions.h"
#include "runtime/context/functions.h"

#include <hpy/context.h>

#include <cstddef>
#include <type_traits>
#include <utility>

namespace hpystate::context {

/// Whether nothing is to be refused here before the function runs.
[[nodiscard]] constexpr bool is_left_alone(ContextFunction function, std::size_t index) noexcept {
#define HPY_OPTIONAL(name, number)                                                                 \
    if (function == ContextFunction::name && index == (number)) return true;
#define HPY_OWN_CHECK(name, number) HPY_OPTIONAL(name, number)
#include "runtime/context/operands.def"
    return false;
}

[[nodiscard]] constexpr bool is_predicate(ContextFunction function) noexcept {
#define HPY_PREDICATE(name)                                                                        \
    if (function == ContextFunction::name) return true;
#include "runtime/context/operands.def"
    return false;
}

/// The value that a function returns with an exception set: null for a handle or pointer, 0 for a
/// predicate, otherwise -1 (-2 for a shape).
template <typename R>
[[nodiscard]] constexpr R error_value(ContextFunction function) noexcept {
    if constexpr (std::is_void_v<R>) {
        return;
    } else if constexpr (std::is_enum_v<R>) {
        return static_cast<R>(-2); // HPyType_BuiltinShape, where -1 is the shape Legacy
    } else if constexpr (std::is_arithmetic_v<R>) {
        return is_predicate(function) ? R{} : static_cast<R>(-1);
    } else {
        return R{}; // a null handle, builder, tracker, state or pointer
    }
}

/// Sets the SystemError that names the function and the operand.
[[gnu::cold]] void raise_null_operand(ContextFunction function, std::size_t index) noexcept;

template <ContextFunction F, auto Function>
struct Guard;

template <ContextFunction F, typename R, typename... A, R (*Function)(HPyContext*, A...) noexcept>
struct Guard<F, Function> {
    template <std::size_t Index, typename T>
    [[nodiscard]] static constexpr bool refuses(const T& value) noexcept {
        if constexpr (std::is_same_v<T, HPy> && !is_left_alone(F, Index)) {
            return value._i == 0;
        } else {
            return false;
        }
    }

    template <std::size_t... I>
    [[nodiscard]] static constexpr std::size_t first_refused(std::index_sequence<I...>,
                                                             const A&... args) noexcept {
        std::size_t first = 0;
        static_cast<void>(((refuses<I + 1>(args) && (first = I + 1, true)) || ...));
        return first;
    }

    /// With the parameters of call(), which ends in a jump to it: so call() needs no frame for it.
    [[nodiscard, gnu::cold, gnu::noinline]] static R refuse(HPyContext*, A... args) noexcept {
        raise_null_operand(F, first_refused(std::index_sequence_for<A...>{}, args...));
        return error_value<R>(F);
    }

    template <std::size_t... I>
    [[nodiscard]] static constexpr bool any(std::index_sequence<I...>, const A&... args) noexcept {
        return (refuses<I + 1>(args) || ...);
    }

    template <std::size_t... I>
    [[nodiscard]] static constexpr bool needed(std::index_sequence<I...>) noexcept {
        return ((std::is_same_v<A, HPy> && !is_left_alone(F, I + 1)) || ...);
    }

    static R call(HPyContext* ctx, A... args) noexcept {
        constexpr auto kIndexes = std::index_sequence_for<A...>{};
        if (any(kIndexes, args...)) [[unlikely]]
            return refuse(ctx, args...);
        return Function(ctx, args...);
    }

    /// The function for the context's table: `Function` itself if it has no required operand.
    static constexpr auto entry() noexcept {
        if constexpr (needed(std::index_sequence_for<A...>{})) {
            return &call;
        } else {
            return Function;
        }
    }
};

} // namespace hpystate::context
