/// runtime/abi/slot_name.h: what HPy calls a slot, for messages.
#pragma once

#include <hpy/define.h>

namespace hpystate {

/// "HPy_tp_call"; "an unknown slot" for a number that HPy does not have.
[[nodiscard]] constexpr const char* name_of(HPySlot_Slot slot) noexcept {
    switch (static_cast<int>(slot)) {
#define HPY_SLOT(name, value, signature)                                                           \
    case value:                                                                                    \
        return "HPy_" #name;
#include <hpy/abi/slots.def>
    default:
        return "an unknown slot";
    }
}

} // namespace hpystate
