/// runtime/context/tracker.cpp: a set of handles that are closed together.
#include <Python.h>

#include "runtime/calls/handle.h"
#include "runtime/context/functions.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace hpystate::context {

namespace {

// NOLINTBEGIN(cppcoreguidelines-no-malloc): one allocation for the tracker and its first handles,
// and no exceptions

/// A tracker, followed by room for its first handles.
struct Tracker {
    std::size_t count;
    std::size_t room; ///< count < room, except after an Add that failed
    HPy* handles;     ///< first(), until there are more than fit there

    [[nodiscard]] HPy* first() noexcept { return reinterpret_cast<HPy*>(this + 1); }
};

/// The largest number of handles whose size in bytes, with the tracker, fits into a ptrdiff_t.
constexpr std::size_t kMost = PTRDIFF_MAX / sizeof(HPy) - sizeof(Tracker);

/// The room that New makes for a size of 0: most functions have few handles.
constexpr std::size_t kUsual = 5;

Tracker* tracker_of(HPyTracker tracker) noexcept {
    return reinterpret_cast<Tracker*>(tracker._i);
}

/// False without an exception if there is no memory: then nothing has changed.
[[gnu::noinline]] bool grow(Tracker& tracker) noexcept {
    const std::size_t room = tracker.room * 2 + 1;
    if (room > kMost) return false;
    const bool inside = tracker.handles == tracker.first();
    void* const memory = inside ? std::malloc(room * sizeof(HPy))
                                : std::realloc(tracker.handles, room * sizeof(HPy));
    if (memory == nullptr) return false;
    if (inside) std::memcpy(memory, tracker.handles, tracker.count * sizeof(HPy));
    tracker.handles = static_cast<HPy*>(memory);
    tracker.room = room;
    return true;
}

/// Makes sure that there is room for one more handle.
bool make_room(Tracker& tracker) noexcept {
    if (tracker.count != tracker.room) [[likely]]
        return true;
    return grow(tracker);
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
        PyErr_Format(PyExc_ValueError, "HPyTracker_New: the size %zd is negative.", size);
        return HPyTracker{0};
    }
    const std::size_t room = (size != 0 ? static_cast<std::size_t>(size) : kUsual) + 1;
    auto* const tracker =
        room <= kMost ? static_cast<Tracker*>(std::malloc(sizeof(Tracker) + room * sizeof(HPy)))
                      : nullptr;
    if (tracker == nullptr) {
        PyErr_NoMemory();
        return HPyTracker{0};
    }
    tracker->count = 0;
    tracker->room = room;
    tracker->handles = tracker->first();
    return HPyTracker{reinterpret_cast<std::intptr_t>(tracker)};
}

/// There is always room for one more handle, made by New or by the last Add. So an Add that fails
/// has kept its handle, and Close closes it. HPy allows no further Add after that. If one is made
/// and there is still no memory, its handle is not kept and remains the caller's.
int ctx_Tracker_Add(HPyContext*, HPyTracker ht, HPy h) noexcept {
    if (!check_tracker(ht, "HPyTracker_Add")) return -1;
    Tracker& tracker = *tracker_of(ht);
    if (make_room(tracker)) [[likely]] {
        tracker.handles[tracker.count++] = h;
        if (make_room(tracker)) [[likely]]
            return 0;
    }
    PyErr_NoMemory();
    return -1;
}

void ctx_Tracker_ForgetAll(HPyContext*, HPyTracker ht) noexcept {
    if (check_tracker(ht, "HPyTracker_ForgetAll")) tracker_of(ht)->count = 0;
}

void ctx_Tracker_Close(HPyContext*, HPyTracker ht) noexcept {
    Tracker* const closing = tracker_of(ht);
    if (closing == nullptr) return;
    for (std::size_t i = 0; i < closing->count; ++i)
        Py_XDECREF(as_object(closing->handles[i]));
    if (closing->handles != closing->first()) std::free(closing->handles);
    std::free(closing);
}

// NOLINTEND(cppcoreguidelines-no-malloc)

} // namespace hpystate::context
