/// loader/library.cpp: dlopen, after a look at the file.
#include "loader/library.h"

#include "loader/error.h"
#include "loader/image.h"

#include <algorithm>
#include <cerrno>
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <new>

namespace hpystate {

Library Library::open(const std::string& path) {
    check_image(path);
    // A name without a slash would be searched for in the system's folders.
    const std::string named = path.find('/') == std::string::npos ? "./" + path : path;
    void* const open_before = dlopen(named.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
    if (open_before != nullptr) return {open_before, path, true}; // counted, as by the call below
    errno = 0;
    void* const handle = dlopen(named.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle != nullptr) return {handle, path, false};
    const bool no_memory = errno == ENOMEM; // its messages say so only now and then
    // NOLINTNEXTLINE(concurrency-mt-unsafe): glibc keeps the message for each thread
    const char* const error = dlerror();
    if (no_memory) throw std::bad_alloc();
    const std::string reason = error != nullptr ? error : "the dynamic linker gave no reason";
    throw LoadError(LoadErrorKind::kOpenFailed,
                    path + ": the dynamic linker refused it: " + reason +
                        ". Check that the libraries it needs are installed and that it was linked "
                        "with everything it uses.",
                    {{"reason", reason}});
}

void* Library::symbol(const std::string& name) const noexcept {
    return dlsym(handle_, name.c_str());
}

void* Library::function(const std::string& name) const {
    void* const address = symbol(name);
    if (address == nullptr) return nullptr;
    Dl_info info{};
    void* entry = nullptr;
    const bool known = dladdr1(address, &info, &entry, RTLD_DL_SYMENT) != 0;
    const auto* const found = static_cast<const ElfW(Sym)*>(entry);
    // The entry is of the nearest symbol below, which may be another one where sizes overlap.
    const bool named = known && found != nullptr && info.dli_saddr == address;
    if (known && (!named || ELF64_ST_TYPE(found->st_info) != STT_OBJECT)) return address;
    throw LoadError(
        LoadErrorKind::kNotAFunction,
        path_ + ": the symbol " + name +
            " is a variable; a function was expected. Was it declared with HPy's macros?",
        {{"symbol", name}});
}

std::string short_name_of(std::string_view module, std::string_view path) {
    constexpr std::size_t kLongest = 200; // what HPy's own loader looks at
    const std::size_t dot = module.rfind('.');
    std::string name(dot == std::string_view::npos ? module : module.substr(dot + 1));
    const bool ascii = std::all_of(name.begin(), name.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    if (name.empty() || !ascii) {
        throw LoadError(
            LoadErrorKind::kBadName,
            std::string(path) + ": the module name '" + std::string(module) +
                "' does not end in an ASCII name. HPy derives the names of the functions "
                "that a file exports from it; rename the module.",
            {{"module", std::string(module)}});
    }
    std::replace(name.begin(), name.end(), '-', '_');
    name.resize(std::min(name.size(), kLongest));
    return name;
}

} // namespace hpystate
