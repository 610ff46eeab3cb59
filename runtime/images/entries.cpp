/// runtime/images/entries.cpp: writes a page of machine code for an owner.
#include <Python.h>

#include "runtime/images/entries.h"

#include "runtime/images/bound.h"
#include "runtime/images/error.h"
#include "runtime/images/executable_file.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

namespace hpystate::images {

namespace {

constexpr std::size_t kEntryBytes = 32;

/// `movabs` with a 64-bit constant, for the registers of the first five arguments.
constexpr std::array<std::array<unsigned char, 2>, 5> kSetArgument = {
    {{0x48, 0xBF}, {0x48, 0xBE}, {0x48, 0xBA}, {0x48, 0xB9}, {0x49, 0xB8}}};

/// endbr64; movabs $owner, argument; movabs $function, %rax; jmp *%rax
void write_entry(unsigned char* at, const Owner* owner, const Bound& bound) noexcept {
    const auto put = [&at](const void* bytes, std::size_t count) {
        std::memcpy(at, bytes, count);
        at += count;
    };
    constexpr std::array<unsigned char, 4> kBegin = {0xF3, 0x0F, 0x1E, 0xFA};
    constexpr std::array<unsigned char, 2> kSetFunction = {0x48, 0xB8};
    constexpr std::array<unsigned char, 2> kJump = {0xFF, 0xE0};
    put(kBegin.data(), kBegin.size());
    put(kSetArgument.at(bound.parameter).data(), 2);
    const auto address = reinterpret_cast<std::uintptr_t>(owner);
    put(&address, sizeof(address));
    put(kSetFunction.data(), kSetFunction.size());
    put(&bound.function, sizeof(bound.function));
    put(kJump.data(), kJump.size());
}

/// A page of code, mapped from a file as images are: so what allows one allows the other, and no
/// memory is ever writable and executable.
const std::byte* make_entries(const Owner& owner) {
    const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    std::vector<unsigned char> code(size, 0xCC); // int3 between the entries
    const auto functions = bound_functions();
    for (std::size_t i = 0; i < functions.size(); ++i)
        write_entry(code.data() + i * kEntryBytes, &owner, functions[i]);
    ExecutableFile file("hpystate-entries", Where::kMemory);
    file.write(0, code.data(), code.size());
    file.seal();
    void* const page =
        mmap(nullptr, size, PROT_READ | PROT_EXEC, MAP_PRIVATE, file.descriptor(), 0);
    if (page == MAP_FAILED) {
        throw ImageError("no-mappings", "no private image can be made: " + text_of(errno) +
                                            " where a page of code was mapped. Raise "
                                            "vm.max_map_count, or start fewer interpreters.");
    }
    return static_cast<const std::byte*>(page);
}

} // namespace

void* entry_of(Owner& owner, std::size_t index) {
    if (owner.entries == nullptr) owner.entries = make_entries(owner);
    return const_cast<std::byte*>(owner.entries + index * kEntryBytes);
}

} // namespace hpystate::images
