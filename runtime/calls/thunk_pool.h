/// runtime/calls/thunk_pool.h: pools of thunks with consecutive numbers.
///
/// A pool has a signature, a Way (where its thunks get the context from), a size, and a body: a
/// class with a template `thunk<N>`, the C function that CPython calls. A pool's first number is
/// the end of the pool before it in the list. The numbers index the table in globals/thunk_table.h.
#pragma once

#include <Python.h>

#include "globals/thunk_table.h"
#include "runtime/calls/function.h"

#include <hpy/define.h>

#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

namespace hpystate {

/// Where the thunks of a pool get the context from: from `self`, which is a module of this runtime,
/// an object (perhaps of an HPy type), or a type (perhaps an HPy type); or from their layer.
enum class Way : std::uint8_t { kModule, kObject, kType, kLayer };

/// The target of thunk number N: what it was assigned to.
template <unsigned N>
[[nodiscard]] inline ThunkTarget thunk_target() noexcept {
    return thunk_targets[N];
}

/// The value that a thunk returns with an exception set.
template <typename R>
[[nodiscard]] constexpr R failed() noexcept {
    if constexpr (std::is_void_v<R>) {
        return;
    } else if constexpr (std::is_pointer_v<R>) {
        return nullptr;
    } else {
        return -1;
    }
}

/// How many thunks of a pool are compiled: all. For clang-tidy it is one, since all are alike: it
/// analyses each of them, and took seven minutes for one file.
[[nodiscard]] constexpr unsigned compiled_of(unsigned size) noexcept {
#ifdef __clang_analyzer__
    return size == 0 ? 0 : 1;
#else
    return size;
#endif
}

template <HPyFunc_Signature Signature, Way From, unsigned Size, typename Body>
struct Pool {
    static constexpr HPyFunc_Signature kSignature = Signature;
    static constexpr Way kWay = From;
    static constexpr unsigned kSize = Size;

    template <unsigned First, unsigned... I>
    [[nodiscard]] static CFunction at(unsigned index, std::integer_sequence<unsigned, I...>) {
        using Thunk = decltype(&Body::template thunk<First>);
        static constexpr Thunk kThunks[Size] = {&Body::template thunk<First + I>...};
        return reinterpret_cast<CFunction>(kThunks[index]);
    }
};

/// A list of pools whose numbers begin with `Start`.
template <unsigned Start, typename... P>
struct Pools {
    static constexpr unsigned kEnd = Start + (P::kSize + ...);

    /// Returns the thunk for `target` in the pool of a signature and way; nullptr: there is no such
    /// pool, or it is used up. Throws std::bad_alloc.
    [[nodiscard]] static CFunction find(HPyFunc_Signature signature, Way way, ThunkTarget target) {
        CFunction found = nullptr;
        static_cast<void>((try_pool<P>(signature, way, target, found) || ...));
        return found;
    }

    /// How many thunks the pool of a signature and way has; 0: there is no such pool.
    [[nodiscard]] static constexpr unsigned limit(HPyFunc_Signature signature, Way way) noexcept {
        return ((P::kSignature == signature && P::kWay == way ? P::kSize : 0) + ...);
    }

  private:
    /// True if this is the pool. Then `found` is the thunk, or null if the pool is used up.
    template <typename One>
    static bool try_pool(HPyFunc_Signature signature, Way way, ThunkTarget target,
                         CFunction& found) {
        if (One::kSignature != signature || One::kWay != way) return false;
        constexpr unsigned kFirst = first_of<One>();
        const std::optional<unsigned> number = thunk_table().assign({kFirst, One::kSize}, target);
        if (number) {
            using Numbers = std::make_integer_sequence<unsigned, compiled_of(One::kSize)>;
            found = One::template at<kFirst>(*number - kFirst, Numbers{});
        }
        return true;
    }

    template <typename One>
    static constexpr unsigned first_of() {
        unsigned first = Start;
        bool done = false;
        ((done = done || std::is_same_v<One, P>, first += done ? 0 : P::kSize), ...);
        return first;
    }
};

/// The first number of the layers' pools. The plain pools are before them, those of types behind.
inline constexpr unsigned kLayeredStart = 12 * 1024;

} // namespace hpystate
