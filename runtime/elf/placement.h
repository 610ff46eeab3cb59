/// runtime/elf/placement.h: may the word at an address be written? Found without touching it.
#pragma once

#include <cstdint>

namespace hpystate {

enum class Placement : std::uint8_t {
    kWritable, ///< in writable memory: a static, the heap, a stack
    kReadOnly, ///< in a read-only segment, in a table that the dynamic linker has protected, or in
               ///< memory that was mapped without the right to write
    kMisaligned, ///< not aligned to 8 bytes: no slot can be there
    kUnmapped,   ///< no memory at all
};

/// Where `slot` is: by the program headers of the loaded object that contains it, otherwise by the
/// kernel's list of mappings.
[[nodiscard]] Placement place_of(const void* slot) noexcept;

} // namespace hpystate
