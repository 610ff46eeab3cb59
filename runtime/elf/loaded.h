/// runtime/elf/loaded.h: the objects that the dynamic linker has mapped, and which of them contains
/// an address.
#pragma once

#include "runtime/elf/segments.h"

#include <cstdint>
#include <optional>

namespace hpystate::elf {

/// A mapped object: the program, a shared object, the kernel's vDSO. Its program headers and its
/// name belong to the dynamic linker and stay until the object is closed. The files of extensions
/// are never closed.
struct Loaded {
    std::uintptr_t load_address; ///< of the byte whose address in the file is 0
    Segments segments;
    const char* name;   ///< the path; "" for the program
    Elf64_Phdr segment; ///< a copy: the loaded segment that contains the address

    /// What the file calls an address of this process.
    [[nodiscard]] std::uint64_t in_file(std::uintptr_t address) const noexcept {
        return address - load_address;
    }
};

/// Calls `look(loaded, data)` for the object that contains `address`, while the dynamic linker's
/// lock keeps it open. False if there is none. `look` calls nothing of the dynamic linker.
bool visit_around(const void* address, void (*look)(const Loaded&, void*) noexcept,
                  void* data) noexcept;

/// The object that contains `address`; for callers who know that it stays open, or who only use
/// what is copied and compare the rest. Unlike dladdr it does not search the symbols, of which a
/// file may have thousands.
[[nodiscard]] std::optional<Loaded> find_loaded(const void* address) noexcept;

} // namespace hpystate::elf
