/// runtime/versions/around/packed.h: the arguments that a trampoline of a file has put on its
/// stack.
#pragma once

#include <Python.h>

#include "runtime/calls/function.h"
#include "runtime/calls/signature.h"
#include "runtime/calls/thunk_pool.h"

#include <array>
#include <cstddef>
#include <cstring>
#include <utility>

namespace hpystate::around {

// NOLINTBEGIN(bugprone-sizeof-expression): arguments are pointers, and their own size is meant

/// What a trampoline has on its stack: its arguments, then room for the result, as in a C struct.
template <typename R, typename... A>
class Packed {
  public:
    explicit Packed(void* args) noexcept : start_(static_cast<char*>(args)) {}

    /// Calls a function of CPython's type with the arguments, and `more` after them.
    template <typename... More>
    void call(CFunction function, More... more) const noexcept {
        call(function, std::index_sequence_for<A...>{}, more...);
    }

    template <typename T>
    [[nodiscard]] T argument(std::size_t index) const noexcept {
        T value;
        std::memcpy(&value, start_ + kPlaces[index], sizeof(T));
        return value;
    }

    void finish(R result) const noexcept {
        std::memcpy(start_ + kPlaces[sizeof...(A)], &result, sizeof(R));
    }

  private:
    static constexpr std::array<std::size_t, sizeof...(A) + 1> places() noexcept {
        constexpr std::array<std::size_t, sizeof...(A) + 1> kSizes{sizeof(A)..., sizeof(R)};
        std::array<std::size_t, sizeof...(A) + 1> found{};
        std::size_t at = 0;
        for (std::size_t i = 0; i < kSizes.size(); ++i) {
            at = (at + kSizes[i] - 1) / kSizes[i] * kSizes[i]; // words and ints: aligned as large
            found[i] = at;
            at += kSizes[i];
        }
        return found;
    }

    template <std::size_t... I, typename... More>
    void call(CFunction function, std::index_sequence<I...>, More... more) const noexcept {
        using Type = R (*)(A..., More...);
        finish(function == nullptr ? failed<R>()
                                   : reinterpret_cast<Type>(function)(argument<A>(I)..., more...));
    }

    static constexpr std::array<std::size_t, sizeof...(A) + 1> kPlaces = places();
    char* start_;
};

// NOLINTEND(bugprone-sizeof-expression)

/// The same for functions without a result.
template <typename... A>
void call_procedure(CFunction function, void* args) noexcept {
    const Packed<PyObject*, A...> packed(args); // nothing is written where the result would be
    if (function == nullptr) return;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        reinterpret_cast<void (*)(A...)>(function)(packed.template argument<A>(I)...);
    }
    (std::index_sequence_for<A...>{});
}

} // namespace hpystate::around
