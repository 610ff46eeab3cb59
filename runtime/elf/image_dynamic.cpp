/// runtime/elf/image_dynamic.cpp: addresses, sizes and offsets of the dynamic section against the
/// segments.
#include "runtime/elf/image_dynamic.h"

#include <bit>
#include <map>
#include <string>

namespace hpystate::elf {

namespace {

/// The entries that may stand once; the last one counts, as for the dynamic linker.
using Entries = std::map<Elf64_Sxword, std::uint64_t>;

std::uint64_t value_of(const Entries& entries, Elf64_Sxword tag) {
    const auto found = entries.find(tag);
    return found == entries.end() ? 0 : found->second;
}

/// A table and the entries that say where it is.
struct Table {
    const char* name;
    Elf64_Sxword address;
    Elf64_Sxword size;       ///< the entry with its bytes; 0: there is none, `least` counts
    std::uint64_t least;     ///< bytes that it has at least
    std::uint64_t alignment; ///< what its address is a multiple of
    std::uint64_t unit;      ///< what its size is a multiple of
};

constexpr Table kTables[] = {
    Table{"DT_STRTAB", DT_STRTAB, DT_STRSZ, 1, 1, 1},
    Table{"DT_SYMTAB", DT_SYMTAB, 0, sizeof(Elf64_Sym), 8, 1},
    Table{"DT_HASH", DT_HASH, 0, 8, 4, 1},
    Table{"DT_GNU_HASH", DT_GNU_HASH, 0, 16, 8, 1},
    Table{"DT_RELA", DT_RELA, DT_RELASZ, 0, 8, sizeof(Elf64_Rela)},
    Table{"DT_RELR", DT_RELR, DT_RELRSZ, 0, 8, sizeof(Elf64_Relr)},
    Table{"DT_JMPREL", DT_JMPREL, DT_PLTRELSZ, 0, 8, sizeof(Elf64_Rela)},
    Table{"DT_VERSYM", DT_VERSYM, 0, 2, 2, 1},
    Table{"DT_VERNEED", DT_VERNEED, 0, sizeof(Elf64_Verneed), 4, 1},
    Table{"DT_VERDEF", DT_VERDEF, 0, sizeof(Elf64_Verdef), 4, 1},
    Table{"DT_INIT_ARRAY", DT_INIT_ARRAY, DT_INIT_ARRAYSZ, 0, 8, 8},
    Table{"DT_FINI_ARRAY", DT_FINI_ARRAY, DT_FINI_ARRAYSZ, 0, 8, 8},
};

/// An entry whose value the dynamic linker asserts.
struct Constant {
    const char* name;
    Elf64_Sxword tag;
    std::uint64_t value;
};

constexpr Constant kConstants[] = {
    Constant{"DT_SYMENT", DT_SYMENT, sizeof(Elf64_Sym)},
    Constant{"DT_RELAENT", DT_RELAENT, sizeof(Elf64_Rela)},
    Constant{"DT_RELRENT", DT_RELRENT, sizeof(Elf64_Relr)},
    Constant{"DT_PLTREL", DT_PLTREL, DT_RELA},
};

/// An entry that is of no use without another one.
struct Need {
    const char* found_and_missing;
    Elf64_Sxword tag;
    Elf64_Sxword needed;
};

constexpr Need kNeeds[] = {
    Need{"DT_STRTAB without DT_STRSZ", DT_STRTAB, DT_STRSZ},
    Need{"DT_SYMTAB without DT_SYMENT", DT_SYMTAB, DT_SYMENT},
    Need{"DT_RELA without DT_RELASZ", DT_RELA, DT_RELASZ},
    Need{"DT_RELASZ without DT_RELA", DT_RELASZ, DT_RELA},
    Need{"DT_RELA without DT_RELAENT", DT_RELA, DT_RELAENT},
    Need{"DT_JMPREL without DT_PLTRELSZ", DT_JMPREL, DT_PLTRELSZ},
    Need{"DT_PLTRELSZ without DT_JMPREL", DT_PLTRELSZ, DT_JMPREL},
    Need{"DT_JMPREL without DT_PLTREL", DT_JMPREL, DT_PLTREL},
    Need{"DT_RELR without DT_RELRSZ", DT_RELR, DT_RELRSZ},
    Need{"DT_RELRSZ without DT_RELR", DT_RELRSZ, DT_RELR},
    Need{"DT_RELR without DT_RELRENT", DT_RELR, DT_RELRENT},
    Need{"DT_INIT_ARRAY without DT_INIT_ARRAYSZ", DT_INIT_ARRAY, DT_INIT_ARRAYSZ},
    Need{"DT_FINI_ARRAY without DT_FINI_ARRAYSZ", DT_FINI_ARRAY, DT_FINI_ARRAYSZ},
    Need{"DT_VERNEED without DT_VERSYM", DT_VERNEED, DT_VERSYM},
};

std::string hexadecimal(std::uint64_t number) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    do {
        text.insert(text.begin(), kDigits[number % 16]);
        number /= 16;
    } while (number != 0);
    return "0x" + text;
}

[[noreturn]] void refuse_entry(const Bytes& file, const char* name, std::uint64_t value,
                               const char* what) {
    file.refuse_damaged(std::string(name) + " of its dynamic section is " + hexadecimal(value) +
                        ", " + what);
}

void check_tables(const Bytes& file, const Segments& segments, const Entries& entries) {
    for (const Table& table : kTables) {
        if (entries.count(table.address) == 0) continue;
        const std::uint64_t address = value_of(entries, table.address);
        const std::uint64_t size = table.size == 0 ? table.least : value_of(entries, table.size);
        std::uint64_t offset = 0;
        if (address % table.alignment != 0 || size % table.unit != 0 || size < table.least ||
            !segments.offset_of(address, size, offset)) {
            refuse_entry(file, table.name, address, "which is no place for that table");
        }
    }
}

void check_constants(const Bytes& file, const Entries& entries) {
    for (const Constant& constant : kConstants) {
        const auto entry = entries.find(constant.tag);
        if (entry != entries.end() && entry->second != constant.value) {
            refuse_entry(file, constant.name, entry->second, "which is no value for it");
        }
    }
    for (const Need& need : kNeeds) {
        if (entries.count(need.tag) != 0 && entries.count(need.needed) == 0) {
            file.refuse_damaged(std::string("its dynamic section has ") + need.found_and_missing);
        }
    }
    if (entries.count(DT_STRTAB) == 0 || entries.count(DT_SYMTAB) == 0) {
        file.refuse_damaged("its dynamic section has no strings or no symbols");
    }
    // How many relocations, from the first, are relative: the dynamic linker believes it.
    const std::uint64_t relative = value_of(entries, DT_RELACOUNT);
    if (relative > value_of(entries, DT_RELASZ) / sizeof(Elf64_Rela)) {
        refuse_entry(file, "DT_RELACOUNT", relative, "more than there are relocations");
    }
    const bool versions = entries.count(DT_VERNEED) != 0 || entries.count(DT_VERDEF) != 0;
    if (entries.count(DT_VERSYM) != 0 && !versions) {
        file.refuse_damaged("its dynamic section has versions of symbols and no names for them");
    }
}

/// Code that runs at opening and at exit, and the table that imported functions are called through.
void check_code(const Bytes& file, const Segments& segments, const Entries& entries) {
    for (const auto& [tag, name] : {std::pair{DT_INIT, "DT_INIT"}, {DT_FINI, "DT_FINI"}}) {
        const std::uint64_t address = value_of(entries, tag);
        std::uint64_t offset = 0;
        if (address != 0 &&
            (!segments.load(address, 1, PF_X) || !segments.offset_of(address, 1, offset))) {
            refuse_entry(file, name, address, "which is not in its code");
        }
    }
    // The dynamic linker writes three words there.
    const std::uint64_t calls = value_of(entries, DT_PLTGOT);
    if (calls != 0 && !segments.load(calls, 24, PF_W)) {
        refuse_entry(file, "DT_PLTGOT", calls, "which is in none of its writable segments");
    }
}

/// Relocations write: their targets lie in a segment that may be written, or in any where the file
/// asks for relocations of its code.
class Targets {
  public:
    Targets(const Bytes& file, const Segments& segments, const Entries& entries)
        : file_(file), segments_(segments) {
        const bool in_code =
            entries.count(DT_TEXTREL) != 0 || (value_of(entries, DT_FLAGS) & DF_TEXTREL) != 0;
        flags_ = in_code ? 0 : PF_W;
    }

