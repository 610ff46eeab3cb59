/// runtime/elf/read_memory.h: reads memory of this process that may not be there.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hpystate {

/// Copies `size` bytes from an address that may lead anywhere; all of them are on one page (4,096
/// bytes). False: they cannot be read. The kernel copies them, so this does not crash where another
/// thread unmaps the memory meanwhile.
[[nodiscard]] bool read_memory(std::uintptr_t address, void* into, std::size_t size) noexcept;

} // namespace hpystate
