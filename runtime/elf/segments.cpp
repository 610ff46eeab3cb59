/// runtime/elf/segments.cpp: looking an address up in the program headers.
#include "runtime/elf/segments.h"

#include <unistd.h>

namespace hpystate::elf {

const Elf64_Phdr* Segments::first(Elf64_Word type) const noexcept {
    for (const Elf64_Phdr& segment : headers) {
        if (segment.p_type == type) return &segment;
    }
    return nullptr;
}

const Elf64_Phdr* Segments::around(std::uint64_t address, std::uint64_t count,
                                   Elf64_Word flags) const noexcept {
    for (const Elf64_Phdr& segment : headers) {
        if (segment.p_type == PT_LOAD && (segment.p_flags & flags) == flags &&
            is_within(address, count, segment.p_vaddr, segment.p_memsz)) {
            return &segment;
        }
    }
    return nullptr;
}

std::optional<std::uint64_t> Segments::offset_of(std::uint64_t address,
                                                 std::uint64_t count) const noexcept {
    for (const Elf64_Phdr& segment : headers) {
        if (segment.p_type != PT_LOAD || (segment.p_flags & PF_R) == 0 ||
            !is_within(address, count, segment.p_vaddr, segment.p_filesz)) {
            continue;
        }
        return segment.p_offset + (address - segment.p_vaddr);
    }
    return std::nullopt;
}

bool Segments::protects(std::uint64_t address, std::uint64_t load_address) const noexcept {
    const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    for (const Elf64_Phdr& segment : headers) {
        if (segment.p_type != PT_GNU_RELRO) continue;
        const std::uint64_t start = load_address + segment.p_vaddr;
        const std::uint64_t first = start & ~(page - 1);
        const std::uint64_t end = (start + segment.p_memsz) & ~(page - 1);
        if (load_address + address >= first && load_address + address < end) return true;
    }
    return false;
}

} // namespace hpystate::elf