    void check(std::uint64_t address) const {
        if (segments_.load(address, 1, flags_)) return;
        refuse_entry(file_, "the target of a relocation", address,
                     "which is in none of its writable segments");
    }

    void check_all(const std::vector<Elf64_Rela>& relocations) const {
        for (const Elf64_Rela& relocation : relocations) {
            // Type 0 does nothing, on every machine: linkers leave it where they dropped one.
            if (ELF64_R_TYPE(relocation.r_info) != 0) check(relocation.r_offset);
        }
    }

    /// Packed ones: an even entry is an address, an odd one a set of words behind the last address.
    void check_all(const std::vector<Elf64_Relr>& relocations) const {
        std::uint64_t at = 0;
        for (const Elf64_Relr entry : relocations) {
            if (entry % 2 == 0) {
                check(entry);
                at = entry + 8;
                continue;
            }
            if (entry != 1) check(at + (std::bit_width(entry) - 2) * 8); // the last one of the set
            at += std::uint64_t{63} * 8;
        }
    }

  private:
    const Bytes& file_;
    const Segments& segments_;
    Elf64_Word flags_;
};

template <typename Relocation>
void check_relocations(const Bytes& file, const Segments& segments, const Entries& entries,
                       Elf64_Sxword table, Elf64_Sxword bytes) {
    const std::uint64_t size = value_of(entries, bytes);
    std::uint64_t offset = 0;
    if (size == 0 || !segments.offset_of(value_of(entries, table), size, offset)) return;
    Targets(file, segments, entries)
        .check_all(file.read<Relocation>(offset, size / sizeof(Relocation)));
}

/// Names: offsets into the strings, which end in a zero byte.
void check_names(const Bytes& file, const Segments& segments, const Entries& entries,
                 const std::vector<Elf64_Dyn>& dynamic) {
    const std::uint64_t size = value_of(entries, DT_STRSZ);
    for (const Elf64_Dyn& entry : dynamic) {
        const bool names = entry.d_tag == DT_NEEDED || entry.d_tag == DT_SONAME ||
                           entry.d_tag == DT_RPATH || entry.d_tag == DT_RUNPATH;
        if (names && entry.d_un.d_val >= size) {
            refuse_entry(file, "a name", entry.d_un.d_val, "which is behind the last string");
        }
    }
    std::uint64_t offset = 0;
    const std::uint64_t last = value_of(entries, DT_STRTAB) + size - 1;
    if (!segments.offset_of(last, 1, offset) || file.read<char>(offset, 1).front() != '\0') {
        file.refuse_damaged("its strings do not end in a zero byte");
    }
}

} // namespace

