/// runtime/loader/host.cpp: recognises a context by its name, and reads no memory that is not
/// there.
#include "runtime/loader/host.h"

#include "globals/copies.h"
#include "runtime/elf/loaded.h"
#include "runtime/elf/read_memory.h"
#include "runtime/elf/static_data.h"
#include "runtime/elf/symbol_name.h"
#include "runtime/loader/negotiate.h"
#include "runtime/versions/around/callbacks.h"
#include "runtime/versions/v0_0_4/emulate.h"
#include "runtime/versions/v0_9/dispatcher.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace hpystate {

namespace {

constexpr std::uintptr_t kPage = 4096;

/// No address of a process has bits from here on, unless it asked the kernel for one (57 bits). A
/// double other than 0 has some, so tables of numbers cost no call of the kernel for each word.
constexpr unsigned kAddressBits = 48;

[[nodiscard]] constexpr bool may_be_address(std::uintptr_t content) noexcept {
    return content % 8 == 0 && content >= kPage && content >> kAddressBits == 0;
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
    std::uintptr_t name = 0;
    if (!may_be_address(content) || !read_memory(content, &name, sizeof(name)) || name < kPage)
        return false;
    std::array<char, 64> text{};
    const std::size_t size = on_page(name, text.size());
    return read_memory(name, text.data(), size) &&
           is_name({text.data(), strnlen(text.data(), size)});
}

/// Where a context of that version has the function that trampolines call.
[[nodiscard]] std::size_t offset_of_trampolines(Version version) noexcept {
    return offers()[static_cast<std::size_t>(version)].trampolines;
}

/// Whether a copy of this runtime made a context: that function of it is one of the copy's code.
/// All contexts count, not just the one that a copy writes: an extension may keep any of them.
[[nodiscard]] bool is_of_a_copy(std::uintptr_t context, Version version) {
    const void* function = nullptr;
    if (!read_memory(context + offset_of_trampolines(version), &function, sizeof(function)))
        return false;
    const auto code = elf::find_loaded(function);
    if (!code) return false;
    for (const RuntimeCopy* copy = first_copy(); copy != nullptr; copy = copy->next) {
        const auto data = elf::find_loaded(copy->dispatcher);
        if (data && data->load_address == code->load_address) return true;
    }
    return false;
}

/// See RuntimeCopy.
bool call_from_other_trampoline(std::uint32_t major, std::uint32_t minor, int signature,
                                void (*function)(), void* packed) noexcept {
    const Offer* const offer = offer_for({major, minor});
    if (offer == nullptr || offer->layer_in == nullptr) return false;
    around::call_in_this_copy(&offer->layer_in(nullptr), static_cast<HPyFunc_Signature>(signature),
                              reinterpret_cast<HPyCFunction>(function), packed);
    return true;
}

} // namespace

ContextWords find_contexts(const void* address) {
    return find_words(address, &is_context);
}

HPyContext* foreign_context(const ContextWords& words, Version version) {
    for (const std::uintptr_t* const word : words) {
        const std::atomic_ref now(*const_cast<std::uintptr_t*>(word)); // only read
        const std::uintptr_t content = now.load(std::memory_order_relaxed);
        if (is_context(content) && !is_of_a_copy(content, version))
            return reinterpret_cast<HPyContext*>(content);
    }
    return nullptr;
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

void join_other_copies() {
    context::join_other_copies(&v0_0_4::call_from_trampoline, &call_from_other_trampoline);
}

} // namespace hpystate
