/// runtime/elf/symbols.cpp: reads symbol tables, and finds out how long the dynamic linker's is.
#include "runtime/elf/symbols.h"

#include "runtime/elf/dynamic.h"
#include "runtime/elf/relocations.h"

#include <algorithm>
#include <cstring>

namespace hpystate::elf {

namespace {

#if defined(__s390x__)
using HashWord = std::uint64_t; // DT_HASH of this machine alone has larger words
#else
using HashWord = std::uint32_t;
#endif

/// The start of a table of type DT_GNU_HASH. After it: words of a Bloom filter, buckets, and one
/// value for each symbol from `first` on, in which bit 0 ends a chain.
struct GnuHash {
    std::uint32_t buckets;
    std::uint32_t first;
    std::uint32_t filter_words;
    std::uint32_t filter_shift;
};

/// Symbols up to the last one that a chain leads to.
std::uint64_t count_by_gnu_hash(const Object& object, std::uint64_t address) {
    const auto table = object.one_at<GnuHash>(address);
    const std::uint64_t buckets =
        address + sizeof(table) + sizeof(std::uint64_t) * table.filter_words;
    const std::uint64_t chains = buckets + sizeof(std::uint32_t) * table.buckets;
    std::uint64_t last = 0;
    for (const std::uint32_t bucket : object.at<std::uint32_t>(buckets, table.buckets)) {
        last = std::max<std::uint64_t>(last, bucket);
    }
    if (last < table.first) return table.first; // all chains are empty
    const auto value_of = [&](std::uint64_t symbol) {
        return object.one_at<std::uint32_t>(chains +
                                            sizeof(std::uint32_t) * (symbol - table.first));
    };
    while ((value_of(last) & 1) == 0)
        ++last;
    return last + 1;
}

/// No entry holds the number of symbols. DT_HASH has one entry for each. DT_GNU_HASH only has those
/// that other files look up; the relocations name the rest that matters.
std::uint64_t count_symbols(const Dynamic& dynamic) {
    const Object& object = dynamic.object();
    if (dynamic.has(DT_HASH))
        return object.one_at<HashWord>(dynamic.address(DT_HASH) + sizeof(HashWord));
    std::uint64_t count = 1;
    if (dynamic.has(DT_GNU_HASH)) count = count_by_gnu_hash(object, dynamic.address(DT_GNU_HASH));
    for (const Elf64_Rela& relocation : full_relocations(dynamic)) {
        count = std::max<std::uint64_t>(count, ELF64_R_SYM(relocation.r_info) + 1);
    }
    return count;
}

} // namespace

std::string_view Symbols::name_of(const Elf64_Sym& symbol) const noexcept {
    if (symbol.st_name >= strings_.size()) return {};
    const char* const start = strings_.data() + symbol.st_name;
    return {start, strnlen(start, strings_.size() - symbol.st_name)};
}

const Elf64_Sym* Symbols::variable_at(std::uint64_t address) const noexcept {
    const auto found =
        std::find_if(entries_.begin(), entries_.end(), [address](const Elf64_Sym& symbol) {
            return defines(symbol, STT_OBJECT) && address >= symbol.st_value &&
                   address - symbol.st_value < symbol.st_size;
        });
    return found == entries_.end() ? nullptr : &*found;
}

Symbols dynamic_symbols(const Object& object) {
    const Dynamic dynamic(object);
    auto strings = object.at<char>(dynamic.address(DT_STRTAB), dynamic.value(DT_STRSZ));
    return {object.at<Elf64_Sym>(dynamic.address(DT_SYMTAB), count_symbols(dynamic)),
            std::move(strings)};
}

Symbols section_symbols(const Object& object) {
    const std::vector<Elf64_Shdr> sections = object.sections();
    for (const Elf64_Shdr& table : sections) {
        if (table.sh_type != SHT_SYMTAB || table.sh_link >= sections.size()) continue;
        const Elf64_Shdr& strings = sections[table.sh_link];
        return {object.bytes().read<Elf64_Sym>(table.sh_offset, table.sh_size / sizeof(Elf64_Sym)),
                object.bytes().read<char>(strings.sh_offset, strings.sh_size)};
    }
    return {};
}

} // namespace hpystate::elf
