/// runtime/versions/around/contexts.cpp: fills contexts, and keeps those around layers.
#include "runtime/versions/around/contexts.h"

#include "globals/check.h"
#include "globals/locks.h"
#include "runtime/cpython/guarded.h"
#include "runtime/versions/v0_9/dispatcher.h"

#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <utility>

namespace hpystate::around {

namespace {

/// Memory for an adapter and the context behind it.
struct Deleter {
    void operator()(Adapter* adapter) const noexcept { ::operator delete(adapter); }
};
using Kept = std::unique_ptr<Adapter, Deleter>;

/// The contexts around those of layers, and around the dispatcher. Only attached threads use it.
/// Never destroyed.
struct Board {
    RankedMutex mutex{LockRank::kOtherContexts};
    std::map<std::pair<HPyContext*, Version>, Kept> layered; ///< guarded by mutex
};

Board& board() {
    static Board& process_wide = *new Board;
    return process_wide;
}

/// What every version's context begins with.
struct Beginning {
    const char* name;
    void* part;
};

/// Under the lock. `below` is what is known of the context of kTrunk; nullptr: it is the
/// dispatcher, and then the context has no magic, since it belongs to no interpreter.
void fill(Adapter& adapter, const OtherVersion& version, HPyContext* trunk,
          const ContextHead* below, const Layer& layer) noexcept {
    HPYSTATE_CHECK(holds_lock(LockRank::kOtherContexts));
    Region* const region = below != nullptr ? &region_behind(trunk) : nullptr;
    const ContextKind kind = below != nullptr ? below->kind : ContextKind::kPlain;
    std::construct_at(&adapter.head, version.version, kind, region, trunk);
    if (below == nullptr) adapter.head.magic = nullptr;
    std::memcpy(adapter.context(), version.table, version.size);
    auto* const beginning = static_cast<Beginning*>(adapter.context());
    beginning->name = trunk->name; // it tells the mode
    beginning->part = &adapter.head;
    version.take_handles(adapter.context(), *trunk);
    // relaxed: read by whoever was handed the context.
    adapter.layer.store(&layer, std::memory_order_relaxed);
    adapter.abi = version.abi;
    // release: whoever sees the generation sees the context.
    adapter.filled_for.store(region != nullptr ? region->generation : 0, std::memory_order_release);
}

[[nodiscard]] HPyContext* as_passed(Adapter& adapter) noexcept {
    return static_cast<HPyContext*>(adapter.context());
}

/// Throws std::bad_alloc.
[[nodiscard]] HPyContext* kept_around(const OtherVersion& version, HPyContext* trunk,
                                      const ContextHead* below, const Layer& layer) {
    const std::lock_guard lock(board().mutex);
    Kept& kept = board().layered[{trunk, version.version}];
    if (kept == nullptr) {
        const std::size_t size = sizeof(Adapter) + version.size;
        kept.reset(static_cast<Adapter*>(std::memset(::operator new(size), 0, size)));
        fill(*kept, version, trunk, below, layer);
    }
    return as_passed(*kept);
}

} // namespace

[[gnu::cold]] HPyContext* fill_plain(const OtherVersion& version, HPyContext* plain,
                                     const Layer& layer) noexcept {
    HPYSTATE_CHECK(version.version != kTrunk &&
                   static_cast<std::size_t>(version.version) < kVersionCount);
    HPYSTATE_CHECK(sizeof(Adapter) + version.size <= Region::kRoomBytes);
    Region& region = *Region::of(plain);
    auto& adapter = *static_cast<Adapter*>(region.room_of(version.version));
    const std::lock_guard lock(board().mutex);
    if (!adapter.is_filled_for(region)) {
        fill(adapter, version, plain, context::head_of(plain), layer);
    }
    return as_passed(adapter);
}

HPyContext* around_layered(const OtherVersion& version, HPyContext* trunk,
                           const Layer& layer) noexcept {
    return guarded<HPyContext*>(
        nullptr, [&] { return kept_around(version, trunk, context::head_of(trunk), layer); });
}

HPyContext* around_dispatcher(const OtherVersion& version, const Layer& layer) {
    return kept_around(version, context::dispatcher(), nullptr, layer);
}

} // namespace hpystate::around
