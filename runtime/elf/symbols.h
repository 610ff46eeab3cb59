/// runtime/elf/symbols.h: the symbols of a shared object and their names.
#pragma once

#include "runtime/elf/object.h"

#include <cstdint>
#include <elf.h>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace hpystate::elf {

/// A symbol table with its strings, both copied. Addresses (st_value) are those of the file.
class Symbols {
  public:
    Symbols() = default;
    Symbols(std::vector<Elf64_Sym> entries, std::vector<char> strings) noexcept
        : entries_(std::move(entries)), strings_(std::move(strings)) {}

    /// In their order, so that a relocation's number is an index; the first one is empty.
    [[nodiscard]] std::span<const Elf64_Sym> entries() const noexcept { return entries_; }

    /// "" where the table does not have it. Valid as long as this is.
    [[nodiscard]] std::string_view name_of(const Elf64_Sym& symbol) const noexcept;

    /// The variable that contains `address`; nullptr: none.
    [[nodiscard]] const Elf64_Sym* variable_at(std::uint64_t address) const noexcept;

  private:
    std::vector<Elf64_Sym> entries_;
    std::vector<char> strings_;
};

/// What the dynamic linker sees: the symbols that the object gives to others or takes from them,
/// and those that relocations name. Throws Error if a table is outside the object, and as
/// Bytes::read.
[[nodiscard]] Symbols dynamic_symbols(const Object& object);

/// All symbols of a file, those with internal linkage too, from its section .symtab. None if it was
/// stripped, or the object is in memory. Throws as Bytes::read.
[[nodiscard]] Symbols section_symbols(const Object& object);

/// Whether the object itself defines it, and it is of that type (STT_FUNC, STT_OBJECT).
[[nodiscard]] constexpr bool defines(const Elf64_Sym& symbol, unsigned char type) noexcept {
    return ELF64_ST_TYPE(symbol.st_info) == type && symbol.st_shndx != SHN_UNDEF;
}

} // namespace hpystate::elf
