/// runtime/elf/image_dynamic.cpp: checks the addresses, sizes and offsets in the dynamic section
/// against the segments.
#include "runtime/elf/image_dynamic.h"

#include "runtime/elf/dynamic.h"
#include "runtime/elf/relocations.h"

#include <bit>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hpystate::elf {

namespace {

/// A table, and the entries with its address and size.
struct Table {
    const char* name;
    Elf64_Sxword address;
    Elf64_Sxword size;       ///< the entry with its size; 0: there is none, `least` is used
    std::uint64_t least;     ///< its size is at least this
    std::uint64_t alignment; ///< its address is a multiple of this
    std::uint64_t unit;      ///< its size is a multiple of this
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

/// An entry that needs another one.
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

/// `problem` follows the value: ", which is ..." or "; expected ...".
[[noreturn]] void refuse_entry(const char* name, std::uint64_t value, const std::string& problem) {
    refuse_damaged(std::string(name) + " of its dynamic section is " + hexadecimal(value) +
                   problem);
}

[[noreturn]] void refuse_table(const Table& table, std::uint64_t address, std::uint64_t size) {
    refuse_entry(table.name, address,
                 ", a table of " + std::to_string(size) + " bytes; expected a multiple of " +
                     std::to_string(table.alignment) + ", and a table of at least " +
                     std::to_string(table.least) + " bytes, a multiple of " +
                     std::to_string(table.unit) + ", inside a loaded segment");
}

void check_tables(const Segments& segments, const Dynamic& dynamic) {
    for (const Table& table : kTables) {
        if (!dynamic.has(table.address)) continue;
        const std::uint64_t address = dynamic.value(table.address);
        const std::uint64_t size = table.size == 0 ? table.least : dynamic.value(table.size);
        if (address % table.alignment != 0 || size % table.unit != 0 || size < table.least ||
            !segments.offset_of(address, size)) {
            refuse_table(table, address, size);
        }
    }
}

void check_constants(const Dynamic& dynamic) {
    for (const Constant& constant : kConstants) {
        const std::uint64_t value = dynamic.value(constant.tag);
        if (dynamic.has(constant.tag) && value != constant.value) {
            refuse_entry(constant.name, value, "; expected " + hexadecimal(constant.value));
        }
    }
    for (const Need& need : kNeeds) {
        if (dynamic.has(need.tag) && !dynamic.has(need.needed)) {
            refuse_damaged(std::string("its dynamic section has ") + need.found_and_missing);
        }
    }
    if (!dynamic.has(DT_STRTAB) || !dynamic.has(DT_SYMTAB)) {
        refuse_damaged("its dynamic section lacks DT_STRTAB or DT_SYMTAB");
    }
    // How many relocations, from the first on, are relative: the dynamic linker trusts it.
    const std::uint64_t relative = dynamic.value(DT_RELACOUNT);
    const std::uint64_t most = dynamic.value(DT_RELASZ) / sizeof(Elf64_Rela);
    if (relative > most) {
        refuse_entry("DT_RELACOUNT", relative,
                     "; expected at most " + hexadecimal(most) + ", the number of relocations");
    }
    const bool versions = dynamic.has(DT_VERNEED) || dynamic.has(DT_VERDEF);
    if (dynamic.has(DT_VERSYM) && !versions) {
        refuse_damaged("its dynamic section has DT_VERSYM without DT_VERNEED or DT_VERDEF");
    }
}

/// Code that runs at opening and at exit, and the table that imported functions are called through.
void check_code(const Segments& segments, const Dynamic& dynamic) {
    for (const auto& [tag, name] : {std::pair{DT_INIT, "DT_INIT"}, {DT_FINI, "DT_FINI"}}) {
        const std::uint64_t address = dynamic.value(tag);
        if (address != 0 &&
            (segments.around(address, 1, PF_X) == nullptr || !segments.offset_of(address, 1))) {
            refuse_entry(name, address, ", which is outside its code");
        }
    }
    // The dynamic linker writes three words there.
    const std::uint64_t calls = dynamic.value(DT_PLTGOT);
    if (calls != 0 && segments.around(calls, 24, PF_W) == nullptr) {
        refuse_entry("DT_PLTGOT", calls, ", which is outside its writable segments");
    }
}

/// Relocations write to memory: their targets must be in a writable segment, or in any segment if
/// the file asks for relocations of its code.
class Targets {
  public:
    explicit Targets(const Dynamic& dynamic) : segments_(dynamic.object().segments()) {
        const bool in_code = dynamic.has(DT_TEXTREL) || (dynamic.value(DT_FLAGS) & DF_TEXTREL) != 0;
        flags_ = in_code ? 0 : PF_W;
    }

    void check(std::uint64_t address) const {
        if (segments_.around(address, 1, flags_) != nullptr) return;
        refuse_entry("the target of a relocation", address,
                     ", which is outside its writable segments");
    }

    void check_all(const std::vector<Elf64_Rela>& relocations) const {
        for (const Elf64_Rela& relocation : relocations) {
            // Type 0 does nothing, on every machine: linkers leave it where they dropped one.
            if (ELF64_R_TYPE(relocation.r_info) != 0) check(relocation.r_offset);
        }
    }

    /// Of a packed set only the last word is checked.
    void check_all(const std::vector<Elf64_Relr>& packed) const {
        walk_packed(packed, [this](std::uint64_t address, std::uint64_t set) {
            if (set != 0) check(address + (std::bit_width(set) - 1) * 8);
        });
    }

  private:
    const Segments& segments_;
    Elf64_Word flags_;
};

/// Names: offsets into the strings, which end in a zero byte.
void check_names(const Dynamic& dynamic) {
    const std::uint64_t size = dynamic.value(DT_STRSZ);
    for (const Elf64_Dyn& entry : dynamic.entries()) {
        const bool names = entry.d_tag == DT_NEEDED || entry.d_tag == DT_SONAME ||
                           entry.d_tag == DT_RPATH || entry.d_tag == DT_RUNPATH;
        if (names && entry.d_un.d_val >= size) {
            refuse_entry("a name", entry.d_un.d_val, ", which is past the end of its strings");
        }
    }
    const std::uint64_t last = dynamic.value(DT_STRTAB) + size - 1;
    const Object& file = dynamic.object();
    if (!file.position_of(last, 1) || file.one_at<char>(last) != '\0') {
        refuse_damaged("its strings do not end in a zero byte");
    }
}

} // namespace

void check_dynamic(const Object& file) {
    const Dynamic dynamic(file);
    const Segments& segments = file.segments();
    check_constants(dynamic);
    check_tables(segments, dynamic);
    check_code(segments, dynamic);
    const Targets targets(dynamic);
    targets.check_all(dynamic.table<Elf64_Rela>(DT_RELA, DT_RELASZ));
    targets.check_all(dynamic.table<Elf64_Rela>(DT_JMPREL, DT_PLTRELSZ));
    targets.check_all(dynamic.table<Elf64_Relr>(DT_RELR, DT_RELRSZ));
    check_names(dynamic);
}

} // namespace hpystate::elf
