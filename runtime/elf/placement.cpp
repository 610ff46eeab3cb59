/// runtime/elf/placement.cpp: program headers first, the kernel's list second.
#include "runtime/elf/placement.h"

#include "runtime/elf/loaded.h"

#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <elf.h>
#include <memory>

namespace hpystate {

namespace {

/// An address, and the answer from the headers of the object around it.
struct Question {
    std::uintptr_t address;
    Placement answer;
};

void answer(const elf::Loaded& loaded, void* data) noexcept {
    auto& question = *static_cast<Question*>(data);
    const std::uint64_t in_file = loaded.in_file(question.address);
    const bool writable = (loaded.segment.p_flags & PF_W) != 0 &&
                          !loaded.segments.protects(in_file, loaded.load_address);
    question.answer = writable ? Placement::kWritable : Placement::kReadOnly;
}

struct CloseFile {
    void operator()(std::FILE* file) const noexcept { static_cast<void>(std::fclose(file)); }
};

/// Memory that belongs to no object: heap, stack, what somebody mapped.
Placement place_in_mappings(std::uintptr_t address) noexcept {
    const std::unique_ptr<std::FILE, CloseFile> maps(std::fopen("/proc/self/maps", "re"));
    if (maps == nullptr) return Placement::kWritable; // no list: trust the extension
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
        if (!elf::is_within(address, 1, start, end - start)) continue;
        return rights[0] == 'r' && rights[1] == 'w' ? Placement::kWritable : Placement::kReadOnly;
    }
    return Placement::kUnmapped;
}

} // namespace

Placement place_of(const void* slot) noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(slot);
    if (address % 8 != 0) return Placement::kMisaligned;
    Question question{address, Placement::kUnmapped};
    if (elf::visit_around(slot, &answer, &question)) return question.answer;
    return place_in_mappings(address);
}

} // namespace hpystate