void check_dynamic(const Bytes& file, const Segments& segments, const Elf64_Phdr& dynamic) {
    // The dynamic linker reads what is mapped at the address, not what stands at the file offset.
    const std::uint64_t count = dynamic.p_memsz / sizeof(Elf64_Dyn);
    std::uint64_t offset = 0;
    if (dynamic.p_vaddr % alignof(Elf64_Dyn) != 0 ||
        !segments.offset_of(dynamic.p_vaddr, dynamic.p_memsz, offset) ||
        offset != dynamic.p_offset) {
        file.refuse_damaged("its dynamic section is in none of its segments");
    }
    if ((dynamic.p_flags & PF_W) != 0 && !segments.load(dynamic.p_vaddr, 1, PF_W)) {
        file.refuse_damaged("its dynamic section is to be written to, and cannot be");
    }
    std::vector<Elf64_Dyn> table = file.read<Elf64_Dyn>(offset, count);
    Entries entries;
    std::size_t used = 0;
    for (; used < table.size() && table[used].d_tag != DT_NULL; ++used) {
        entries[table[used].d_tag] = table[used].d_un.d_val;
    }
    if (used == table.size()) file.refuse_damaged("its dynamic section has no end");
    table.resize(used);
    check_constants(file, entries);
    check_tables(file, segments, entries);
    check_code(file, segments, entries);
    check_relocations<Elf64_Rela>(file, segments, entries, DT_RELA, DT_RELASZ);
    check_relocations<Elf64_Rela>(file, segments, entries, DT_JMPREL, DT_PLTRELSZ);
    check_relocations<Elf64_Relr>(file, segments, entries, DT_RELR, DT_RELRSZ);
    check_names(file, segments, entries, table);
}

} // namespace hpystate::elf
