/// loader/library.cpp: dlopen, after a look at the file.
#include "loader/library.h"

#include "loader/error.h"
#include "loader/image.h"

#include <algorithm>
#include <dlfcn.h>

namespace hpystate {

Library Library::open(const std::string& path) {
    check_image(path);
    // A name without a slash would be searched for in the system's folders.
    const std::string named = path.find('/') == std::string::npos ? "./" + path : path;
    void* const handle = dlopen(named.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle != nullptr) return Library(handle);
    // NOLINTNEXTLINE(concurrency-mt-unsafe): glibc keeps the message for each thread
    const char* const error = dlerror();
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
