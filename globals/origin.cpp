/// globals/origin.cpp: asks the dynamic linker where an address lies, and whom its name leads to.
#include "globals/origin.h"

#include <cstdint>
#include <dlfcn.h>
#include <link.h>

namespace hpystate {

namespace {

/// An address, and whether a segment with code was found around it.
struct Search {
    std::uintptr_t address;
    bool in_code;
};

int look_into(dl_phdr_info* file, std::size_t, void* data) noexcept {
    auto& search = *static_cast<Search*>(data);
    for (unsigned i = 0; i < file->dlpi_phnum; ++i) {
        const ElfW(Phdr)& segment = file->dlpi_phdr[i];
        const std::uintptr_t offset = search.address - file->dlpi_addr - segment.p_vaddr;
        if (segment.p_type != PT_LOAD || offset >= segment.p_memsz) continue;
        search.in_code = (segment.p_flags & PF_X) != 0;
        return 1;
    }
    return 0;
}

bool lies_in_code(const void* address) noexcept {
    Search search{reinterpret_cast<std::uintptr_t>(address), false};
    static_cast<void>(dl_iterate_phdr(&look_into, &search));
    return search.in_code;
}

const void* base_of(const void* address) noexcept {
    Dl_info found{};
    return dladdr(address, &found) != 0 ? found.dli_fbase : nullptr;
}

} // namespace

std::string Stranger::text() const {
    const std::string where = file.empty() ? "the program" : file;
    return (symbol.empty() ? "lies in the code of " + where : "is '" + symbol + "' of " + where) +
           ", not in this extension: the dynamic linker looks there first for a symbol of that "
           "name. Compile the extension with -fvisibility=hidden, or rename the definition.";
}

OwnFile::OwnFile(const void* own, const void* other) noexcept
    : base_(base_of(own) != nullptr ? base_of(own) : base_of(other)) {}

std::optional<Stranger> OwnFile::stranger_at(const void* address) const {
    Dl_info found{};
    if (base_ == nullptr || dladdr(address, &found) == 0) return std::nullopt;
    if (found.dli_fbase == base_) return std::nullopt;
    const bool named = found.dli_sname != nullptr && found.dli_saddr == address &&
                       dlsym(RTLD_DEFAULT, found.dli_sname) == address;
    // Some functions of libc and libm have several bodies, which have no name for others.
    if (!named && !lies_in_code(address)) return std::nullopt;
    return Stranger{found.dli_fname != nullptr ? found.dli_fname : "",
                    named ? found.dli_sname : ""};
}

} // namespace hpystate
