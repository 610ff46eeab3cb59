/// runtime/elf/relocations.h: what the dynamic linker writes into a shared object when it loads it.
#pragma once

#include "runtime/elf/dynamic.h"
#include "runtime/elf/object.h"

#include <cstdint>
#include <elf.h>
#include <span>
#include <vector>

namespace hpystate::elf {

/// One of them, in full or from the packed table.
struct Relocation {
    std::uint64_t address; ///< of the word, as the file has it
    std::uint32_t type;    ///< R_X86_64_... or this machine's; of a packed one the relative type
    std::uint32_t symbol;  ///< index into dynamic_symbols(); 0: none
    std::int64_t addend;
};

/// All of a file, in the order in which the dynamic linker applies them: packed, in full, imported
/// functions. The addend of a packed one is what the file has in its word. Throws Error if a table
/// is outside the file, or a packed one names a word outside it, and as Bytes::read.
[[nodiscard]] std::vector<Relocation> relocations(const Object& file);

/// Those that are written out in full, of an object in memory too. Throws as Dynamic::table.
[[nodiscard]] std::vector<Elf64_Rela> full_relocations(const Dynamic& dynamic);

/// The packed table: an even entry is the address of a word; an odd one is a set of the 63 words
/// behind it. Calls `visit(address, set)`, where bit i of `set` is the word at address + 8 * i.
template <typename Visit>
void walk_packed(std::span<const Elf64_Relr> entries, Visit visit) {
    std::uint64_t next = 0;
    for (const Elf64_Relr entry : entries) {
        if (entry % 2 == 0) {
            visit(entry, std::uint64_t{1});
            next = entry + 8;
        } else {
            visit(next, entry >> 1);
            next += std::uint64_t{63} * 8;
        }
    }
}

} // namespace hpystate::elf
