/// abi/slots.h: the functions of a context as numbers and names, made of the frozen list.
#pragma once

#include <hpy/context.h>

#include <array>
#include <cstddef>
#include <string_view>

namespace hpystate {

/// A function of the context. The order is the one of the list, without the handles.
enum class Slot : unsigned {
#define HPY_FUNC(ret, name, params) name,
#include <hpy/abi/hpy_0_9.def>
};

// Not inline: GCC puts an inline constant that holds addresses into writable memory.
constexpr std::array kSlotNames{
#define HPY_FUNC(ret, name, params) std::string_view("ctx_" #name),
#include <hpy/abi/hpy_0_9.def>
};

constexpr std::size_t kSlotCount = kSlotNames.size();

[[nodiscard]] constexpr std::string_view name_of(Slot slot) noexcept {
    return kSlotNames[static_cast<unsigned>(slot)];
}

} // namespace hpystate
