/// context/tracker.cpp: a set of handles that are closed together.
#include <Python.h>

#include "context/exception.h"
#include "context/functions.h"
#include "context/handle.h"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <vector>

namespace hpystate::context {

namespace {

using Handles = std::vector<HPy>;

Handles* handles_of(HPyTracker tracker) noexcept {
    return reinterpret_cast<Handles*>(tracker._i);
}

/// Room for one more handle than there is; false without an exception where memory is missing.
bool make_room(Handles& handles) noexcept {
    if (handles.size() != handles.capacity()) return true;
    if (!can_throw()) return false;
    try {
        handles.reserve(handles.capacity() * 2 + 1);
        return true;
    } catch (const std::exception&) {
        return false;
    }
}

/// False with a SystemError for the tracker of a New that failed.
bool check_tracker(HPyTracker tracker, const char* function) noexcept {
    if (tracker._i != 0) [[likely]]
        return true;
    PyErr_Format(PyExc_SystemError, "%s: the tracker is null. Check what HPyTracker_New returned.",
                 function);
    return false;
}

} // namespace

HPyTracker ctx_Tracker_New(HPyContext*, HPy_ssize_t size) noexcept {
    if (size < 0) {
        PyErr_Format(PyExc_ValueError, "ctx_Tracker_New: the size %zd is negative.", size);
        return HPyTracker{0};
    }
    return guarded(HPyTracker{0}, [=] {
        auto handles = std::make_unique<Handles>();
        handles->reserve(static_cast<std::size_t>(size) + 1);
        return HPyTracker{reinterpret_cast<std::intptr_t>(handles.release())};
    });
}

/// There is always room for one handle more, made by New or by the last Add. So an Add that fails
/// has kept its handle and Close closes it. HPy allows no further Add after that one: such a handle
/// is not kept where there is still no memory, and stays the caller's.
int ctx_Tracker_Add(HPyContext*, HPyTracker ht, HPy h) noexcept {
    if (!check_tracker(ht, "ctx_Tracker_Add")) return -1;
    Handles& handles = *handles_of(ht);
    if (make_room(handles)) [[likely]] {
        handles.push_back(h);
        if (make_room(handles)) [[likely]]
            return 0;
    }
    PyErr_NoMemory();
    return -1;
}

void ctx_Tracker_ForgetAll(HPyContext*, HPyTracker ht) noexcept {
    if (check_tracker(ht, "ctx_Tracker_ForgetAll")) handles_of(ht)->clear();
}

void ctx_Tracker_Close(HPyContext*, HPyTracker ht) noexcept {
    const std::unique_ptr<Handles> closing(handles_of(ht));
    if (closing == nullptr) return;
    for (const HPy h : *closing)
        Py_XDECREF(as_object(h));
}

} // namespace hpystate::context
