/// context/tracker.cpp: a set of handles that are closed together.
#include <Python.h>

#include "context/functions.h"
#include "context/handle.h"

#include <cstdint>
#include <new>
#include <utility>
#include <vector>

namespace hpystate::context {

namespace {

using Handles = std::vector<HPy>;

Handles* handles_of(HPyTracker tracker) noexcept {
    return reinterpret_cast<Handles*>(tracker._i);
}

/// One more than the vector has room for: an Add that fails has kept its handle all the same, so
/// that Close closes it.
bool make_room(Handles& handles) noexcept try {
    if (handles.size() + 1 >= handles.capacity()) handles.reserve(handles.capacity() * 2 + 1);
    return true;
} catch (const std::bad_alloc&) {
    return false;
}

} // namespace

HPyTracker ctx_Tracker_New(HPyContext*, HPy_ssize_t size) noexcept try {
    if (size < 0) {
        PyErr_Format(PyExc_ValueError, "ctx_Tracker_New: the size %zd is negative.", size);
        return HPyTracker{0};
    }
    auto* const handles = new Handles;
    try {
        handles->reserve(static_cast<std::size_t>(size) + 1);
    } catch (...) {
        delete handles;
        throw;
    }
    return HPyTracker{reinterpret_cast<std::intptr_t>(handles)};
} catch (const std::exception&) {
    PyErr_NoMemory();
    return HPyTracker{0};
}

int ctx_Tracker_Add(HPyContext*, HPyTracker ht, HPy h) noexcept {
    Handles& handles = *handles_of(ht);
    handles.push_back(h); // there is room: by New, or by the last Add
    if (make_room(handles)) return 0;
    PyErr_NoMemory();
    return -1;
}

void ctx_Tracker_ForgetAll(HPyContext*, HPyTracker ht) noexcept {
    handles_of(ht)->clear();
}

void ctx_Tracker_Close(HPyContext*, HPyTracker ht) noexcept {
    Handles* const handles = handles_of(ht);
    if (handles == nullptr) return;
    const Handles closing = std::move(*handles);
    delete handles;
    for (const HPy h : closing)
        Py_XDECREF(as_object(h));
}

} // namespace hpystate::context
