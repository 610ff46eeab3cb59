/// tests/elf/dump.cpp: `elf_dump FILE` prints what runtime/elf reads in a shared object, for
/// tests/elf/test_readelf.py. One line for each thing, its kind first, numbers in hexadecimal.
#include "runtime/elf/dynamic.h"
#include "runtime/elf/image.h"
#include "runtime/elf/relocations.h"
#include "runtime/elf/symbols.h"

#include <cinttypes>
#include <cstdio>

namespace {

using namespace hpystate::elf;

void print_symbols(const char* kind, const Symbols& symbols) {
    for (const Elf64_Sym& symbol : symbols.entries()) {
        const std::string name(symbols.name_of(symbol));
        std::printf("%s %" PRIx64 " %" PRIx64 " %x %x %x %s\n", kind, symbol.st_value,
                    symbol.st_size, ELF64_ST_TYPE(symbol.st_info), ELF64_ST_BIND(symbol.st_info),
                    symbol.st_shndx, name.c_str());
    }
}

void print(const Object& file) {
    for (const Elf64_Phdr& segment : file.segments().headers) {
        std::printf("segment %" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIx64 " %x %" PRIx64 "\n",
                    segment.p_offset, segment.p_vaddr, segment.p_filesz, segment.p_memsz,
                    segment.p_flags, segment.p_align);
    }
    const Dynamic dynamic(file);
    for (const Elf64_Dyn& entry : dynamic.entries()) {
        std::printf("entry %" PRIx64 "\n", static_cast<std::uint64_t>(entry.d_tag));
    }
    print_symbols(".dynsym", dynamic_symbols(file));
    print_symbols(".symtab", section_symbols(file));
    const std::size_t full = full_relocations(dynamic).size();
    const std::vector<Relocation> all = relocations(file);
    for (std::size_t i = 0; i < all.size(); ++i) {
        std::printf("%s %" PRIx64 " %x %x %" PRIx64 "\n",
                    i + full < all.size() ? "packed" : "relocation", all[i].address, all[i].symbol,
                    all[i].type, static_cast<std::uint64_t>(all[i].addend));
    }
}

} // namespace

int main(int argc, char** argv) try {
    if (argc != 2) {
        std::fputs("usage: elf_dump FILE\n", stderr);
        return 2;
    }
    check_image(argv[1]);
    print(Object(argv[1]));
    return 0;
} catch (const Error& error) {
    std::fprintf(stderr, "%s: %s. %s\n", argv[1], error.what(), error.advice());
    return 1;
}
