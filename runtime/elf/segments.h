/// runtime/elf/segments.h: the program headers of a shared object, and which segment contains an
/// address.
#pragma once

#include <cstdint>
#include <elf.h>
#include <optional>
#include <span>

namespace hpystate::elf {

/// Whether the `count` bytes from `at` are inside the `size` bytes from `start`, without overflow.
[[nodiscard]] constexpr bool is_within(std::uint64_t at, std::uint64_t count, std::uint64_t start,
                                       std::uint64_t size) noexcept {
    return at >= start && at - start <= size && count <= size - (at - start);
}

/// The program headers, which belong to somebody else. Addresses are those of the file, as p_vaddr;
/// in memory they are offsets from the load address.
struct Segments {
    std::span<const Elf64_Phdr> headers;

    /// The first segment of that type; nullptr: there is none.
    [[nodiscard]] const Elf64_Phdr* first(Elf64_Word type) const noexcept;

    /// The loaded segment that contains the `count` bytes from `address`, if it has all of `flags`
    /// (PF_R, PF_W, PF_X); nullptr: there is none.
    [[nodiscard]] const Elf64_Phdr* around(std::uint64_t address, std::uint64_t count = 1,
                                           Elf64_Word flags = 0) const noexcept;

    /// Where in the file these bytes are: in the part of a readable segment that is read from it.
    /// Nothing if there is no such segment.
    [[nodiscard]] std::optional<std::uint64_t> offset_of(std::uint64_t address,
                                                         std::uint64_t count) const noexcept;

    /// Whether the dynamic linker takes the right to write at `address` away after it has applied
    /// the relocations. It does so for whole pages of the `load_address + p_vaddr` of a segment of
    /// type PT_GNU_RELRO: from the page of its start to the last page that is completely inside it.
    [[nodiscard]] bool protects(std::uint64_t address, std::uint64_t load_address) const noexcept;
};

} // namespace hpystate::elf
