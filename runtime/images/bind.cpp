/// runtime/images/bind.cpp: finds the words by the image's relocations.
#include <Python.h>

#include "runtime/images/bind.h"

#include "runtime/elf/loaded.h"
#include "runtime/elf/object.h"
#include "runtime/elf/relocations.h"
#include "runtime/elf/symbols.h"
#include "runtime/images/bound.h"
#include "runtime/images/entries.h"
#include "runtime/images/error.h"

#include <cstring>
#include <elf.h>
#include <optional>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>

namespace hpystate::images {

namespace {

/// Relocations whose word is the address of a symbol.
bool is_address(std::uint64_t type) noexcept {
#if defined(__x86_64__)
    return type == R_X86_64_JUMP_SLOT || type == R_X86_64_GLOB_DAT || type == R_X86_64_64;
#else
    static_cast<void>(type);
    return false; // no image is made here (runtime/images/platform.h)
#endif
}

/// The entry that takes the place of a function; nullptr: the function stays.
void* entry_for(std::string_view name, Owner& owner) {
    const auto functions = bound_functions();
    for (std::size_t i = 0; i < functions.size(); ++i)
        if (name == functions[i].name) return entry_of(owner, i);
    return nullptr;
}

/// The pages of the words, which the dynamic linker may have made read-only.
class Writable {
  public:
    Writable(std::uintptr_t address, bool is_protected, const std::string& path) {
        if (!is_protected) return;
        const auto size = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
        page_ = reinterpret_cast<void*>(address & ~(size - 1));
        size_ = size;
        if (mprotect(page_, size_, PROT_READ | PROT_WRITE) == 0) return;
        throw ImageError("no-mappings", path + ": no image can be made: " + text_of(errno) +
                                            " where a page was made writable. Raise "
                                            "vm.max_map_count, or start fewer interpreters.");
    }
    Writable(const Writable&) = delete;
    Writable& operator=(const Writable&) = delete;
    ~Writable() {
        if (page_ != nullptr) mprotect(page_, size_, PROT_READ);
    }

  private:
    void* page_ = nullptr;
    std::size_t size_ = 0;
};

} // namespace

void bind_to_owner(const link_map& map, const std::string& path, Owner& owner) {
    const std::optional<elf::Loaded> loaded = elf::find_loaded(map.l_ld);
    if (!loaded) throw ImageError("open-failed", path + ": the dynamic linker lost its image.");
    const elf::Object object(*loaded);
    const elf::Symbols symbols = elf::dynamic_symbols(object);
    const auto entries = symbols.entries();
    for (const Elf64_Rela& each : elf::full_relocations(elf::Dynamic(object))) {
        const std::uint64_t symbol = ELF64_R_SYM(each.r_info);
        if (!is_address(ELF64_R_TYPE(each.r_info)) || symbol >= entries.size()) continue;
        void* const entry = entry_for(symbols.name_of(entries[symbol]), owner);
        if (entry == nullptr) continue;
        const std::uintptr_t address = map.l_addr + each.r_offset;
        const Writable writable(address, object.segments().protects(each.r_offset, map.l_addr),
                                path);
        std::memcpy(reinterpret_cast<void*>(address), &entry, sizeof(entry));
    }
}

} // namespace hpystate::images
