/// runtime/elf/origin.cpp: asks the dynamic linker which object contains an address, and what a
/// name is bound to.
#include "runtime/elf/origin.h"

#include "runtime/elf/loaded.h"

#include <dlfcn.h>

namespace hpystate {

namespace {

/// The program headers of the object that contains an address; they identify it. nullptr: none.
[[nodiscard]] const void* headers_around(const void* address) noexcept {
    const auto loaded = elf::find_loaded(address);
    return loaded ? loaded->segments.headers.data() : nullptr;
}

/// Whether `symbol`, looked up from the file around `own`, is at `address`: in that file or the
/// libraries that it was linked with, so no other file took its place.
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
    return (symbol.empty() ? "is code of " + where : "is '" + symbol + "' of " + where) +
           ", not of this extension: the dynamic linker searches that file first and found a "
           "symbol "
           "of the same name there. Compile the extension with -fvisibility=hidden, or rename the "
           "definition.";
}

OwnFile::OwnFile(const void* own, const void* other) noexcept : file_(headers_around(own)) {
    if (file_ == nullptr) file_ = headers_around(other);
}

std::optional<Stranger> OwnFile::stranger_at(const void* address) const {
    if (file_ == nullptr) return std::nullopt;
    const auto place = elf::find_loaded(address);
    if (!place || place->segments.headers.data() == file_) return std::nullopt;
    Dl_info found{};
    if (dladdr(address, &found) == 0) return std::nullopt;
    const bool named = found.dli_sname != nullptr && found.dli_saddr == address &&
                       dlsym(RTLD_DEFAULT, found.dli_sname) == address &&
                       !is_meant(found.dli_sname, address, file_);
    // Code without a name counts too: some functions of libc and libm have several bodies, and only
    // one has a name that others can use.
    if (!named && (place->segment.p_flags & PF_X) == 0) return std::nullopt;
    return Stranger{found.dli_fname != nullptr ? found.dli_fname : "",
                    named ? found.dli_sname : ""};
}

} // namespace hpystate
