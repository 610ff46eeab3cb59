/// runtime/elf/dynamic.cpp: finding and reading the dynamic section.
#include "runtime/elf/dynamic.h"

#include <algorithm>

namespace hpystate::elf {

Dynamic::Dynamic(const Object& object) : object_(object) {
    const Segments& segments = object.segments();
    const Elf64_Phdr* const header = segments.first(PT_DYNAMIC);
    if (header == nullptr) {
        refuse("it has no dynamic section", "Link the extension with -shared.");
    }
    // The dynamic linker reads the memory at the address, not the bytes at the file offset.
    const auto position = object.position_of(header->p_vaddr, header->p_memsz);
    if (header->p_vaddr % alignof(Elf64_Dyn) != 0 || !position ||
        (!object.in_memory() && *position != header->p_offset)) {
        refuse_damaged("its dynamic section is misaligned or outside its loaded segments");
    }
    if ((header->p_flags & PF_W) != 0 && segments.around(header->p_vaddr, 1, PF_W) == nullptr) {
        refuse_damaged("its dynamic section is marked writable, but its segment is not");
    }
    entries_ = object.bytes().read<Elf64_Dyn>(*position, header->p_memsz / sizeof(Elf64_Dyn));
    const auto end = std::find_if(entries_.begin(), entries_.end(),
                                  [](const Elf64_Dyn& entry) { return entry.d_tag == DT_NULL; });
    if (end == entries_.end()) refuse_damaged("its dynamic section does not end with DT_NULL");
    entries_.erase(end, entries_.end());
}

const Elf64_Dyn* Dynamic::find(Elf64_Sxword tag) const noexcept {
    const auto found = std::find_if(entries_.rbegin(), entries_.rend(),
                                    [tag](const Elf64_Dyn& entry) { return entry.d_tag == tag; });
    return found == entries_.rend() ? nullptr : &*found;
}

std::uint64_t Dynamic::value(Elf64_Sxword tag) const noexcept {
    const Elf64_Dyn* const entry = find(tag);
    return entry == nullptr ? 0 : entry->d_un.d_val;
}

std::uint64_t Dynamic::address(Elf64_Sxword tag) const noexcept {
    const std::uint64_t found = value(tag);
    const std::uintptr_t start = object_.load_address();
    // An object is shorter than its load address is high, so a smaller value is an address of the
    // file.
    return found >= start ? found - start : found;
}

} // namespace hpystate::elf
