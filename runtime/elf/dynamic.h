/// runtime/elf/dynamic.h: the dynamic section, by which the dynamic linker finds everything else.
#pragma once

#include "runtime/elf/object.h"

#include <cstdint>
#include <elf.h>
#include <span>
#include <vector>

namespace hpystate::elf {

/// The entries, read once. The object outlives this.
class Dynamic {
  public:
    /// Throws Error (kNotSharedObject) if the object has no dynamic section, or it is outside the
    /// segments or has no DT_NULL; and as Bytes::read.
    explicit Dynamic(const Object& object);

    [[nodiscard]] const Object& object() const noexcept { return object_; }

    /// All but the DT_NULL at their end.
    [[nodiscard]] std::span<const Elf64_Dyn> entries() const noexcept { return entries_; }

    [[nodiscard]] bool has(Elf64_Sxword tag) const noexcept { return find(tag) != nullptr; }

    /// As it is in the section; 0 if there is no such entry. The last one of several counts, as for
    /// the dynamic linker.
    [[nodiscard]] std::uint64_t value(Elf64_Sxword tag) const noexcept;

    /// The value of an entry that is an address, as the file has it: in memory glibc has added the
    /// load address to some of them.
    [[nodiscard]] std::uint64_t address(Elf64_Sxword tag) const noexcept;

    /// The table whose address is in the entry `at` and whose size in the entry `bytes`; empty if
    /// it has no bytes. Throws as Object::at.
    template <typename Struct>
    [[nodiscard]] std::vector<Struct> table(Elf64_Sxword at, Elf64_Sxword bytes) const {
        const std::uint64_t count = value(bytes) / sizeof(Struct);
        if (count == 0) return {};
        return object_.at<Struct>(address(at), count);
    }

  private:
    [[nodiscard]] const Elf64_Dyn* find(Elf64_Sxword tag) const noexcept;

    const Object& object_;
    std::vector<Elf64_Dyn> entries_;
};

} // namespace hpystate::elf
