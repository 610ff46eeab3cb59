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
    /// Throws Error (kNotSharedObject) where the object has none, or it lies in no segment or has
    /// no end, and as Bytes::read.
    explicit Dynamic(const Object& object);

    [[nodiscard]] const Object& object() const noexcept { return object_; }

    /// All but the DT_NULL at their end.
    [[nodiscard]] std::span<const Elf64_Dyn> entries() const noexcept { return entries_; }

    [[nodiscard]] bool has(Elf64_Sxword tag) const noexcept { return find(tag) != nullptr; }

    /// As it is in the section; 0 where there is no such entry. Where there are several the last
    /// one counts, as for the dynamic linker.
    [[nodiscard]] std::uint64_t value(Elf64_Sxword tag) const noexcept;

    /// The value of an entry that is an address, as the file has it: in memory glibc has added the
    /// load address to some of them.
    [[nodiscard]] std::uint64_t address(Elf64_Sxword tag) const noexcept;

    /// The table at the address that the one entry holds, of as many bytes as the other; empty
    /// where it has no bytes. Throws as Object::at.
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
