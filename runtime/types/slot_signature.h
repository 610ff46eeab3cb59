/// runtime/types/slot_signature.h: which signature the function of a type's slot has.
#pragma once

#include <hpy/define.h>

#include <optional>

namespace hpystate {

/// The signature of a slot's function; nullopt for a number that is not a slot of a type.
[[nodiscard]] constexpr std::optional<HPyFunc_Signature> signature_of(HPySlot_Slot slot) noexcept {
    constexpr int kFirstOfModules = 2000;
    switch (static_cast<int>(slot)) {
#define HPY_SLOT(name, value, sig)                                                                 \
    case value:                                                                                    \
        if ((value) < kFirstOfModules) return HPyFunc_##sig;                                       \
        return std::nullopt;
#include <hpy/abi/slots.def>
    default:
        return std::nullopt;
    }
}

} // namespace hpystate
