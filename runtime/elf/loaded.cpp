/// runtime/elf/loaded.cpp: asks the dynamic linker for the program headers of every object.
#include "runtime/elf/loaded.h"

#include <link.h>

namespace hpystate::elf {

namespace {

struct Search {
    std::uintptr_t address;
    void (*look)(const Loaded&, void*) noexcept;
    void* data;
};

int visit(dl_phdr_info* object, std::size_t, void* argument) noexcept {
    const auto& search = *static_cast<Search*>(argument);
    const Segments segments{{object->dlpi_phdr, object->dlpi_phnum}};
    const Elf64_Phdr* const segment = segments.around(search.address - object->dlpi_addr);
    if (segment == nullptr) return 0;
    const Loaded loaded{object->dlpi_addr, segments, object->dlpi_name, *segment};
    search.look(loaded, search.data);
    return 1;
}

void keep(const Loaded& loaded, void* into) noexcept {
    static_cast<std::optional<Loaded>*>(into)->emplace(loaded);
}

} // namespace

bool visit_around(const void* address, void (*look)(const Loaded&, void*) noexcept,
                  void* data) noexcept {
    Search search{reinterpret_cast<std::uintptr_t>(address), look, data};
    return dl_iterate_phdr(&visit, &search) != 0;
}

std::optional<Loaded> find_loaded(const void* address) noexcept {
    std::optional<Loaded> found;
    visit_around(address, &keep, &found);
    return found;
}

} // namespace hpystate::elf
