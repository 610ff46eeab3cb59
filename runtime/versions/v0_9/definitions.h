/// runtime/versions/v0_9/definitions.h: what readers of definitions share.
///
/// Slots, members and get-sets have the same structs in every version so far; methods, and the
/// definition around all of them, are each version's own.
#pragma once

#include <Python.h>

#include "runtime/elf/origin.h"
#include "runtime/types/description.h"

#include <hpy/define.h>

#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace hpystate::v0_9 {

template <typename Pointer>
[[nodiscard]] CFunction as_function(Pointer trampoline) noexcept {
    return reinterpret_cast<CFunction>(trampoline);
}

[[nodiscard]] inline SlotDescription describe(const HPySlot& slot) noexcept {
    return {slot.slot, slot.impl, as_function(slot.cpy_trampoline)};
}

[[nodiscard]] inline MemberDescription describe(const HPyMember& member) noexcept {
    return {member.name, member.type, member.offset, member.readonly != 0, member.doc};
}

[[nodiscard]] inline GetSetDescription describe(const HPyGetSet& getset) noexcept {
    return {getset.name,
            getset.getter_impl,
            getset.setter_impl,
            as_function(getset.getter_cpy_trampoline),
            as_function(getset.setter_cpy_trampoline),
            getset.doc,
            getset.closure};
}

/// Looks for a part that is not in the extension's own file, before it is read. The first one is
/// kept.
class Origins {
  public:
    explicit Origins(const OwnFile& file) : file_(file) {}

    void look_at(const void* address, const char* part) {
        if (found_) return;
        if (const auto stranger = file_.stranger_at(address)) found_ = {part, *stranger};
    }

    /// Checks each element of an array that ends with NULL, unless a strange part was found before.
    template <typename Part>
    void look_at_all(Part* const* array, const char* name) {
        for (std::size_t i = 0; !found_ && array != nullptr && array[i] != nullptr; ++i) {
            look_at(array[i], name);
            if (found_) found_->part += "[" + std::to_string(i) + "]";
        }
    }

    [[nodiscard]] const std::optional<StrangePart>& found() const noexcept { return found_; }

  private:
    const OwnFile& file_;
    std::optional<StrangePart> found_;
};

/// The definitions of an array that ends with NULL. `describe_method` describes a method of the
/// version. Stops after a definition of an unknown kind. Throws std::bad_alloc.
template <typename Define, typename DescribeMethod>
[[nodiscard]] std::vector<Definition> describe_definitions(Define* const* defines,
                                                           DescribeMethod describe_method) {
    const auto describe_one = [&](const Define& define) -> Definition {
        switch (define.kind) {
        case HPyDef_Kind_Slot:
            return describe(define.slot);
        case HPyDef_Kind_Meth:
            return describe_method(define.meth);
        case HPyDef_Kind_Member:
            return describe(define.member);
        case HPyDef_Kind_GetSet:
            return describe(define.getset);
        default:
            return UnknownDescription{static_cast<int>(define.kind)};
        }
    };
    std::size_t count = 0;
    while (defines != nullptr && defines[count] != nullptr)
        ++count;
    std::vector<Definition> definitions;
    definitions.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        definitions.push_back(describe_one(*defines[i]));
        if (std::holds_alternative<UnknownDescription>(definitions.back())) break;
    }
    return definitions;
}

} // namespace hpystate::v0_9
