/// runtime/loader/file_context.cpp: the one write, and the look at what stood there.
#include "runtime/loader/file_context.h"

#include "globals/interner.h"
#include "runtime/elf/placement.h"
#include "runtime/elf/static_data.h"
#include "runtime/elf/symbol_name.h"
#include "runtime/loader/error.h"
#include "runtime/versions/v0_9/dispatcher.h"

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

namespace hpystate {

namespace {

using InitContext = InspectedFile::InitContext;

/// Whether a context is that of a copy of this runtime. Other runtimes call theirs otherwise.
[[nodiscard]] bool is_dispatcher(const HPyContext& context) noexcept {
    return context.name != nullptr && std::strcmp(context.name, context::dispatcher()->name) == 0;
}

/// Under the interner's lock: gives the dispatcher. `before` is the file's data as it was. Returns
/// the context of another runtime that stood there, and stands there again; nullptr: none.
[[nodiscard]] HPyContext* give(InitContext init_context,
                               const layers::StaticData* before) noexcept {
    init_context(context::dispatcher());
    if (before == nullptr) return nullptr;
    const auto ours = reinterpret_cast<std::uintptr_t>(context::dispatcher());
    auto* const other = reinterpret_cast<HPyContext*>(before->replaced_by(ours));
    if (other == nullptr || place_of(other) == Placement::kUnmapped || is_dispatcher(*other)) {
        return nullptr;
    }
    init_context(other);
    return other;
}

/// "the runtime in hpy/universal.so", where the context lies in a file.
[[nodiscard]] std::string runtime_of(const HPyContext* context) {
    const std::string file = name_of_address(context).file;
    return file.empty() ? "another HPy runtime in this process"
                        : "another HPy runtime in this process, that in " + file + ",";
}

} // namespace

void give_dispatcher(const InspectedFile& file) {
    const InitContext init_context = file.init_context;
    std::string key("dispatcher:");
    key.append(reinterpret_cast<const char*>(&init_context), sizeof(init_context));
    // Taken before the lock, under which nothing may throw. Where another thread of ours gives the
    // dispatcher meanwhile, it is not looked at.
    std::optional<layers::StaticData> before;
    if (file.library.was_open() && !interner().knows(key)) {
        before.emplace(reinterpret_cast<const void*>(init_context));
    }
    const void* const kept =
        interner().find_or_make(std::move(key), sizeof(HPyContext*), [&](void* storage) {
            *static_cast<HPyContext**>(storage) = give(init_context, before ? &*before : nullptr);
        });
    const HPyContext* const other = *static_cast<HPyContext* const*>(kept);
    if (other == nullptr) return;
    throw LoadError(
        LoadErrorKind::kOtherRuntime,
        file.path + ": " + runtime_of(other) +
            " has loaded this file before. A file belongs to the "
            "runtime that loads it first: they keep different things in its globals, and its "
            "functions call into one of them. Nothing was changed. Load the file with one "
            "runtime (hpystate.install() before the first import of hpy.universal puts hpystate "
            "in its place), or give this one a copy of the file.",
        {{"name", file.short_name}});
}

} // namespace hpystate
