/// runtime/layers/debug/state.cpp: contexts of calls, C statics that changed, the layer.
#include "runtime/layers/debug/state.h"

#include "runtime/calls/handle.h"
#include "runtime/cpython/attached.h"
#include "runtime/cpython/guarded.h"
#include "runtime/cpython/in_flight.h"
#include "runtime/layers/find_state.h"

#include <memory>
#include <new>
#include <utility>

namespace hpystate::layers {

namespace {

constexpr std::size_t kSpare = 16; ///< so many other calls run before a context is used again

/// The context of the innermost debug call that this thread runs; those of its callers wait.
constinit thread_local DebugContext* current = nullptr;

void retire_state(LayerState* layer) noexcept {
    static_cast<DebugState*>(layer)->ended = true;
}

void release_objects(LayerState* layer) noexcept {
    auto* const state = static_cast<DebugState*>(layer);
    HPYSTATE_CHECK(may_run_python());
    HPYSTATE_CHECK(state->is_valid());
    Py_CLEAR(state->on_invalid_handle);
    Py_CLEAR(state->on_invalid_builder);
    Py_CLEAR(state->on_misuse);
    state->end_borrows();
    state->release_retained();
}

} // namespace

DebugState::DebugState(Region& owner)
    : LayerState{&retire_state, &release_objects}, region(&owner),
      interpreter_id(owner.interpreter_id), pattern_{} {
    install_debug(pattern_, *this);
    for (std::size_t i = 0; i < kSpare; ++i)
        done_.append(std::make_unique<DebugContext>(*this));
}

bool DebugState::is_valid() const noexcept {
    const auto holds = [this](const HandleQueue& queue, DebugHandle::Life life) {
        std::size_t count = 0;
        for (const DebugHandle* at = queue.front(); at != nullptr; at = at->next) {
            if (at->state != this || at->life != life || ++count > queue.size()) return false;
            if ((at->object != nullptr) != (life == DebugHandle::Life::kOpen)) return false;
        }
        return count == queue.size();
    };
    return holds(opened, DebugHandle::Life::kOpen) && holds(closed, DebugHandle::Life::kClosed) &&
           holds(spare_, DebugHandle::Life::kSpare);
}

// ---- writable data ----

bool DebugState::remember_statics(const void* address) noexcept {
    return guarded(false, [&] {
        StaticData data(address);
        for (StaticData& known : statics_) {
            if (known.file() != data.file()) continue;
            known = std::move(data);
            return true;
        }
        statics_.push_back(std::move(data));
        return true;
    });
}

void DebugState::check_statics() noexcept {
    const InFlight kept(nullptr); // the call's own exception; a MemoryError from here is unraisable
    static_cast<void>(guarded(false, [&] {
        for (std::size_t i = 0; i < statics_.size(); ++i) { // a hook may import: no iterator
            for (const std::string& name : statics_[i].changed())
                report_static(name);
        }
        return true;
    }));
}

void DebugState::report_static(const std::string& name) noexcept {
    report(
        Misuse::kGlobal,
        [&] {
            return "the C static " + name + " changed after exec, in interpreter " +
                   std::to_string(interpreter_id) +
                   ". All interpreters share it; those with a GIL of their own may write it at the "
                   "same time. Keep objects in HPyGlobals, and make other state atomic or guard it "
                   "with a lock.";
        },
        nullptr);
}

// ---- contexts ----

void DoneContexts::append(std::unique_ptr<DebugContext> context) noexcept {
    DebugContext* const last = context.get();
    (back_ != nullptr ? back_->behind : front_) = std::move(context);
    back_ = last;
    ++size_;
}

std::unique_ptr<DebugContext> DoneContexts::pop_front() noexcept {
    std::unique_ptr<DebugContext> oldest = std::move(front_);
    front_ = std::move(oldest->behind);
    if (front_ == nullptr) back_ = nullptr;
    --size_;
    return oldest;
}

DebugContext::DebugContext(DebugState& of_state) noexcept
    : ContextHead(Version::kV09, ContextKind::kDebug, of_state.region, kDebugFusedCalls), context{},
      state(&of_state), plain(&of_state.region->context()) {}

DebugContext* DebugState::enter() noexcept {
    std::unique_ptr<DebugContext> next;
    if (done_.size() > 1) {
        next = done_.pop_front();
    } else {
        next.reset(new (std::nothrow) DebugContext(*this));
    }
    if (next == nullptr) {
        PyErr_NoMemory();
        return nullptr;
    }
    next->context = pattern_;
    next->context._private = static_cast<ContextHead*>(next.get());
    next->caller = std::exchange(current, next.get());
    // relaxed: read by the thread that runs the call; another thread that reads it misuses the
    // context.
    if (next->caller != nullptr) {
        next->caller->use.store(DebugContext::Use::kWaiting, std::memory_order_relaxed);
    }
    next->use.store(DebugContext::Use::kValid, std::memory_order_relaxed);
    return next.release();
}

void DebugState::leave(DebugContext& context) noexcept {
    context.use.store(DebugContext::Use::kDone, std::memory_order_relaxed);
    current = context.caller;
    if (current != nullptr) {
        current->use.store(DebugContext::Use::kValid, std::memory_order_relaxed);
    }
    context.state->done_.append(std::unique_ptr<DebugContext>(&context));
}

namespace {

HPyContext* enter_layer(HPyContext* home) noexcept {
    DebugState* const state = state_of_home<DebugState>(home, kDebug);
    DebugContext* const context = state != nullptr ? state->enter() : nullptr;
    return context != nullptr ? &context->context : nullptr;
}

void leave_layer(HPyContext* context) noexcept {
    DebugState& state = *DebugContext::of(context).state;
    DebugState::leave(DebugContext::of(context));
    if (state.watch_statics && current == nullptr) state.check_statics();
}

HPy open_in_layer(HPyContext* context, PyObject* borrowed) noexcept {
    return DebugContext::of(context).state->open(Py_NewRef(borrowed));
}

PyObject* take_in_layer(HPyContext* context, HPy handle) noexcept {
    DebugState& state = *DebugContext::of(context).state;
    constexpr const char* kWhere = "a function's result";
    PyObject* const object = state.object_of(handle, kWhere);
    const Ref result(Ref::borrow(object));
    const DebugHandle* const record = DebugHandle::of(handle);
    const bool open = record != nullptr && record->state == &state && record->object != nullptr;
    if (open) Py_XDECREF(state.close(handle, kWhere));
    return Py_XNewRef(result.get());
}

void close_in_layer(HPyContext* context, HPy handle) noexcept {
    Py_XDECREF(DebugContext::of(context).state->close(handle, "an argument, after the call"));
}

} // namespace

constexpr Layer debug_layer{"debug",        &enter_layer,   &leave_layer,
                            &open_in_layer, &take_in_layer, &close_in_layer};

bool module_executed(const Layer& layer, const void* definition) noexcept {
    if (&layer != &debug_layer) return true;
    DebugState* const state = debug_state();
    return state != nullptr && state->remember_statics(definition);
}

DebugState* debug_state() noexcept {
    return state_of_caller<DebugState>(kDebug);
}

} // namespace hpystate::layers
