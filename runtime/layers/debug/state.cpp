/// runtime/layers/debug/state.cpp: opening, closing, looking through handles; contexts; reports.
#include "runtime/layers/debug/state.h"

#include "runtime/abi/upstream_messages.h"
#include "runtime/calls/handle.h"
#include "runtime/context/fused.h"
#include "runtime/cpython/in_flight.h"
#include "runtime/elf/symbol_name.h"
#include "runtime/layers/debug/crash.h"
#include "runtime/layers/state.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <execinfo.h>
#include <new>
#include <utility>

namespace hpystate::layers {

namespace {

constexpr std::size_t kRing = 16; ///< so many other calls run before a context is used again

/// The context of the call that this thread runs; a call that is made from it waits for.
constinit thread_local DebugContext* current = nullptr;

[[nodiscard]] std::string hexadecimal(const void* address) {
    std::array<char, 32> text{};
    PyOS_snprintf(text.data(), text.size(), "%p", address);
    return text.data();
}

void retire_state(LayerState* layer) noexcept {
    static_cast<DebugState*>(layer)->ended = true;
}

void release_objects(LayerState* layer) noexcept {
    auto* const state = static_cast<DebugState*>(layer);
    Py_CLEAR(state->on_invalid_handle);
    Py_CLEAR(state->on_invalid_builder);
    Py_CLEAR(state->on_misuse);
    state->end_borrows();
    for (DebugHandle* at = state->closed.front(); at != nullptr; at = at->next)
        Py_CLEAR(at->retained);
}

} // namespace

const char* name_of(Misuse misuse) noexcept {
    static constexpr const char* kNames[] = {"handle", "builder",  "context",
                                             "global", "argument", "field"};
    return kNames[static_cast<std::size_t>(misuse)];
}

DebugState::DebugState(Region& owner)
    : LayerState{&retire_state, &release_objects}, region(&owner),
      interpreter_id(owner.interpreter_id), pattern_{} {
    install_debug(pattern_, *this);
    for (std::size_t i = 0; i < kRing; ++i)
        done_.append(std::make_unique<DebugContext>());
}

// ---- handles ----

DebugHandle* DebugState::fresh_handle() {
    if (closed.size() >= closed_limit && closed.size() != 0) {
        DebugHandle* const oldest = closed.pop_front();
        forget(*oldest);
        return oldest;
    }
    if (DebugHandle* const spare = spare_.pop_front()) return spare;
    handles_.emplace_back().state = this;
    return &handles_.back();
}

HPy DebugState::open(PyObject* object) noexcept try {
    if (object == nullptr) return kNullHandle;
    Ref owned(object);
    std::vector<void*> frames(stack_limit);
    if (stack_limit != 0) {
        const int taken = backtrace(frames.data(), static_cast<int>(stack_limit));
        frames.resize(static_cast<std::size_t>(taken));
    }
    DebugHandle& handle = *fresh_handle();
    handle.life = DebugHandle::Life::kOpen;
    handle.object = owned.release();
    handle.generation = generation;
    handle.borrowed_from = 0;
    handle.made_at = std::move(frames);
    opened.append(handle);
    return handle.handle();
} catch (const std::bad_alloc&) {
    PyErr_NoMemory();
    return kNullHandle;
}

/// What hangs on a closed handle goes; it leaves no queue.
void DebugState::forget(DebugHandle& handle) noexcept {
    if (handle.raw.data != nullptr) raw_size -= handle.raw.size;
    handle.raw.release();
    handle.life = DebugHandle::Life::kSpare;
    handle.object = nullptr;
    PyObject* const retained = std::exchange(handle.retained, nullptr);
    Py_XDECREF(retained);
}

PyObject* DebugState::close(HPy word, const char* where) noexcept {
    static_cast<void>(object_of(word, where)); // reports
    DebugHandle* const handle = DebugHandle::of(word);
    if (handle == nullptr || handle->state != this) return nullptr;
    if (handle->life == DebugHandle::Life::kConstant ||
        handle->life == DebugHandle::Life::kBorrowed) {
        report(Misuse::kHandle,
               std::string(where) +
                   (handle->borrowed_from != 0 ? ": a handle that HPyGlobal_Borrow lent"
                                               : ": a constant of the context") +
                   " was closed, or given back without HPy_Dup.",
               interface::kClosedHandle);
        return Py_NewRef(handle->object); // the context's own stays what it is
    }
    if (handle->life != DebugHandle::Life::kOpen) return nullptr;
    opened.remove(*handle);
    return retire(*handle);
}

/// The handle is closed; its object is the caller's now.
PyObject* DebugState::retire(DebugHandle& handle) noexcept {
    handle.life = DebugHandle::Life::kClosed;
    // Where a hook lets the program go on, a closed handle that is used again must be safe.
    const bool watched = on_invalid_handle != nullptr || on_misuse != nullptr;
    if (watched) handle.retained = Py_NewRef(handle.object);
    if (handle.raw.data != nullptr && raw_size + handle.raw.size <= raw_limit) {
        raw_size += handle.raw.size;
        handle.raw.forbid();
    } else {
        handle.raw.release();
    }
    PyObject* const object = std::exchange(handle.object, nullptr);
    closed.append(handle);
    if (closed.size() > closed_limit) {
        DebugHandle* const oldest = closed.pop_front();
        forget(*oldest);
        spare_.append(*oldest);
    }
    return object;
}

// ---- borrowed from a global ----

HPy DebugState::borrow(std::uintptr_t token, PyObject* object) noexcept try {
    DebugHandle*& lent = borrowed_[token];
    if (lent != nullptr && lent->object == object) return lent->handle();
    // Another value, which was not stored through debug mode.
    PyObject* const old = lent != nullptr ? retire(*lent) : nullptr;
    lent = nullptr;
    lent = fresh_handle();
    lent->life = DebugHandle::Life::kBorrowed;
    lent->object = Py_NewRef(object);
    lent->generation = generation;
    lent->borrowed_from = token;
    lent->made_at.clear();
    const HPy handle = lent->handle();
    Py_XDECREF(old); // runs any code: last
    return handle;
} catch (const std::bad_alloc&) {
    PyErr_NoMemory();
    return kNullHandle;
}

void DebugState::end_borrow(std::uintptr_t token) noexcept {
    const auto found = borrowed_.find(token);
    if (found == borrowed_.end()) return;
    DebugHandle* const lent = found->second;
    borrowed_.erase(found);
    if (lent != nullptr) Py_DECREF(retire(*lent));
}

void DebugState::end_borrows() noexcept {
    while (!borrowed_.empty())
        end_borrow(borrowed_.begin()->first);
}

/// Reports a lent handle whose global was stored to by code that does not run in debug mode.
void DebugState::check_borrow(const DebugHandle& handle, const char* where) noexcept {
    if (handle.life != DebugHandle::Life::kBorrowed || region->window.closed()) return;
    const Token token(handle.borrowed_from);
    if (context::lent_object(&region->context, token) == handle.object) return;
    report(Misuse::kHandle,
           std::string(where) + ": " + describe(handle) + " is used after a store to that global." +
               where_made(handle),
           interface::kClosedHandle);
}

std::string DebugState::describe(const DebugHandle& handle) const {
    std::string text = "handle " + hexadecimal(&handle) + " of generation " +
                       std::to_string(handle.generation) + " in interpreter " +
                       std::to_string(interpreter_id);
    if (handle.borrowed_from != 0) {
        text += ", lent by HPyGlobal_Borrow of " + describe_slot(handle.borrowed_from);
    }
    return text;
}

std::string DebugState::where_made(const DebugHandle& handle) {
    if (handle.made_at.empty()) {
        return " hpystate.debug.set_handle_stack_trace_limit(16) keeps where handles are made.";
    }
    std::string text = " It was made at:";
    char** const frames =
        backtrace_symbols(handle.made_at.data(), static_cast<int>(handle.made_at.size()));
    for (std::size_t i = 0; frames != nullptr && i < handle.made_at.size(); ++i)
        text += std::string("\n    ") + frames[i];
    std::free(frames);
    return text;
}

PyObject* DebugState::object_of(HPy word, const char* where) noexcept {
    if (word._i == 0) return nullptr;
    const DebugHandle* const handle = DebugHandle::of(word);
    if (handle == nullptr || handle->magic != DebugHandle::kMagic) {
        report(Misuse::kHandle,
               std::string(where) + ": the word " +
                   hexadecimal(reinterpret_cast<const void*>(word._i)) +
                   " is no handle of debug mode. A handle must come from the context that it is "
                   "used with.",
               nullptr);
        return Py_None;
    }
    if (handle->state != this) {
        report(Misuse::kHandle,
               std::string(where) + ": " + handle->state->describe(*handle) +
                   " is used in interpreter " + std::to_string(interpreter_id) +
                   ". Objects and handles belong to one interpreter; keep one in an HPyGlobal for "
                   "each." +
                   where_made(*handle),
               nullptr);
        return Py_None;
    }
    if (handle->object != nullptr) { // open, lent, or a constant
        check_borrow(*handle, where);
        return handle->object;
    }
    const char* const closed_by = handle->borrowed_from != 0
                                      ? " is used after a store to that global."
                                      : " was closed before.";
    report(Misuse::kHandle,
           std::string(where) + ": " + describe(*handle) + closed_by + where_made(*handle),
           interface::kClosedHandle);
    return handle->retained != nullptr ? handle->retained : Py_None;
}

const char* DebugState::keep_copy(HPy word, const char* data, std::size_t size,
                                  const char* where) noexcept {
    DebugHandle* const handle = DebugHandle::of(word);
    if (handle == nullptr || handle->state != this || handle->raw.data != nullptr) {
        return handle != nullptr && handle->raw.data != nullptr ? handle->raw.data : data;
    }
    handle->raw = RawCopy::make(data, size);
    if (handle->raw.data == nullptr) {
        PyErr_NoMemory();
        return nullptr;
    }
    if (!explain_crashes) return handle->raw.data;
    const char* const type =
        handle->object != nullptr ? Py_TYPE(handle->object)->tp_name : "closed handle";
    handle->raw.watched = watch_pages({handle->raw.data, size, handle, where, type});
    return handle->raw.data;
}

DebugBuilder* DebugState::open_builder(std::intptr_t plain) noexcept try {
    return &builders_.emplace_back(DebugBuilder{plain});
} catch (const std::bad_alloc&) {
    return nullptr;
}

// ---- reports ----

void DebugState::report(Misuse misuse, const std::string& text, const char* interface) noexcept {
    PyObject* const plain = misuse == Misuse::kHandle    ? on_invalid_handle
                            : misuse == Misuse::kBuilder ? on_invalid_builder
                                                         : nullptr;
    PyObject* const chosen = plain != nullptr ? plain : on_misuse;
    if (chosen == nullptr || ended || current_interpreter() == nullptr) {
        static_cast<void>(std::fprintf(stderr, "hpystate, debug mode: %s\n", text.c_str()));
        static_cast<void>(std::fflush(stderr));
        print_c_stack();
        Py_FatalError(interface != nullptr ? interface : "Misuse of HPy was found in debug mode");
    }
    PyObject* const raised = PyErr_GetRaisedException();
    const Ref hook(Ref::borrow(chosen)); // it may take itself away
    const Ref result(plain != nullptr
                         ? PyObject_CallNoArgs(hook.get())
                         : PyObject_CallFunction(hook.get(), "ss", name_of(misuse), text.c_str()));
    if (!result) PyErr_WriteUnraisable(hook.get());
    PyErr_SetRaisedException(raised);
}

// ---- writable data ----

bool DebugState::remember_statics(const void* address) noexcept try {
    StaticData data(address);
    for (StaticData& known : statics_) {
        if (known.file() != data.file()) continue;
        known = std::move(data);
        return true;
    }
    statics_.push_back(std::move(data));
    return true;
} catch (const std::bad_alloc&) {
    PyErr_NoMemory();
    return false;
}

void DebugState::check_statics() noexcept try {
    for (std::size_t i = 0; i < statics_.size(); ++i) { // a hook may import: no iterator
        for (const std::string& name : statics_[i].changed()) {
            report(Misuse::kGlobal,
                   "the C static " + name + " changed after exec, in interpreter " +
                       std::to_string(interpreter_id) +
                       ". All interpreters share it, and with GILs of their own they race for it. "
                       "Keep objects in HPyGlobals, and other state atomic or behind a lock.",
                   nullptr);
        }
    }
} catch (const std::bad_alloc&) {
    const InFlight kept(nullptr);
    PyErr_NoMemory();
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

DebugContext* DebugState::enter() noexcept {
    std::unique_ptr<DebugContext> next;
    if (done_.size() > 1) {
        next = done_.pop_front();
    } else {
        next.reset(new (std::nothrow) DebugContext());
    }
    if (next == nullptr) {
        PyErr_NoMemory();
        return nullptr;
    }
    next->context = pattern_;
    next->context._private = next.get();
    next->state = this;
    next->plain = &region->context;
    next->caller = std::exchange(current, next.get());
    // relaxed: asked by the thread that runs the call; another one that asks has no business here.
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
