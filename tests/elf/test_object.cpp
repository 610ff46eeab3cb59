/// tests/elf/test_object.cpp: a file and the same file in memory, read side by side.
#include "runtime/elf/dynamic.h"
#include "runtime/elf/loaded.h"
#include "runtime/elf/object.h"
#include "runtime/elf/relocations.h"
#include "runtime/elf/symbols.h"
#include "tests/catch.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <dlfcn.h>
#include <string>
#include <unistd.h>
#include <vector>

using namespace hpystate::elf;

namespace {

/// The sample, opened in this process for good.
Loaded loaded_sample() {
    void* const library = dlopen(HPYSTATE_SAMPLE, RTLD_NOW | RTLD_LOCAL);
    REQUIRE(library != nullptr);
    const auto found = find_loaded(dlsym(library, "sample_counter"));
    REQUIRE(found);
    return *found;
}

std::uint64_t word_at(std::uint64_t address) {
    std::uint64_t word = 0;
    std::memcpy(&word, reinterpret_cast<const void*>(address), sizeof(word));
    return word;
}

} // namespace

TEST_CASE("an address is found in its object and its segment", "[elf]") {
    const Loaded loaded = loaded_sample();

    CHECK(std::string(loaded.name) == HPYSTATE_SAMPLE);
    CHECK((loaded.segment.p_flags & PF_W) != 0);
    const std::uint64_t end = loaded.segment.p_vaddr + loaded.segment.p_memsz;
    const auto last = find_loaded(reinterpret_cast<const void*>(loaded.load_address + end - 1));
    REQUIRE(last);
    CHECK(last->segment.p_vaddr == loaded.segment.p_vaddr);
    const auto behind = find_loaded(reinterpret_cast<const void*>(loaded.load_address + end));
    CHECK((!behind || behind->segment.p_vaddr != loaded.segment.p_vaddr));
    CHECK_FALSE(find_loaded(nullptr));
    CHECK_FALSE(find_loaded(&loaded)); // the stack
}

TEST_CASE("an object in memory has the symbols of its file", "[elf]") {
    const Object memory(loaded_sample());
    const Object file(HPYSTATE_SAMPLE);

    const Symbols mapped = dynamic_symbols(memory);
    const Symbols read = dynamic_symbols(file);

    REQUIRE(mapped.entries().size() == read.entries().size());
    CHECK(read.entries().size() > 3);
    for (std::size_t i = 0; i < read.entries().size(); ++i) {
        CHECK(mapped.name_of(mapped.entries()[i]) == read.name_of(read.entries()[i]));
        CHECK(mapped.entries()[i].st_value == read.entries()[i].st_value);
    }
    CHECK(memory.sections().empty());
    CHECK(section_symbols(memory).entries().empty());
}

TEST_CASE("the kernel's vDSO, which is in no file, is read in memory", "[elf]") {
    const auto vdso = find_loaded(
        dlsym(dlopen("linux-vdso.so.1", RTLD_LAZY | RTLD_NOLOAD), "__vdso_clock_gettime"));
    if (!vdso) return; // a kernel or an emulator without one

    const Symbols symbols = dynamic_symbols(Object(*vdso));

    const auto entries = symbols.entries();
    CHECK(std::any_of(entries.begin(), entries.end(), [&](const Elf64_Sym& symbol) {
        return symbols.name_of(symbol) == "__vdso_clock_gettime";
    }));
}

TEST_CASE("the addresses of the dynamic section are those of the file in memory too", "[elf]") {
    const Object memory(loaded_sample());
    const Object file(HPYSTATE_SAMPLE);
    const Dynamic mapped(memory);
    const Dynamic read(file);

    REQUIRE(mapped.entries().size() == read.entries().size());
    for (const Elf64_Sxword tag : {DT_STRTAB, DT_SYMTAB, DT_GNU_HASH, DT_RELA, DT_INIT_ARRAY}) {
        CAPTURE(tag);
        CHECK(mapped.address(tag) == read.value(tag));
    }
}

