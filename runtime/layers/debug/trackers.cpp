/// runtime/layers/debug/trackers.cpp: trackers hold handles of debug mode: a vector of their own.
#include "runtime/cpython/guarded.h"
#include "runtime/layers/debug/call.h"
#include "runtime/layers/debug/own.h"

#include <memory>
#include <vector>

namespace hpystate::layers {

namespace {

using Tracked = std::vector<HPy>;

[[nodiscard]] Tracked* tracked_by(HPyTracker tracker) noexcept {
    return reinterpret_cast<Tracked*>(tracker._i);
}

} // namespace

HPyTracker own_Tracker_New(HPyContext* context, HPy_ssize_t size) noexcept {
    const Call call(context, ContextFunction::Tracker_New);
    if (size < 0) return call.plain()->ctx_Tracker_New(call.plain(), size); // raises
    return guarded(HPyTracker{0}, [=] {
        auto tracked = std::make_unique<Tracked>();
        tracked->reserve(static_cast<std::size_t>(size) + 1);
        return HPyTracker{reinterpret_cast<std::intptr_t>(tracked.release())};
    });
}

int own_Tracker_Add(HPyContext* context, HPyTracker ht, HPy h) noexcept {
    const Call call(context, ContextFunction::Tracker_Add);
    static_cast<void>(call.object(h));                                                   // reports
    if (ht._i == 0) return call.plain()->ctx_Tracker_Add(call.plain(), ht, kNullHandle); // raises
    // As in plain mode: there is always room for one more handle, so an Add that fails has kept its
    // handle.
    Tracked& tracked = *tracked_by(ht);
    const bool kept = tracked.size() < tracked.capacity();
    if (kept) tracked.push_back(h);
    if (tracked.size() < tracked.capacity()) return 0;
    return guarded(-1, [&] {
        tracked.reserve(tracked.capacity() * 2);
        if (!kept) tracked.push_back(h); // after an Add that failed
        return 0;
    });
}

void own_Tracker_ForgetAll(HPyContext* context, HPyTracker ht) noexcept {
    const Call call(context, ContextFunction::Tracker_ForgetAll);
    if (ht._i == 0) return call.plain()->ctx_Tracker_ForgetAll(call.plain(), ht); // raises
    tracked_by(ht)->clear();
}

void own_Tracker_Close(HPyContext* context, HPyTracker ht) noexcept {
    const Call call(context, ContextFunction::Tracker_Close);
    const std::unique_ptr<Tracked> closing(tracked_by(ht));
    if (closing == nullptr) return;
    for (const HPy h : *closing) {
        if (h._i != 0) Py_XDECREF(call.state().close(h, call.where()));
    }
}

} // namespace hpystate::layers
