/// runtime/elf/origin.cpp: asks the dynamic linker where an address lies, and whom its name leads
/// to.
#include "runtime/elf/origin.h"

#include <cstdint>
#include <dlfcn.h>
#include <link.h>

namespace hpystate {

namespace {

/// An address, and what was found around it.
struct Search {
    std::uintptr_t address;
    const void* file; ///< its program headers; null: the address lies in no file
    bool in_code;     ///< in a segment with code
};

int look_into(dl_phdr_info* file, std::size_t, void* data) noexcept {
    auto& search = *static_cast<Search*>(data);
    for (unsigned i = 0; i < file->dlpi_phnum; ++i) {
        const ElfW(Phdr)& segment = file->dlpi_phdr[i];
        const std::uintptr_t offset = search.address - file->dlpi_addr - segment.p_vaddr;
        if (segment.p_type != PT_LOAD || offset >= segment.p_memsz) continue;
        search.file = file->dlpi_phdr;
        search.in_code = (segment.p_flags & PF_X) != 0;
        return 1;
    }
    return 0;
}

/// Unlike dladdr it looks at no symbol, of which a file may have thousands.
Search look_around(const void* address) noexcept {
    Search search{reinterpret_cast<std::uintptr_t>(address), nullptr, false};
    static_cast<void>(dl_iterate_phdr(&look_into, &search));
    return search;
}

/// Whether the file around `own`, and then the libraries that it was linked with, have that very
/// symbol: nobody else's took its place.
bool is_meant(const char* symbol, const void* address, const void* own) noexcept {
    Dl_info ours{};
    if (dladdr(own, &ours) == 0 || ours.dli_fname == nullptr) return false;
    void* const file = dlopen(ours.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
    if (file == nullptr) return false;
    const bool meant = dlsym(file, symbol) == address;
    dlclose(file);
    return meant;
}

} // namespace

std::string Stranger::text() const {
    const std::string where = file.empty() ? "the program" : file;
    return (symbol.empty() ? "lies in the code of " + where : "is '" + symbol + "' of " + where) +
           ", not in this extension: the dynamic linker looks there first for a symbol of that "
           "name. Compile the extension with -fvisibility=hidden, or rename the definition.";
}

OwnFile::OwnFile(const void* own, const void* other) noexcept : file_(look_around(own).file) {
    if (file_ == nullptr) file_ = look_around(other).file;
}

std::optional<Stranger> OwnFile::stranger_at(const void* address) const {
    if (file_ == nullptr) return std::nullopt;
    const Search place = look_around(address);
    if (place.file == nullptr || place.file == file_) return std::nullopt;
    Dl_info found{};
    if (dladdr(address, &found) == 0) return std::nullopt;
    const bool named = found.dli_sname != nullptr && found.dli_saddr == address &&
                       dlsym(RTLD_DEFAULT, found.dli_sname) == address &&
                       !is_meant(found.dli_sname, address, file_);
    // Some functions of libc and libm have several bodies, which have no name for others.
    if (!named && !place.in_code) return std::nullopt;
    return Stranger{found.dli_fname != nullptr ? found.dli_fname : "",
                    named ? found.dli_sname : ""};
}

} // namespace hpystate
