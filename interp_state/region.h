/// interp_state/region.h: the memory that holds one interpreter's state, and its phases.
///
/// A region is reserved once and never unmapped; it serves one interpreter after another.
///
///     kFree --adopt--> kLive --begin_teardown()--> kDying --adopt--> kLive --> ...
///
///   kFree   it has no owner yet; every word of the window is 0.
///   kLive   owner is an interpreter that has not ended. Loads and stores work.
///   kDying  owner's exit callback ran. The window is closed: loads give nullptr, stores are
///           refused, so the destructors that run now cannot bring a value back. The contexts'
///           functions go on working: finalizers run in the interpreter's last collection. CPython
///           does not tell when an interpreter's memory is freed, so the region stays kDying until
///           the directory finds that its owner is gone, or a new interpreter at the same address;
///           and longer if objects outlived the owner that still call with its context (`leaders`).
///
/// Invariants
///   R1  Only threads attached to `owner` write the window.
///   R2  A region leaves kLive once a generation, on the thread that runs the exit callbacks.
///   R3  At most one region has an interpreter's address as its owner. The address alone does not
///       name an interpreter: CPython reuses it at once. `generation` tells the two apart.
///   R4  The plain context is at a constant offset in its region: a load finds the region by that.
///
/// Layout: first 2 MiB of entries, of which few pages are touched (and without the GIL, before
/// them, 1 MiB of first objects that were replaced), then two pages with everything else. Behind
/// the region is a page for each other version of the ABI.
#pragma once

#include <Python.h>

#include "globals/locks.h"
#include "interp_state/context_head.h"
#include "interp_state/ends.h"
#include "interp_state/spares.h"
#include "interp_state/window.h"
#include "runtime/cpython/attached_mutex.h"

#include <hpy/context.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>

namespace hpystate {

/// What a layer (debug, trace) keeps for one interpreter. Made at the layer's first use there, by
/// runtime/layers/, and never freed: contexts in it may be held by stale pointers.
struct LayerState {
    /// The interpreter has ended: marks the state, so that later uses of its contexts are found.
    /// Called under the directory lock; runs no Python code. Null: nothing to do.
    void (*retire)(LayerState* state) noexcept;

    /// The exit callback runs: releases the objects that the layer itself holds. The thread is
    /// attached. Null: nothing to do.
    void (*release)(LayerState* state) noexcept;

    /// The state of an earlier interpreter of the same region, which stays; null: none. Written
    /// once, under the directory lock, when this one is retired; nobody reads it. It is there so
    /// that memory that is kept does not look like memory that was lost.
    LayerState* retired_before = nullptr;
};

struct Region {
    enum class Phase : std::uint8_t { kFree, kLive, kDying };

    /// Its open_for() is the owner while the values can be used: from the end of prepare_lifetime()
    /// until the exit callback begins; else nullptr. Inline code of extensions compares it with the
    /// interpreter of its thread, so a region that it remembers is never taken for that of a later
    /// interpreter at the same address. Written by the owner's threads (release), and in prepare();
    /// read by any thread (acquire), before it reads the window.
    Window window;

    /// The plain context, of kTrunk. Filled before `owner` is published, and not written again
    /// until the region serves another interpreter, with the same functions: those of a stale
    /// context stay callable.
    HPyContext plain;

    /// The module through which types of ours find that context: runtime/calls/anchor.h. Owned;
    /// null until it is made. One of the owner's threads publishes it (release); they and the exit
    /// callback read it (acquire).
    std::atomic<PyObject*> anchor;

    /// Memory of freed instances. Used by the owner's threads; open between prepare_lifetime() and
    /// the exit callback.
    Spares spares;

    /// Written under the directory lock; read by any thread, without it, to validate a lookup.
    std::atomic<PyInterpreterState*> owner;

    /// Written under the directory lock and by the owner's exit callback; read under that lock to
    /// find a region that can serve again, and by lookups, before they validate the owner. A lookup
    /// by a new interpreter at a dead owner's address may find a region that belongs to somebody
    /// else by now: if it sees that owner's kLive, it also sees that the owner is another.
    std::atomic<Phase> phase;

    /// Counts adoptions: it tells one owner from the next at the same address. An adoption checks
    /// by it that its candidate was not taken meanwhile; first values and reports contain it.
    /// Written under the directory lock.
    std::uint32_t generation;

    /// How many modules and anchors lead to the context (runtime/calls/module_state.h). Incremented
    /// by the owner's threads; decremented where such an object dies, in any interpreter that
    /// shares the GIL; read under the directory lock before the region is reused. It no longer
    /// grows once the owner is gone.
    std::atomic<std::size_t> leaders;

    /// PyInterpreterState_GetID of the owner. Written under the directory lock.
    std::int64_t interpreter_id;

