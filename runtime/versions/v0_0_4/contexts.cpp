/// runtime/versions/v0_0_4/contexts.cpp: the table of the context, made of the frozen list: what
/// emulate.h does not have is forwarded.
#include "runtime/versions/v0_0_4/contexts.h"

#include "globals/locks.h"
#include "runtime/cpython/guarded.h"
#include "runtime/versions/v0_0_4/adapter.h"
#include "runtime/versions/v0_0_4/emulate.h"

#include <memory>
#include <mutex>
#include <new>
#include <unordered_map>

namespace hpystate::v0_0_4 {

namespace {

static_assert(sizeof(Adapter) <= sizeof(::HPyContext), "a region has room for one of 0.9");

/// Calls the function of the context behind. The parameters are 0.0.4's, and convert to 0.9's.
template <auto Member, typename Function>
struct Forward;

template <auto Member, typename R, typename... A>
struct Forward<Member, R (*)(HPyContext*, A...)> {
    static R call(HPyContext* context, A... args) noexcept {
        ::HPyContext* const trunk = behind(context);
        return (trunk->*Member)(trunk, args...);
    }
};

// One function for each entry of the list, which returns what the entry points to. A name that
// neither version has is a compile error.
#define HPY_0_0_4_FUNC(ret, name, params)                                                          \
    template <typename Own, typename Trunk>                                                        \
    constexpr auto entry_##name() noexcept {                                                       \
        if constexpr (requires { &Own::name; }) {                                                  \
            return &Own::name;                                                                     \
        } else {                                                                                   \
            return &Forward<&Trunk::ctx_##name, decltype(HPyContext::ctx_##name)>::call;           \
        }                                                                                          \
    }
#include "runtime/abi/hpy_0_0_4.def"

constexpr HPyContext make_table() noexcept {
    HPyContext context{};
    context.ctx_version = 1; // what upstream's runtime of 0.0.4 has there
#define HPY_0_0_4_FUNC(ret, name, params)                                                          \
    context.ctx_##name = entry_##name<Emulated, ::HPyContext>();
#include "runtime/abi/hpy_0_0_4.def"
    return context;
}

constinit const HPyContext kTable = make_table();

/// Under the lock.
void fill(Adapter& adapter, ::HPyContext* trunk, const Layer& layer) noexcept {
    HPyContext& context = adapter.context;
    context = kTable;
    context.name = trunk->name;                          // it tells the mode
    const ContextHead& below = *context::head_of(trunk); // all callers have one of this runtime
    context._private =
        std::construct_at(&adapter.head, Version::kV004, below.kind, &region_behind(trunk), trunk);
#define HPY_0_0_4_HANDLE(name) context.h_##name = trunk->h_##name;
#include "runtime/abi/hpy_0_0_4.def"
    // release: whoever sees the layer sees the context.
    adapter.layer.store(&layer, std::memory_order_release);
}

/// The contexts around those of layers. Only attached threads use it. Never destroyed.
struct Board {
    RankedMutex mutex{LockRank::kOldContexts};
    std::unordered_map<::HPyContext*, std::unique_ptr<Adapter>> layered; ///< guarded by mutex
};

Board& board() {
    static Board& process_wide = *new Board;
    return process_wide;
}

/// Out of line, since a call between extensions asks for a context that is filled already.
[[gnu::cold, gnu::noinline]] void fill_once(Adapter& adapter, ::HPyContext* plain,
                                            const Layer& layer) noexcept {
    const std::lock_guard lock(board().mutex);
    if (adapter.layer.load(std::memory_order_relaxed) == nullptr) fill(adapter, plain, layer);
}

} // namespace

HPyContext* around_plain(::HPyContext* plain, const Layer& layer) noexcept {
    ::HPyContext& room = Region::of(plain)->row(Version::kV004).context;
    // The memory of a region is zero until the context is filled.
    auto* const adapter = std::launder(reinterpret_cast<Adapter*>(&room));
    // acquire: pairs with the release in fill(), which fill_once() calls.
    if (adapter->layer.load(std::memory_order_acquire) == nullptr) [[unlikely]]
        fill_once(*adapter, plain, layer);
    return &adapter->context;
}

HPyContext* around_layered(::HPyContext* context, const Layer& layer) noexcept {
    return guarded<HPyContext*>(nullptr, [&] {
        const std::lock_guard lock(board().mutex);
        std::unique_ptr<Adapter>& adapter = board().layered[context];
        if (adapter == nullptr) {
            adapter = std::make_unique<Adapter>();
            fill(*adapter, context, layer);
        }
        return &adapter->context;
    });
}

} // namespace hpystate::v0_0_4
