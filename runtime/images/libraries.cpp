/// runtime/images/libraries.cpp: reads DT_NEEDED, DT_RPATH, DT_RUNPATH and DT_SONAME.
#include "runtime/images/libraries.h"

#include "runtime/elf/dynamic.h"
#include "runtime/elf/symbols.h"

#include <algorithm>
#include <cstring>
#include <elf.h>
#include <string_view>
#include <sys/stat.h>

namespace hpystate::images {

namespace {

/// The text at an offset of the file's string table; "" outside of it.
std::string text_at(const std::vector<char>& strings, std::uint64_t offset) {
    if (offset >= strings.size()) return "";
    return {strings.data() + offset, strnlen(strings.data() + offset, strings.size() - offset)};
}

std::vector<char> strings_of(const elf::Dynamic& dynamic) {
    return dynamic.object().at<char>(dynamic.address(DT_STRTAB), dynamic.value(DT_STRSZ));
}

void replace_all(std::string& text, std::string_view from, const std::string& to) {
    for (std::size_t at = text.find(from); at != std::string::npos;
         at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

/// The folders that the file names itself. RUNPATH takes the place of RPATH.
std::vector<std::string> folders_of(const elf::Dynamic& dynamic, const std::vector<char>& strings,
                                    const std::string& path) {
    const Elf64_Sxword tag = dynamic.has(DT_RUNPATH) ? DT_RUNPATH : DT_RPATH;
    if (!dynamic.has(tag)) return {};
    const std::string all = text_at(strings, dynamic.value(tag));
    const std::string origin = path.substr(0, path.rfind('/'));
    std::vector<std::string> folders;
    for (std::size_t begin = 0; begin <= all.size();) {
        const std::size_t end = std::min(all.find(':', begin), all.size());
        std::string folder = all.substr(begin, end - begin);
        begin = end + 1;
        replace_all(folder, "${ORIGIN}", origin);
        replace_all(folder, "$ORIGIN", origin);
        // $LIB and $PLATFORM are left to the dynamic linker, which knows what they are here.
        if (!folder.empty() && folder.find('$') == std::string::npos) folders.push_back(folder);
    }
    return folders;
}

bool is_file(const std::string& path) noexcept {
    struct stat info {};
    return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

} // namespace

std::vector<Needed> needed_by(const elf::Object& object, const std::string& path) {
    const elf::Dynamic dynamic(object);
    const std::vector<char> strings = strings_of(dynamic);
    const std::vector<std::string> folders = folders_of(dynamic, strings, path);
    std::vector<Needed> all;
    for (const Elf64_Dyn& entry : dynamic.entries()) {
        if (entry.d_tag != DT_NEEDED) continue;
        Needed needed{text_at(strings, entry.d_un.d_val), ""};
        for (const std::string& folder : folders) {
            std::string candidate = folder + "/" + needed.name;
            if (!is_file(candidate)) continue;
            needed.path = std::move(candidate);
            break;
        }
        all.push_back(std::move(needed));
    }
    return all;
}

std::string soname_of(const elf::Object& object) {
    const elf::Dynamic dynamic(object);
    if (!dynamic.has(DT_SONAME)) return "";
    return text_at(strings_of(dynamic), dynamic.value(DT_SONAME));
}

bool uses_python(const elf::Object& object) {
    const elf::Symbols symbols = elf::dynamic_symbols(object);
    const auto entries = symbols.entries();
    return std::any_of(entries.begin(), entries.end(), [&](const Elf64_Sym& symbol) {
        const std::string_view name = symbols.name_of(symbol);
        return symbol.st_shndx == SHN_UNDEF && (name.starts_with("Py") || name.starts_with("_Py"));
    });
}

} // namespace hpystate::images
