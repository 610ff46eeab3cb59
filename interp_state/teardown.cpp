/// interp_state/teardown.cpp: two phases: nobody finds a value any more; then they are released.
#include <Python.h>

#include "interp_state/teardown.h"

#include "interp_state/holder.h"

#include <mutex>

// Exported for CPython's own extensions, from 3.13 on, but not in its public headers; weak, so that
// its absence only means what has_stopped_threads() says.
// NOLINTNEXTLINE(bugprone-reserved-identifier): CPython's name
extern "C" [[gnu::weak]] int _Py_IsInterpreterFinalizing(PyInterpreterState* interpreter);

namespace hpystate {

namespace {

void on_exit(void* data) {
    end_region(*static_cast<Region*>(data));
}

constexpr const char* kKeeper = "hpystate.keeper";

/// The interpreter's dict is gone: its last collection is next.
void on_keeper_end(PyObject* keeper) {
    const auto* const region = static_cast<Region*>(PyCapsule_GetPointer(keeper, kKeeper));
    if (region == nullptr) return;
    // acquire: pairs with the release in publish().
    PyObject* const holder = region->holder.load(std::memory_order_acquire);
    if (holder != nullptr) leave_holder(holder);
}

/// Puts the object into the interpreter's dict whose end says that the last collection is near.
bool put_keeper(Region& region) noexcept {
    PyObject* const dict = PyInterpreterState_GetDict(region.owner.load());
    if (dict == nullptr) {
        PyErr_NoMemory();
        return false;
    }
    PyObject* const keeper = PyCapsule_New(&region, kKeeper, &on_keeper_end);
    if (keeper == nullptr) return false;
    const bool put = PyDict_SetItemString(dict, kKeeper, keeper) == 0;
    if (!put) PyCapsule_SetDestructor(keeper, nullptr);
    Py_DECREF(keeper);
    return put;
}

int register_exit(Region& region) noexcept {
    PyInterpreterState* const interpreter = PyInterpreterState_Get();
#if PY_VERSION_HEX >= 0x030D0000
    return PyUnstable_AtExit(interpreter, &on_exit, &region);
#else
    return _Py_AtExit(interpreter, &on_exit, &region);
#endif
}

/// The list of callbacks has no lock in 3.13; among calls of ours this one keeps the order.
bool has_registered_exit(Region& region) noexcept {
    const std::lock_guard lock(region.exit_mutex);
    if (!region.has_exit_callback) region.has_exit_callback = register_exit(region) == 0;
    return region.has_exit_callback;
}

} // namespace

void end_region(Region& region) noexcept {
    // relaxed: written on threads of the owner, and this is one. The other of the two ways may have
    // been first.
    if (region.phase.load(std::memory_order_relaxed) == Region::Phase::kDying) return;
    // An exception of the code that ends the interpreter is not ours to lose.
    PyObject* const raised = PyErr_GetRaisedException();
    region.begin_teardown();
    region.release_values();
    PyErr_SetRaisedException(raised);
}

#if PY_VERSION_HEX >= 0x030F0000

bool is_ending() noexcept {
    PyObject* const raised = PyErr_GetRaisedException();
    PyObject* modules = nullptr;
    // -1: no memory for the key, which says nothing about the interpreter.
    const int found = PySys_GetOptionalAttrString("modules", &modules);
    PyErr_SetRaisedException(raised);                                    // drops the MemoryError
    const bool ending = found == 0 || (found > 0 && modules == Py_None); // None once it was cleared
    Py_XDECREF(modules); // the dict lives on in sys, or the None does
    return ending;
}

#else // PySys_GetObject hides that there was no memory, and from 3.13 on prints it

bool is_ending() noexcept {
    PyObject* modules = PySys_GetObject("modules"); // borrowed; None once they were cleared
    if (modules == nullptr) {
        // Gone, or CPython had no memory for the key and hides that. Memory tells the two apart.
        PyObject* const raised = PyErr_GetRaisedException();
        PyObject* const key = PyUnicode_FromString("modules");
        const bool no_memory = key == nullptr;
        Py_XDECREF(key);
        PyErr_SetRaisedException(raised); // drops the MemoryError of the key
        if (no_memory) return false;
        modules = PySys_GetObject("modules");
    }
    return modules == nullptr || modules == Py_None;
}

#endif

bool is_finalizing() noexcept {
#if PY_VERSION_HEX >= 0x030D0000
    return Py_IsFinalizing() != 0;
#else
    return _Py_IsFinalizing() != 0;
#endif
}

bool has_stopped_threads() noexcept {
    // Before 3.14 a subinterpreter that ends while it has threads is a fatal error of CPython's.
    if (&_Py_IsInterpreterFinalizing == nullptr) return is_finalizing();
    return _Py_IsInterpreterFinalizing(PyInterpreterState_Get()) != 0;
}

bool prepare_lifetime(Region& region) noexcept {
    // The callback first: were the holder there alone, nobody would release it.
    if (!has_registered_exit(region)) {
        if (PyErr_Occurred() == nullptr) PyErr_NoMemory();
        return false;
    }
    if (!region.has_keeper.exchange(true, std::memory_order_relaxed) && !put_keeper(region)) {
        region.has_keeper.store(false, std::memory_order_relaxed); // the next one tries again
        return false;
    }
    // acquire: pairs with the release in publish().
    if (region.holder.load(std::memory_order_acquire) != nullptr) return true;
    if (!region.spares.open()) return false;
    PyObject* const holder = make_holder();
    if (holder == nullptr) return false;
    // Only the one that is the region's shows the window: two would show each reference twice, and
    // the collector would take living objects for garbage.
    if (Region::publish(region.holder, holder)) attach_holder(holder, region);
    return true;
}

} // namespace hpystate
