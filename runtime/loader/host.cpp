/// runtime/loader/host.cpp: recognises a context by its name, and reads no memory that is not
/// there.
#include "runtime/loader/host.h"

#include "globals/copies.h"
#include "runtime/elf/placement.h"
#include "runtime/elf/static_data.h"
#include "runtime/elf/symbol_name.h"

#include <atomic>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace hpystate {

namespace {

constexpr std::uintptr_t kPage = 4096;

/// Whether the bytes from `address` to the end of its page can be read.
[[nodiscard]] bool is_mapped(std::uintptr_t address) noexcept {
    const auto* const word = reinterpret_cast<const void*>(address / 8 * 8);
    return address >= kPage && place_of(word) != Placement::kUnmapped;
}

/// How many bytes from `address` on are on its page, at most `most`.
[[nodiscard]] std::size_t on_page(std::uintptr_t address, std::size_t most) noexcept {
    const std::size_t rest = kPage - address % kPage;
    return rest < most ? rest : most;
}

/// All runtimes name their contexts so: "HPy Universal ABI (CPython backend)", "HPy Debug Mode
/// ABI".
[[nodiscard]] bool is_name(std::string_view text) noexcept {
    return text.substr(0, 4) == "HPy " && text.find(" ABI") != std::string_view::npos;
}

/// Whether a word is the address of a context: the first word there is that of its name.
[[nodiscard]] bool is_context(std::uintptr_t content) {
    if (content % 8 != 0 || !is_mapped(content)) return false;
    std::uintptr_t name = 0;
    std::memcpy(&name, reinterpret_cast<const void*>(content), sizeof(name));
    if (!is_mapped(name)) return false;
    const auto* const text = reinterpret_cast<const char*>(name);
    return is_name({text, strnlen(text, on_page(name, 64))});
}

} // namespace

ContextWord ContextWord::again() const noexcept {
    if (word == nullptr) return {};
    const std::atomic_ref now(*const_cast<std::uintptr_t*>(word)); // only read
    return {word, reinterpret_cast<HPyContext*>(now.load(std::memory_order_relaxed))};
}

bool ContextWord::is_foreign() const {
    return context != nullptr && !is_dispatcher_of_a_copy(context);
}

ContextWord find_context(const void* address) {
    return ContextWord{find_word(address, &is_context), nullptr}.again();
}

bool is_of_upstream(const HPyContext& context) noexcept {
    const std::string_view name(context.name);
    return name == "HPy Universal ABI (CPython backend)" || name == "HPy Debug Mode ABI" ||
           name == "HPy Trace Mode ABI";
}

std::string runtime_of(const HPyContext* context) {
    const std::string file = name_of_address(context).file;
    return "another HPy runtime in this process" + (file.empty() ? "" : " (" + file + ")");
}

} // namespace hpystate
