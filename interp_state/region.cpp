/// interp_state/region.cpp: reserving, preparing, and the two phases of the end.
#include "interp_state/region.h"

#include "globals/check.h"
#include "runtime/cpython/attached.h"

#include <cstddef>
#include <memory>
#include <new>
#include <sys/mman.h>
#include <utility>
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

namespace hpystate {

namespace {

/// Of a region and its rooms.
[[nodiscard]] std::size_t reserved_bytes() noexcept {
    return Region::kRooms + (kVersionCount - 1) * Region::kRoomBytes;
}

/// LeakSanitizer does not search mapped memory by itself, and would report what only a region
/// refers to.
void show_to_sanitizer([[maybe_unused]] void* memory) noexcept {
#if defined(__SANITIZE_ADDRESS__)
    __lsan_register_root_region(memory, reserved_bytes()); // never unmapped
#endif
}

} // namespace

Region* Region::reserve() noexcept {
    void* const memory = mmap(nullptr, reserved_bytes(), PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return nullptr;
    // Otherwise the first touched entry may cost 2 MiB. A kernel without huge pages refuses the
    // call, which is fine.
    static_cast<void>(madvise(memory, reserved_bytes(), MADV_NOHUGEPAGE));
    show_to_sanitizer(memory);
    // This runs the constructors of locks and the like, but not those of the window's arrays: the
    // one of C++20's std::atomic writes, which would touch every page. The memory is zero already.
    return new (memory) Region;
}

void Region::prepare(std::int64_t id) noexcept {
    HPYSTATE_CHECK(holds_lock(LockRank::kDirectory));
    HPYSTATE_CHECK(phase.load() != Phase::kLive || interpreter_id != id);
    HPYSTATE_CHECK(phase.load() != Phase::kDying || window.counts().values == 0);
    // An owner whose exit callback never ran left it.
    window.open_for().store(nullptr, std::memory_order_release);
    window.reset();
    // relaxed, here and below: no lookup finds the region yet; adopt() publishes all of it at once.
    holder.store(nullptr, std::memory_order_relaxed);
    anchor.store(nullptr, std::memory_order_relaxed);
    has_exit_callback = false;
    has_end_signal.store(false, std::memory_order_relaxed);
    instances.reset();
    ends.reset();
    for (std::atomic<LayerState*>& place : layers) {
        LayerState* const state = place.exchange(nullptr, std::memory_order_acq_rel);
        if (state == nullptr) continue;
        if (state->retire != nullptr) state->retire(state);
        state->retired_before = retired;
        retired = state;
    }
    interpreter_id = id;
    ++generation;
    // release: pairs with the acquire in region_of(): whoever sees the region live sees that its
    // last owner is gone, the window empty and the context filled.
    phase.store(Phase::kLive, std::memory_order_release);
}

void Region::release_in_order() noexcept {
    HPYSTATE_CHECK(phase.load() == Phase::kLive && ends.begun());
    HPYSTATE_CHECK(may_run_python());
    while (std::unique_ptr<Ends::Place> place = ends.take_newest()) {
        const Token slot = place->token;
        PyObject* object = window.take_for_good(slot);
        if (object == nullptr) continue;  // it was cleared
        ends.add_ended(std::move(place)); // before a destructor runs, which may ask for it
        for (; object != nullptr; object = window.take_for_good(slot))
            Py_DECREF(object);
    }
}

void Region::begin_teardown() noexcept {
    HPYSTATE_CHECK(phase.load() == Phase::kLive); // R2
    HPYSTATE_CHECK(is_attached_to(owner.load())); // R1
    HPYSTATE_CHECK(is_valid());
    // release: no order is needed. Threads of the owner see it; the interpreter of any other thread
    // is another one.
    window.open_for().store(nullptr, std::memory_order_release);
    // relaxed: only the owner's threads act on it.
    phase.store(Phase::kDying, std::memory_order_relaxed);
    window.close();
}

void Region::release_values() noexcept {
    HPYSTATE_CHECK(phase.load() == Phase::kDying && window.closed());
    HPYSTATE_CHECK(may_run_python());
    spares.close();
    while (PyObject* const object = window.take_any())
        Py_DECREF(object);
    for (const std::atomic<LayerState*>& place : layers) {
        LayerState* const state = place.load(std::memory_order_acquire);
        if (state != nullptr && state->release != nullptr) state->release(state);
    }
    // acquire: pairs with the release in publish(). Living types keep the anchor.
    Py_XDECREF(anchor.exchange(nullptr, std::memory_order_acq_rel));
}

bool Region::is_valid() const noexcept {
    if (of(const_cast<HPyContext*>(&plain)) != this) return false; // R4
    const Phase now = phase.load();
    const bool closed = window.closed();
    const void* const open = window.open_for().load();
    if (open != nullptr && (now != Phase::kLive || open != owner.load())) return false;
    if (now == Phase::kFree) return owner.load() == nullptr && !closed && generation == 0;
    if (closed != (now == Phase::kDying)) return false;
    return plain.name != nullptr && generation != 0 && window.is_used_part_valid() &&
           spares.is_valid();
}

bool Region::publish(std::atomic<PyObject*>& place, PyObject* made) noexcept {
    HPYSTATE_CHECK(made != nullptr && may_run_python());
    PyObject* none = nullptr;
    // release: pairs with the acquire of whoever finds the object; it is complete.
    const bool first = place.compare_exchange_strong(none, made, std::memory_order_acq_rel);
    if (!first) Py_DECREF(made);
    return first;
}

} // namespace hpystate