TEST_CASE("the relocations of a file tell what the dynamic linker wrote", "[elf]") {
    const Loaded loaded = loaded_sample();
    const Object file(HPYSTATE_SAMPLE);
    const Symbols symbols = dynamic_symbols(file);
    std::size_t relative = 0;
    std::size_t own = 0;

    for (const Relocation& relocation : relocations(file)) {
        const std::uint64_t word = word_at(loaded.load_address + relocation.address);
        if (relocation.symbol == 0 && relocation.addend != 0) {
            CHECK(word == loaded.load_address + static_cast<std::uint64_t>(relocation.addend));
            ++relative;
        }
        const Elf64_Sym& symbol = symbols.entries()[relocation.symbol];
        if (symbols.name_of(symbol) == "sample_counter") {
            CHECK(word == loaded.load_address + symbol.st_value);
            ++own;
        }
    }
    CHECK(relative > 0);
    CHECK(own > 0);
}

TEST_CASE("a variable of a file holds every address from its first byte to its last", "[elf]") {
    const Object file(HPYSTATE_SAMPLE);
    const Symbols symbols = section_symbols(file);
    const auto entries = symbols.entries();
    const auto found = std::find_if(entries.begin(), entries.end(), [&](const Elf64_Sym& symbol) {
        return symbols.name_of(symbol) == "sample_zeroed";
    });
    REQUIRE(found != entries.end());

    CHECK(symbols.variable_at(found->st_value) == &*found);
    CHECK(symbols.variable_at(found->st_value + found->st_size - 1) == &*found);
    CHECK(symbols.variable_at(0) == nullptr);
}

TEST_CASE("bytes of memory end where they were said to end", "[elf]") {
    const std::vector<std::uint32_t> words{1, 2, 3};
    const Bytes bytes(reinterpret_cast<std::uintptr_t>(words.data()), sizeof(words[0]) * 3);

    CHECK(bytes.read<std::uint32_t>(4, 2) == std::vector<std::uint32_t>{2, 3});
    CHECK(bytes.read<std::uint32_t>(12, 0).empty());
    CHECK_THROWS_AS(bytes.read<std::uint32_t>(4, 3), Error);
    CHECK_THROWS_AS(bytes.read<std::uint32_t>(4, UINT64_MAX / 4), Error);
    CHECK_THROWS_AS(bytes.read_one<std::uint32_t>(9), Error);
    CHECK_THROWS_AS(bytes.read_one<std::uint32_t>(UINT64_MAX - 1), Error);
}

TEST_CASE("what lies between the segments of an object in memory is not read", "[elf]") {
    const Loaded loaded = loaded_sample();
    const Object memory(loaded);

    CHECK_THROWS_AS(memory.one_at<char>(memory.bytes().size()), Error);
    CHECK_THROWS_AS(memory.at<char>(loaded.segment.p_vaddr, loaded.segment.p_memsz + 1), Error);
    CHECK_THROWS_AS(memory.at<Elf64_Sym>(0, UINT64_MAX / 8), Error);
}

TEST_CASE("a protected page is whole: its start is, what follows its last page is not", "[elf]") {
    const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    Elf64_Phdr relro{};
    relro.p_type = PT_GNU_RELRO;
    relro.p_vaddr = 4 * page + 64;
    relro.p_memsz = page + 64; // into the next page, which stays writable
    const Segments segments{{&relro, 1}};

    for (const std::uint64_t load_address : {std::uint64_t{0}, 16 * page}) {
        CHECK_FALSE(segments.protects(4 * page - 1, load_address));
        CHECK(segments.protects(4 * page, load_address));
        CHECK(segments.protects(5 * page - 1, load_address));
        CHECK_FALSE(segments.protects(5 * page, load_address));
    }
}
