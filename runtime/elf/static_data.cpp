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

/// Calls `visit(word)` for the words of a file that may be written and were not protected after
/// relocation, in their order.
template <typename Visit>
void for_each_word(const elf::Loaded& loaded, Visit visit) {
    for (const Elf64_Phdr& segment : loaded.segments.headers) {
        if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) == 0) continue;
        const std::uintptr_t start = loaded.load_address + segment.p_vaddr;
        const std::uintptr_t end = start + segment.p_memsz;
        std::uintptr_t at = (start + kWord - 1) / kWord * kWord;
        for (; at + kWord <= end; at += kWord) {
            if (loaded.segments.protects(loaded.in_file(at), loaded.load_address)) continue;
            visit(reinterpret_cast<const char*>(at));
        }
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
    for_each_word(*loaded, [this](const char* word) {
        const bool next =
            !parts_.empty() && parts_.back().start + parts_.back().bytes.size() == word;
        Part& part = next ? parts_.back() : parts_.emplace_back(Part{word, ""});
        const std::uintptr_t held = word_at(word);
        part.bytes.append(reinterpret_cast<const char*>(&held), kWord);
    });
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

std::vector<const std::uintptr_t*> find_words(const void* address,
                                              bool (*wanted)(std::uintptr_t content)) {
    std::vector<const std::uintptr_t*> found;
    const auto loaded = elf::find_loaded(address);
    if (!loaded) return found;
    for_each_word(*loaded, [&](const char* word) {
        const std::uintptr_t content = word_at(word);
        if (loaded->segments.around(loaded->in_file(content)) == nullptr && wanted(content))
            found.push_back(reinterpret_cast<const std::uintptr_t*>(word));
    });
    return found;
}

} // namespace hpystate
