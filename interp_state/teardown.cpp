/// interp_state/teardown.cpp: the end: values that end in an order; then no load finds a value any
/// more, and all others are released.
#include <Python.h>

#include "interp_state/teardown.h"

#include "interp_state/context_head.h"
#include "interp_state/holder.h"
#include "runtime/cpython/attached.h"
#include "runtime/cpython/interpreter_end.h"

#include <array>
#include <cstdio>
#include <mutex>

namespace hpystate {

namespace {

void on_exit(void* data) {
    end_region(*static_cast<Region*>(data));
}

constexpr const char* kEndSignal = "hpystate.end_signal";

/// The key in the interpreter's dict, of this copy of the code alone: other copies may be in the
/// process (globals/copies.h, runtime/embed/), and a capsule that is replaced signals the end.
[[nodiscard]] std::array<char, 64> end_signal_key() noexcept {
    std::array<char, 64> key{};
    static_cast<void>(std::snprintf(key.data(), key.size(), "%s.%p", kEndSignal,
                                    static_cast<const void*>(&kContextMagic)));
    return key;
}

/// The interpreter's dict was cleared: its last collection is next.
void on_dict_cleared(PyObject* capsule) {
    const auto* const region = static_cast<Region*>(PyCapsule_GetPointer(capsule, kEndSignal));
    if (region == nullptr) return;
    // acquire: pairs with the release in publish().
    PyObject* const holder = region->holder.load(std::memory_order_acquire);
    if (holder != nullptr) leave_holder(holder);
}

/// Puts a capsule into the interpreter's dict; its destructor runs when the dict is cleared, just
/// before the last collection.
bool put_end_signal(Region& region) noexcept {
    PyObject* const dict = PyInterpreterState_GetDict(region.owner.load());
    if (dict == nullptr) {
        PyErr_NoMemory();
        return false;
    }
    PyObject* const capsule = PyCapsule_New(&region, kEndSignal, &on_dict_cleared);
    if (capsule == nullptr) return false;
    const bool put = PyDict_SetItemString(dict, end_signal_key().data(), capsule) == 0;
    if (!put) PyCapsule_SetDestructor(capsule, nullptr);
    Py_DECREF(capsule);
    return put;
}

/// CPython 3.13's list of callbacks has no lock; this one orders our own calls.
bool has_registered_exit(Region& region) noexcept {
    const std::lock_guard lock(region.exit_mutex);
    if (!region.has_exit_callback)
        region.has_exit_callback = add_exit_callback(&on_exit, &region) == 0;
    return region.has_exit_callback;
}

void release_holder(Region& region) noexcept {
    // acquire: pairs with the release in publish().
    PyObject* const holder = region.holder.exchange(nullptr, std::memory_order_acq_rel);
    if (holder == nullptr) return;
    detach_holder(holder);
    Py_DECREF(holder);
}

/// All of prepare_lifetime() but the last step.
[[nodiscard]] bool has_lifetime(Region& region) noexcept {
    // The callback comes first: without it, nothing would release the holder.
    if (!has_registered_exit(region)) {
        if (PyErr_Occurred() == nullptr) PyErr_NoMemory();
        return false;
    }
    if (!region.has_end_signal.exchange(true, std::memory_order_relaxed) &&
        !put_end_signal(region)) {
        region.has_end_signal.store(false, std::memory_order_relaxed); // the next one tries again
        return false;
    }
    // acquire: pairs with the release in publish().
    if (region.holder.load(std::memory_order_acquire) != nullptr) return true;
    if (!region.spares.open()) return false;
    PyObject* const holder = make_holder();
    if (holder == nullptr) return false;
    // Only the region's own holder reports the window: with two, each reference would be reported
    // twice, and the collector would take living objects for garbage.
    if (Region::publish(region.holder, holder)) attach_holder(holder, region, &end_region);
    return true;
}

} // namespace

void end_region(Region& region) noexcept {
    // The exit callback or the holder's finalizer, whichever was second, has nothing to do. The
    // second may be a collection in a destructor that the first runs.
    if (!region.ends.begin()) return;
    HPYSTATE_CHECK(may_run_python());
    HPYSTATE_CHECK(is_attached_to(region.owner.load()));
    // An exception of the code that ends the interpreter must not be lost.
    PyObject* const raised = PyErr_GetRaisedException();
    // acquire: pairs with the release in publish(). A collection during a destructor must not clear
    // the values that the destructor uses.
    PyObject* const holder = region.holder.load(std::memory_order_acquire);
    if (holder != nullptr) keep_holder(holder);
    region.release_in_order();
    region.begin_teardown();
    region.release_values();
    release_holder(region);
    HPYSTATE_CHECK(region.is_valid());
    PyErr_SetRaisedException(raised);
}

bool prepare_lifetime(Region& region) noexcept {
    HPYSTATE_CHECK(may_run_python());
    HPYSTATE_CHECK(is_attached_to(region.owner.load()));
    if (!has_lifetime(region)) return false;
    // release: pairs with the acquire of code that finds it; the region is ready.
    region.window.open_for().store(region.owner.load(), std::memory_order_release);
    return true;
}

} // namespace hpystate