    /// Reports the window's references to the collector (interp_state/holder.h). Owned. One of the
    /// owner's threads publishes it (release); they and the exit callback read it (acquire).
    std::atomic<PyObject*> holder;

    /// Whether the exit callback is registered, and who may register it: interp_state/teardown.cpp.
    AttachedMutex exit_mutex;
    bool has_exit_callback; ///< guarded by exit_mutex

    /// Whether the interpreter's dict has, or is about to get, the object whose end announces the
    /// last collection: a second one would replace the first. Written and read by the owner's
    /// threads, relaxed: nothing is read through it.
    std::atomic<bool> has_end_signal;

    /// How many modules of a definition were made here, or are being made. The key is the
    /// definition's address.
    InterpreterMutex instances_mutex{LockRank::kInstances};
    std::unique_ptr<std::unordered_map<const void*, std::size_t>> instances; ///< guarded by it

    /// Slots whose values end first, while all others are there. It has its own rules.
    Ends ends;

    /// Indexed by layer (runtime/layers/find_state.h); null until its first use. Published and read
    /// as the holder.
    std::array<std::atomic<LayerState*>, 2> layers;

    /// The states of earlier owners, the last one first (LayerState::retired_before). Written under
    /// the directory lock.
    LayerState* retired;

    /// The directory's list of all regions. Written once, before the region is reachable.
    Region* next;

    /// Whether something that outlived the owner may still call with the context.
    [[nodiscard]] bool is_led_to() const noexcept {
        // acquire: pairs with the release in release_module_state().
        return leaders.load(std::memory_order_acquire) != 0;
    }

    /// The plain context that the functions of runtime/context/ take.
    [[nodiscard]] HPyContext& context() noexcept { return plain; }

    /// Memory of kRoomBytes for the plain context of a version other than kTrunk. It follows the
    /// region, and is zero until runtime/versions/around/contexts.cpp writes it: pages of versions
    /// that no file asked for do not exist.
    static constexpr std::size_t kRoomBytes = 4096;
    static const std::size_t kRooms; ///< from a region to the first room behind it, in bytes
    [[nodiscard]] void* room_of(Version version) noexcept;

    /// The region around a plain context: a constant offset, no memory is read.
    [[nodiscard]] static Region* of(HPyContext* context) noexcept;

    /// Whether R2, R4 and the invariants of window and spares hold, as far as they can be seen in a
    /// region at rest. The caller is attached to the owner, or alone, and no thread writes
    /// meanwhile.
    [[nodiscard]] bool is_valid() const noexcept;

    /// Makes `made`, a new reference, the region's object in `place`. False: another thread of the
    /// interpreter was first, and `made` was released.
    static bool publish(std::atomic<PyObject*>& place, PyObject* made) noexcept;

    [[nodiscard]] bool belongs_to(const PyInterpreterState* interpreter) const noexcept {
        // acquire: pairs with the release in adopt(), so a match means that the window is empty
        // and the context filled.
        return owner.load(std::memory_order_acquire) == interpreter;
    }

    /// Reserves memory for a region: zero, page-aligned, never unmapped. nullptr: no memory.
    [[nodiscard]] static Region* reserve() noexcept;

    /// Makes a region without an owner ready for its next owner; the caller holds the directory
    /// lock and publishes `owner` afterwards.
    void prepare(std::int64_t id) noexcept;

    /// Before the end: releases the values in `ends`, the newest first, while the window is open.
    /// Runs Python code and destructors, which may make more of them; the thread is attached to the
    /// owner, and no other one is.
    void release_in_order() noexcept;

    /// First phase of the end: marks the region, closes the window. Releases nothing.
    void begin_teardown() noexcept;

    /// Second phase: releases every object that only a global held, and the anchors. Runs Python
    /// code; the thread is attached to the owner.
    void release_values() noexcept;
};

// offsetof in a struct with private parts is conditionally supported; both compilers support it.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"
inline Region* Region::of(HPyContext* context) noexcept {
    constexpr std::size_t kOffset = offsetof(Region, plain);
    return reinterpret_cast<Region*>(reinterpret_cast<char*>(context) - kOffset);
}
#pragma GCC diagnostic pop

constexpr std::size_t Region::kRooms =
    (sizeof(Region) + Region::kRoomBytes - 1) / Region::kRoomBytes * Region::kRoomBytes;

inline void* Region::room_of(Version version) noexcept {
    static_assert(static_cast<std::size_t>(kTrunk) == 0, "rooms are those of the rows behind it");
    const auto number = static_cast<std::size_t>(version);
    return reinterpret_cast<char*>(this) + kRooms + (number - 1) * kRoomBytes;
}

} // namespace hpystate
