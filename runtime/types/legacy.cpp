/// runtime/types/legacy.cpp: reads the legacy slots, and merges them with HPy's slots.
#include "runtime/types/legacy.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace hpystate {

namespace {

/// The number of a slot in CPython's headers. 3.15 has new numbers for the first four slots; it
/// accepts the old ones, which HPy has, as well.
int number_of(const PyType_Slot& slot) noexcept {
    constexpr std::array<int, 4> kRenumbered{Py_bf_getbuffer, Py_bf_releasebuffer,
                                             Py_mp_ass_subscript, Py_mp_length};
    return slot.slot >= 1 && slot.slot <= 4 ? kRenumbered[static_cast<std::size_t>(slot.slot - 1)]
                                            : slot.slot;
}

/// Whether HPy's slot wins over a legacy one with the same number. HPy's own runtime sets the call
/// and buffer protocols after all slots, so there they win too.
bool hpy_wins(int number) noexcept {
    return number == Py_tp_call || number == Py_bf_getbuffer || number == Py_bf_releasebuffer;
}

/// `own`: how many of the slots are HPy's; they are the first ones.
void put(std::vector<PyType_Slot>& slots, const PyType_Slot& slot, std::size_t own) {
    const auto same = std::find_if(slots.begin(), slots.end(), [&](const PyType_Slot& one) {
        return number_of(one) == number_of(slot);
    });
    // Two Py_tp_doc are passed on: CPython refuses them.
    if (same == slots.end() || slot.slot == Py_tp_doc) {
        slots.push_back(slot);
    } else if (same - slots.begin() >= static_cast<std::ptrdiff_t>(own) ||
               !hpy_wins(number_of(slot))) {
        same->pfunc = slot.pfunc;
    }
}

/// Tables and bases, which are not passed to CPython as they are: they are merged with HPy's.
bool is_part(int number) noexcept {
    return number == Py_tp_methods || number == Py_tp_getset || number == Py_tp_members ||
           number == Py_tp_base || number == Py_tp_bases;
}

bool is_of_lifetime(int number) noexcept {
    return number == Py_tp_dealloc || number == Py_tp_traverse || number == Py_tp_clear;
}

} // namespace

LegacyParts find_legacy_parts(const PyType_Slot* table) noexcept {
    LegacyParts parts;
    for (const PyType_Slot* slot = table; slot != nullptr && slot->slot != 0; ++slot) {
        const bool given = slot->pfunc != nullptr;
        switch (slot->slot) {
        case Py_tp_methods:
            parts.methods = static_cast<const PyMethodDef*>(slot->pfunc);
            break;
        case Py_tp_getset:
            parts.getsets = static_cast<const PyGetSetDef*>(slot->pfunc);
            break;
        case Py_tp_members:
            parts.members = static_cast<const PyMemberDef*>(slot->pfunc);
            break;
        case Py_tp_base:
            parts.base = slot;
            break;
        case Py_tp_bases:
            parts.bases = slot;
            break;
        case Py_tp_dealloc:
            parts.dealloc = given;
            parts.any_dealloc = parts.any_dealloc || given;
            break;
        case Py_tp_traverse:
            parts.traverse = given;
            break;
        case Py_tp_clear:
            parts.clear = given;
            break;
        default:
            break;
        }
    }
    return parts;
}

void merge_legacy_slots(std::vector<PyType_Slot>& slots, const PyType_Slot* table) {
    const std::size_t own = slots.size();
    for (const PyType_Slot* slot = table; slot != nullptr && slot->slot != 0; ++slot) {
        if (is_part(slot->slot)) continue;
        if (slot->pfunc != nullptr || !is_of_lifetime(slot->slot)) {
            put(slots, *slot, own);
            continue;
        }
        // A null function removes the slot; the build adds our function later.
        std::erase_if(slots, [&](const PyType_Slot& one) { return one.slot == slot->slot; });
    }
}

} // namespace hpystate
