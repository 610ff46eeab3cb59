/// runtime/elf/placement.cpp: program headers first, the kernel's list second.
#include "runtime/elf/placement.h"

#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <elf.h>
#include <link.h>
#include <memory>
#include <unistd.h>

namespace hpystate {

namespace {

/// What is looked for, and what was found out.
struct Search {
    std::uintptr_t address;
    bool found = false;
    bool writable = false;
    bool protected_after_relocation = false;
};

[[nodiscard]] bool within(std::uintptr_t address, std::uintptr_t start,
                          std::uintptr_t size) noexcept {
    return address >= start && address - start < size;
}

/// The dynamic linker protects whole pages: from the page of the segment's start to the last page
/// that lies in it completely.
[[nodiscard]] bool in_relro(std::uintptr_t address, std::uintptr_t start,
                            std::uintptr_t size) noexcept {
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    const std::uintptr_t first = start & ~(page - 1);
    const std::uintptr_t end = (start + size) & ~(page - 1);
    return address >= first && address < end;
}

int look_at_object(dl_phdr_info* info, std::size_t, void* data) {
    Search& search = *static_cast<Search*>(data);
    for (int i = 0; i < info->dlpi_phnum; ++i) {
        const auto& header = info->dlpi_phdr[i];
        const std::uintptr_t start = info->dlpi_addr + header.p_vaddr;
        if (header.p_type == PT_LOAD && within(search.address, start, header.p_memsz)) {
            search.found = true;
            search.writable = (header.p_flags & PF_W) != 0;
        } else if (header.p_type == PT_GNU_RELRO &&
                   in_relro(search.address, start, header.p_memsz)) {
            search.protected_after_relocation = true;
        }
    }
    return search.found ? 1 : 0; // headers of other objects say nothing about this address
}

struct CloseFile {
    void operator()(std::FILE* file) const noexcept { static_cast<void>(std::fclose(file)); }
};

/// Memory that belongs to no object: heap, stack, what somebody mapped.
Placement place_in_mappings(std::uintptr_t address) noexcept {
    const std::unique_ptr<std::FILE, CloseFile> maps(std::fopen("/proc/self/maps", "re"));
    if (maps == nullptr) return Placement::kWritable; // no list to be had: trust the extension
    char line[512];
    bool at_start = true; // of a line: a mapped file's path may be longer than the buffer
    while (std::fgets(line, sizeof(line), maps.get()) != nullptr) {
        const bool first_part = at_start;
        at_start = std::strchr(line, '\n') != nullptr;
        if (!first_part) continue;
        std::uintptr_t start = 0;
        std::uintptr_t end = 0;
        char rights[5] = "";
        // NOLINTNEXTLINE(cert-err34-c): the kernel writes the numbers
        if (std::sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s", &start, &end, rights) != 3) continue;
        if (!within(address, start, end - start)) continue;
        return rights[0] == 'r' && rights[1] == 'w' ? Placement::kWritable : Placement::kReadOnly;
    }
    return Placement::kUnmapped;
}

} // namespace

Placement place_of(const void* slot) noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(slot);
    if (address % 8 != 0) return Placement::kMisaligned;
    Search search{address};
    dl_iterate_phdr(&look_at_object, &search);
    if (!search.found) return place_in_mappings(address);
    return search.writable && !search.protected_after_relocation ? Placement::kWritable
                                                                 : Placement::kReadOnly;
}

} // namespace hpystate
