/// runtime/elf/static_data.cpp: the segments of a file, word by word.
#include "runtime/elf/static_data.h"

#include "runtime/elf/symbol_name.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <link.h>
#include <new>

namespace hpystate::layers {

namespace {

constexpr std::size_t kWord = sizeof(std::uintptr_t);

/// Whether `address` lies in a segment of that type.
[[nodiscard]] bool lies_in_segment(const dl_phdr_info& object, std::uint32_t type,
                                   std::uintptr_t address) noexcept {
    for (int i = 0; i < object.dlpi_phnum; ++i) {
        const ElfW(Phdr)& header = object.dlpi_phdr[i];
        const std::uintptr_t start = object.dlpi_addr + header.p_vaddr;
        if (header.p_type == type && address >= start && address - start < header.p_memsz)
            return true;
    }
    return false;
}

/// Takes the words of a segment that were not protected after relocation.
void take_segment(const dl_phdr_info& object, const ElfW(Phdr) & header,
                  std::vector<StaticData::Part>& parts) {
    const std::uintptr_t start = (object.dlpi_addr + header.p_vaddr + kWord - 1) / kWord * kWord;
    const std::uintptr_t end = object.dlpi_addr + header.p_vaddr + header.p_memsz;
    StaticData::Part* open = nullptr;
    for (std::uintptr_t at = start; at + kWord <= end; at += kWord) {
        if (lies_in_segment(object, PT_GNU_RELRO, at)) {
            open = nullptr;
            continue;
        }
        const auto* const word = reinterpret_cast<const char*>(at);
        if (open == nullptr) open = &parts.emplace_back(StaticData::Part{word, ""});
        open->bytes.append(word, kWord);
    }
}

struct Search {
    std::uintptr_t address;
    std::string& file;
    std::vector<StaticData::Part>& parts;
};

int visit_object(dl_phdr_info* object, std::size_t, void* argument) {
    const auto& search = *static_cast<Search*>(argument);
    if (!lies_in_segment(*object, PT_LOAD, search.address)) return 0;
    try {
        search.file = object->dlpi_name;
        for (int i = 0; i < object->dlpi_phnum; ++i) {
            const ElfW(Phdr)& header = object->dlpi_phdr[i];
            if (header.p_type == PT_LOAD && (header.p_flags & PF_W) != 0)
                take_segment(*object, header, search.parts);
        }
    } catch (const std::bad_alloc&) {
        return -1; // no exception through the dynamic linker
    }
    return 1;
}

std::string name_of_word(const char* address) {
    const AddressName name = name_of_address(address);
    return (name.symbol.empty() ? "a variable" : "'" + name.symbol + "'") + " of " +
           name.file.substr(name.file.rfind('/') + 1);
}

} // namespace

StaticData::StaticData(const void* address) {
    Search search{reinterpret_cast<std::uintptr_t>(address), file_, parts_};
    if (dl_iterate_phdr(&visit_object, &search) < 0) throw std::bad_alloc();
}

std::vector<std::string> StaticData::changed() {
    std::vector<std::string> fresh;
    for (const Part& part : parts_) {
        if (std::memcmp(part.start, part.bytes.data(), part.bytes.size()) == 0) continue;
        for (std::size_t at = 0; at < part.bytes.size(); at += kWord) {
            std::uintptr_t now = 0;
            std::memcpy(&now, part.start + at, kWord);
            const bool same = std::memcmp(&now, part.bytes.data() + at, kWord) == 0;
            // A word that holds its own address is a slot that was registered since.
            if (same || now == reinterpret_cast<std::uintptr_t>(part.start + at)) continue;
            std::string name = name_of_word(part.start + at);
            if (std::find(told_.begin(), told_.end(), name) != told_.end()) continue;
            told_.push_back(name);
            fresh.push_back(std::move(name));
        }
    }
    return fresh;
}

std::uintptr_t StaticData::replaced_by(std::uintptr_t value) const noexcept {
    for (const Part& part : parts_) {
        for (std::size_t at = 0; at < part.bytes.size(); at += kWord) {
            std::uintptr_t now = 0;
            std::uintptr_t then = 0;
            std::memcpy(&now, part.start + at, kWord);
            std::memcpy(&then, part.bytes.data() + at, kWord);
            if (now == value && then != value && then != 0) return then;
        }
    }
    return 0;
}

} // namespace hpystate::layers
