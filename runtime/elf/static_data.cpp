/// runtime/elf/static_data.cpp: the writable segments of a mapped object, word by word.
#include "runtime/elf/static_data.h"

#include "runtime/elf/loaded.h"
#include "runtime/elf/symbol_name.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace hpystate {

namespace {

constexpr std::size_t kWord = sizeof(std::uintptr_t);

/// The word at an address of the file. Between the variables of an extension that was compiled with
/// AddressSanitizer are bytes that nobody may read: neither code with its checks nor its memcpy.
[[nodiscard, gnu::no_sanitize_address]] std::uintptr_t word_at(const char* address) noexcept {
    return *reinterpret_cast<const volatile std::uintptr_t*>(address);
}

[[nodiscard]] std::uintptr_t word_in(const std::string& bytes, std::size_t at) noexcept {
    std::uintptr_t word = 0;
    std::memcpy(&word, bytes.data() + at, kWord);
    return word;
}

/// Copies the words of a segment that were not protected after relocation.
void copy_segment(const elf::Loaded& loaded, const Elf64_Phdr& segment,
                  std::vector<StaticData::Part>& parts) {
    const std::uintptr_t start = loaded.load_address + segment.p_vaddr;
    const std::uintptr_t end = start + segment.p_memsz;
    StaticData::Part* open = nullptr;
    for (std::uintptr_t at = (start + kWord - 1) / kWord * kWord; at + kWord <= end; at += kWord) {
        if (loaded.segments.protects(loaded.in_file(at), loaded.load_address)) {
            open = nullptr;
            continue;
        }
        const auto* const word = reinterpret_cast<const char*>(at);
        if (open == nullptr) open = &parts.emplace_back(StaticData::Part{word, ""});
        const std::uintptr_t held = word_at(word);
        open->bytes.append(reinterpret_cast<const char*>(&held), kWord);
    }
}

std::string name_of_word(const char* address) {
    const AddressName name = name_of_address(address);
    return (name.symbol.empty() ? "a variable" : "'" + name.symbol + "'") + " of " +
           name.file.substr(name.file.rfind('/') + 1);
}

} // namespace

StaticData::StaticData(const void* address) {
    const auto loaded = elf::find_loaded(address);
    if (!loaded) return;
    file_ = loaded->name;
    for (const Elf64_Phdr& segment : loaded->segments.headers) {
        if (segment.p_type == PT_LOAD && (segment.p_flags & PF_W) != 0)
            copy_segment(*loaded, segment, parts_);
    }
}

std::vector<std::string> StaticData::changed() {
    std::vector<std::string> fresh;
    for (const Part& part : parts_) {
        for (std::size_t at = 0; at < part.bytes.size(); at += kWord) {
            const std::uintptr_t now = word_at(part.start + at);
            if (now == word_in(part.bytes, at)) continue;
            // A word that holds its own address is a slot that was registered since.
            if (now == reinterpret_cast<std::uintptr_t>(part.start + at)) continue;
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
            const std::uintptr_t now = word_at(part.start + at);
            const std::uintptr_t then = word_in(part.bytes, at);
            if (now == value && then != value && then != 0) return then;
        }
    }
    return 0;
}

} // namespace hpystate
