/// runtime/elf/symbol_name.cpp: asks the dynamic linker for the file, and the file for the name.
#include "runtime/elf/symbol_name.h"

#include "globals/registry.h"
#include "runtime/elf/object.h"
#include "runtime/elf/symbols.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <dlfcn.h>
#include <optional>

namespace hpystate {

namespace {

std::string hexadecimal(std::uintptr_t number) {
    std::array<char, 24> text{};
    static_cast<void>(std::snprintf(text.data(), text.size(), "0x%zx", number));
    return text.data();
}

} // namespace

std::string variable_at(const std::string& path, std::uintptr_t offset) try {
    const elf::Object file(path);
    const elf::Symbols symbols = elf::section_symbols(file);
    const Elf64_Sym* const variable = symbols.variable_at(offset);
    return variable == nullptr ? "" : std::string(symbols.name_of(*variable));
} catch (const elf::Error&) {
    return "";
}

std::vector<std::string> exported_functions(const std::string& path, std::string_view prefix) try {
    const elf::Object file(path);
    const elf::Symbols symbols = elf::dynamic_symbols(file);
    std::vector<std::string> found;
    for (const Elf64_Sym& symbol : symbols.entries()) {
        const std::string_view name = symbols.name_of(symbol);
        if (elf::defines(symbol, STT_FUNC) && name.starts_with(prefix))
            found.emplace_back(name.substr(prefix.size()));
    }
    std::sort(found.begin(), found.end());
    return found;
} catch (const elf::Error&) {
    return {};
}

bool takes_from_others(const std::string& path, std::string_view prefix) try {
    const elf::Object file(path);
    const elf::Symbols symbols = elf::dynamic_symbols(file);
    const auto entries = symbols.entries();
    return std::any_of(entries.begin(), entries.end(), [&](const Elf64_Sym& symbol) {
        return symbol.st_shndx == SHN_UNDEF && symbols.name_of(symbol).starts_with(prefix);
    });
} catch (const elf::Error&) {
    return false;
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
