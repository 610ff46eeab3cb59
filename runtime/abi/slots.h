/// runtime/abi/slots.h: the functions of a context as numbers and names, made of the frozen list.
#pragma once

#include <hpy/context.h>

#include <cstddef>
#include <iterator>

namespace hpystate {

/// A function of the context. The order is the one of the list, without the handles.
enum class Slot : unsigned {
#define HPY_FUNC(ret, name, params) name,
#include <hpy/abi/hpy_0_9.def>
};

// Arrays of C strings, and not inline: GCC puts other constants that hold addresses into memory
// that stays writable, which tests/abi/test_symbols.py forbids.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-c-arrays,modernize-avoid-c-arrays)
constexpr const char* kSlotNames[] = {
#define HPY_FUNC(ret, name, params) "ctx_" #name,
#include <hpy/abi/hpy_0_9.def>
};

constexpr std::size_t kSlotCount = std::size(kSlotNames);

[[nodiscard]] constexpr const char* name_of(Slot slot) noexcept {
    return kSlotNames[static_cast<unsigned>(slot)];
}

} // namespace hpystate
