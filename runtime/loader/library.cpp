/// runtime/loader/library.cpp: checks the file, then opens it with dlopen.
#include <Python.h>

#include "runtime/loader/library.h"

#include "runtime/elf/error.h"
#include "runtime/elf/image.h"
#include "runtime/loader/error.h"
#include "runtime/loader/file_tag.h"

#include <algorithm>
#include <cerrno>
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <new>
#include <utility>

namespace hpystate {

namespace {

/// The symbol that the dynamic linker did not find; "" if the message is about something else.
std::string undefined_symbol(std::string_view reason) {
    constexpr std::string_view kMark = "undefined symbol: ";
    const std::size_t at = reason.find(kMark);
    if (at == std::string_view::npos) return "";
    reason.remove_prefix(at + kMark.size());
    return std::string(reason.substr(0, reason.find_first_of(" ,;")));
}

/// What to do about a file that the dynamic linker refused.
std::string advice_for(const std::string& path, std::string_view reason) {
    const std::string symbol = undefined_symbol(reason);
    const std::string_view begin(symbol);
    if (symbol == "_ctx_for_trampolines") {
        const std::string file = path.substr(path.rfind('/') + 1); // all of it without a '/'
        return "The macro HPy_MODINIT, which defines that symbol, is missing: write HPy_MODINIT(" +
               file.substr(0, file.find('.')) +
               ", definition) in one source file, with the module's HPyModuleDef.";
    }
    if (begin.starts_with("HPy") || begin.starts_with("_HPy")) {
        return "That is a helper of HPy's, which is compiled into each extension: compile and link "
               "hpy/src/*.c of the folder that `python -m hpystate --include-dir` prints.";
    }
    if (begin.starts_with("Py") || begin.starts_with("_Py")) {
        return "This Python " PY_VERSION " does not have that function of the C API: build the "
               "extension for it, or for HPy's universal ABI, which needs none.";
    }
    return "Check that the libraries it needs are installed and that it was linked with everything "
           "it uses.";
}

[[nodiscard]] constexpr LoadErrorKind kind_of(elf::Fault fault) noexcept {
    switch (fault) {
    case elf::Fault::kMissing:
        return LoadErrorKind::kMissingFile;
    case elf::Fault::kUnreadable:
        return LoadErrorKind::kOpenFailed;
    case elf::Fault::kNotSharedObject:
        return LoadErrorKind::kNotSharedObject;
    case elf::Fault::kOtherMachine:
        return LoadErrorKind::kOtherMachine;
    case elf::Fault::kTruncated:
        return LoadErrorKind::kTruncated;
    }
    return LoadErrorKind::kNotSharedObject;
}

/// Checks the file before the dynamic linker maps it. Throws LoadError.
void check_file(const std::string& path) try {
    elf::check_image(path);
} catch (const elf::Error& error) {
    throw LoadError(kind_of(error.fault()),
                    path + ": cannot be loaded: " + error.found() + ". " + error.advice(),
                    {{"reason", error.found()}});
}

} // namespace

Library Library::open(const std::string& path, const std::string& name, const FileTag& tag) {
    check_file(path);
    // Before the dynamic linker, which would only name a function that this Python does not have.
    check_python(path, name, tag);
    // A name without a slash would be searched for in the system's folders.
    const std::string named = path.find('/') == std::string::npos ? "./" + path : path;
    errno = 0;
    void* const handle = dlopen(named.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle != nullptr) return {handle, path};
    const bool no_memory = errno == ENOMEM; // its messages do not always tell
    // NOLINTNEXTLINE(concurrency-mt-unsafe): glibc keeps the message for each thread
    const char* const error = dlerror();
    if (no_memory) throw std::bad_alloc();
    const std::string reason = error != nullptr ? error : "the dynamic linker gave no reason";
    throw LoadError(LoadErrorKind::kOpenFailed,
                    path + ": the dynamic linker refused it: " + reason + ". " +
                        advice_for(path, reason),
                    {{"reason", reason}});
}

Library::Library(void* handle, std::string path) noexcept
    : handle_(handle), path_(std::move(path)) {
    link_map* map = nullptr;
    if (dlinfo(handle, RTLD_DI_LINKMAP, static_cast<void*>(&map)) != 0) return;
    for (const ElfW(Dyn)* entry = map->l_ld; entry->d_tag != DT_NULL; ++entry) {
        if (entry->d_tag != DT_GNU_HASH) continue;
        // The dynamic linker of some machines leaves addresses as they are in the file.
        const ElfW(Addr) at = entry->d_un.d_ptr;
        gnu_hash_ =
            reinterpret_cast<const std::uint32_t*>(at < map->l_addr ? map->l_addr + at : at);
    }
}

bool Library::may_export(const std::string& name) const noexcept {
    if (gnu_hash_ == nullptr) return true;
    std::uint32_t hash = 5381; // of this table, by its definition
    for (const char letter : name)
        hash = hash * 33 + static_cast<unsigned char>(letter);
    // Four words, of which the third is the number of words in the filter and the fourth a shift;
    // then the filter, in which two bits are set for each name.
    const std::uint32_t words = gnu_hash_[2];
    const std::uint32_t shift = gnu_hash_[3];
    if (words == 0) return true;
    const auto* const filter = reinterpret_cast<const ElfW(Addr)*>(gnu_hash_ + 4);
    constexpr std::uint32_t kBits = 8 * sizeof(ElfW(Addr));
    const ElfW(Addr) word = filter[hash / kBits % words];
    return (word >> hash % kBits & word >> (hash >> shift) % kBits & 1U) != 0;
}

void* Library::symbol(const std::string& name) const noexcept {
    return dlsym(handle_, name.c_str());
}

namespace {

/// The entry of the symbol at an address in the file's table; nullptr: it is not known.
const ElfW(Sym) * entry_of(void* address) noexcept {
    Dl_info info{};
    void* entry = nullptr;
    const bool known = dladdr1(address, &info, &entry, RTLD_DL_SYMENT) != 0;
    // The entry is that of the nearest symbol below, which may be another one where sizes overlap.
    return known && info.dli_saddr == address ? static_cast<const ElfW(Sym)*>(entry) : nullptr;
}

} // namespace

void* Library::function(const std::string& name) const {
    void* const address = symbol(name);
    if (address == nullptr) return nullptr;
    const auto* const entry = entry_of(address);
    if (entry == nullptr || ELF64_ST_TYPE(entry->st_info) != STT_OBJECT) return address;
    throw LoadError(
        LoadErrorKind::kNotAFunction,
        path_ + ": the symbol " + name +
            " is a variable; a function was expected. Was it declared with HPy's macros?",
        {{"symbol", name}});
}

std::span<const std::byte> Library::constant(const std::string& name) const {
    void* const address = may_export(name) ? symbol(name) : nullptr;
    if (address == nullptr) return {};
    const auto* const entry = entry_of(address);
    if (entry != nullptr && ELF64_ST_TYPE(entry->st_info) == STT_OBJECT) {
        return {static_cast<const std::byte*>(address), entry->st_size};
    }
    throw LoadError(LoadErrorKind::kBadAsks,
                    path_ + ": the symbol " + name +
                        " is not a variable; a constant was expected, as HPy_MODINIT defines it. "
                        "Build the extension with unchanged headers.",
                    {{"symbol", name}});
}

std::string short_name_of(std::string_view module, std::string_view path) {
    constexpr std::size_t kLongest = 200; // as in HPy's own loader
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
