/// runtime/elf/symbol_name.cpp: a careful look into a file's .symtab.
#include "runtime/elf/symbol_name.h"

#include "globals/registry.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>
#include <vector>

namespace hpystate {

namespace {

/// The bytes of a file; structures are read out of it only where they lie inside.
class Bytes {
  public:
    explicit Bytes(const std::string& path) {
        std::error_code error;
        const std::uintmax_t size = std::filesystem::file_size(path, error); // a folder has none
        if (error || size == 0) return;
        bytes_.resize(size);
        std::ifstream file(path, std::ios::binary);
        file.read(bytes_.data(), static_cast<std::streamsize>(size));
        bytes_.resize(static_cast<std::size_t>(file.gcount()));
    }

    template <typename Struct>
    [[nodiscard]] std::optional<Struct> at(std::uint64_t offset) const {
        if (offset > bytes_.size() || sizeof(Struct) > bytes_.size() - offset) return std::nullopt;
        Struct value;
        std::memcpy(&value, bytes_.data() + offset, sizeof(value));
        return value;
    }

    /// The characters up to the next 0.
    [[nodiscard]] std::string text(std::uint64_t offset) const {
        if (offset >= bytes_.size()) return "";
        return std::string(bytes_.data() + offset,
                           strnlen(bytes_.data() + offset, bytes_.size() - offset));
    }

  private:
    std::vector<char> bytes_;
};

/// The variable of a symbol table that holds `address`; "" without one.
std::string find_variable(const Bytes& file, const Elf64_Shdr& table, const Elf64_Shdr& strings,
                          std::uint64_t address) {
    for (std::uint64_t at = 0; at + sizeof(Elf64_Sym) <= table.sh_size; at += sizeof(Elf64_Sym)) {
        const auto symbol = file.at<Elf64_Sym>(table.sh_offset + at);
        if (!symbol) break;
        if (ELF64_ST_TYPE(symbol->st_info) != STT_OBJECT || symbol->st_shndx == SHN_UNDEF) continue;
        if (address < symbol->st_value || address - symbol->st_value >= symbol->st_size) continue;
        return file.text(strings.sh_offset + symbol->st_name);
    }
    return "";
}

/// A symbol table of the file and its strings.
struct Symbols {
    Elf64_Shdr table;
    Elf64_Shdr strings;
};

/// The first table of that type (SHT_SYMTAB, SHT_DYNSYM).
std::optional<Symbols> symbols_of(const Bytes& file, Elf64_Word type) {
    const auto header = file.at<Elf64_Ehdr>(0);
    const bool good = header && std::memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 &&
                      header->e_shentsize == sizeof(Elf64_Shdr);
    for (unsigned i = 0; good && i < header->e_shnum; ++i) {
        const auto section = file.at<Elf64_Shdr>(header->e_shoff + i * sizeof(Elf64_Shdr));
        if (!section || section->sh_type != type) continue;
        const auto strings =
            file.at<Elf64_Shdr>(header->e_shoff + section->sh_link * sizeof(Elf64_Shdr));
        if (strings) return Symbols{*section, *strings};
    }
    return std::nullopt;
}

std::string hexadecimal(std::uintptr_t number) {
    std::array<char, 24> text{};
    static_cast<void>(std::snprintf(text.data(), text.size(), "0x%zx", number));
    return text.data();
}

} // namespace

std::string variable_at(const std::string& path, std::uintptr_t offset) {
    const Bytes file(path);
    const auto symbols = symbols_of(file, SHT_SYMTAB);
    return symbols ? find_variable(file, symbols->table, symbols->strings, offset) : "";
}

std::vector<std::string> exported_functions(const std::string& path, std::string_view prefix) {
    const Bytes file(path);
    const auto symbols = symbols_of(file, SHT_DYNSYM);
    std::vector<std::string> found;
    const std::uint64_t size = symbols ? symbols->table.sh_size : 0;
    for (std::uint64_t at = 0; at + sizeof(Elf64_Sym) <= size; at += sizeof(Elf64_Sym)) {
        const auto symbol = file.at<Elf64_Sym>(symbols->table.sh_offset + at);
        if (!symbol) break;
        if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || symbol->st_shndx == SHN_UNDEF) continue;
        const std::string name = file.text(symbols->strings.sh_offset + symbol->st_name);
        if (name.starts_with(prefix)) found.push_back(name.substr(prefix.size()));
    }
    std::sort(found.begin(), found.end());
    return found;
}

AddressName name_of_address(const void* address) {
    Dl_info info{};
    if (dladdr(address, &info) == 0 || info.dli_fname == nullptr) return {};
    AddressName name;
    name.file = info.dli_fname;
    name.offset = reinterpret_cast<std::uintptr_t>(address) -
                  reinterpret_cast<std::uintptr_t>(info.dli_fbase);
    name.symbol = variable_at(name.file, name.offset);
    return name;
}

std::string describe_slot(std::uintptr_t token) {
    if (token == 0) return "a global that was never stored and that no imported module lists";
    const AddressName name = name_of_address(reinterpret_cast<const void*>(token));
    const std::optional<SlotInfo> info = registry().find(Token(token));
    const std::string file = name.file.substr(name.file.rfind('/') + 1);
    const std::string place =
        file.empty() ? "at " + hexadecimal(token) : file + "+" + hexadecimal(name.offset);
    const std::string symbol = name.symbol.empty() ? "" : name.symbol + ", ";
    if (!info || !info->listed()) return symbol + "a global that no module lists (" + place + ")";
    return symbol + "globals[" + std::to_string(info->index) + "] of module " +
           info->owner->module + " (" + place + ")";
}

} // namespace hpystate
