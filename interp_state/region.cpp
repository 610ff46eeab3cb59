/// interp_state/region.cpp: reserving, preparing, and the two phases of the end.
#include "interp_state/region.h"

#include "globals/check.h"
#include "interp_state/holder.h"

#include <new>
#include <sys/mman.h>
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

namespace hpystate {

namespace {

/// LeakSanitizer does not look into mapped memory by itself; what a region refers to is not lost.
void show_to_sanitizer([[maybe_unused]] void* memory) noexcept {
#if defined(__SANITIZE_ADDRESS__)
    __lsan_register_root_region(memory, sizeof(Region)); // never unmapped
#endif
}

} // namespace

Region* Region::reserve() noexcept {
    void* const memory = mmap(nullptr, sizeof(Region), PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return nullptr;
    // Else the first touched entry may cost 2 MiB. A kernel without huge pages refuses: fine too.
    static_cast<void>(madvise(memory, sizeof(Region), MADV_NOHUGEPAGE));
    show_to_sanitizer(memory);
    // Default initialization: it writes the few members that have a constructor, so no page of the
    // array is touched. The memory is zero.
    return new (memory) Region;
}

void Region::prepare(std::int64_t id) noexcept {
    HPYSTATE_CHECK(phase.load() != Phase::kLive || interpreter_id != id);
    window.reset();
    holder = nullptr;
    anchor = nullptr;
    has_exit_callback = false;
    has_keeper = false;
    instances.reset();
    for (LayerState*& state : layers) {
        if (state != nullptr && state->retire != nullptr) state->retire(state);
        state = nullptr;
    }
    interpreter_id = id;
    ++generation;
    // release: pairs with the acquire in region_of(): whoever sees the region live sees that its
    // last owner is gone, the window empty and the context filled.
    phase.store(Phase::kLive, std::memory_order_release);
}

void Region::begin_teardown() noexcept {
    HPYSTATE_CHECK(phase.load() == Phase::kLive);
    // relaxed: what follows from it is asked by the owner's threads only.
    phase.store(Phase::kDying, std::memory_order_relaxed);
    window.close();
}

void Region::release_values() noexcept {
    spares.close();
    while (PyObject* const object = window.take_any())
        Py_DECREF(object);
    for (LayerState* const state : layers) {
        if (state != nullptr && state->release != nullptr) state->release(state);
    }
    Py_CLEAR(anchor); // types that still live keep it
    if (holder == nullptr) return;
    detach_holder(holder);
    Py_CLEAR(holder);
}

} // namespace hpystate
