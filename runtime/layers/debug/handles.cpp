/// runtime/layers/debug/handles.cpp: opens, closes, lends and unwraps handles; builders.
#include "interp_state/values.h"
#include "runtime/abi/upstream_messages.h"
#include "runtime/calls/handle.h"
#include "runtime/cpython/guarded.h"
#include "runtime/elf/symbol_name.h"
#include "runtime/layers/debug/state.h"

#include <array>
#include <execinfo.h>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace hpystate::layers {

namespace {

constexpr const char* kStoredTo = " was used after a store to that global.";

[[nodiscard]] std::string hexadecimal(const void* address) {
    std::array<char, 32> text{};
    PyOS_snprintf(text.data(), text.size(), "%p", address);
    return text.data();
}

} // namespace

/// The frames of the caller, as many as are wanted. False: MemoryError is set.
bool DebugState::record_frames(std::vector<void*>& frames) const noexcept {
    if (stack_limit == 0) return true;
    return guarded(false, [&] {
        frames.resize(stack_limit);
        const int taken = backtrace(frames.data(), static_cast<int>(stack_limit));
        frames.resize(static_cast<std::size_t>(taken));
        return true;
    });
}

DebugHandle* DebugState::fresh_handle() noexcept {
    if (closed.size() >= closed_limit && closed.size() != 0) {
        DebugHandle* const oldest = closed.pop_front();
        forget(*oldest);
        return oldest;
    }
    if (DebugHandle* const spare = spare_.pop_front()) return spare;
    return guarded<DebugHandle*>(nullptr, [&] {
        handles_.emplace_back().state = this;
        return &handles_.back();
    });
}

HPy DebugState::open(PyObject* object) noexcept {
    if (object == nullptr) return kNullHandle;
    Ref owned(object);
    std::vector<void*> frames;
    DebugHandle* const handle = record_frames(frames) ? fresh_handle() : nullptr;
    if (handle == nullptr) return kNullHandle;
    handle->life = DebugHandle::Life::kOpen;
    handle->object = owned.release();
    handle->generation = generation;
    handle->borrowed_from = 0;
    handle->made_at = std::move(frames);
    opened.append(*handle);
    return handle->handle();
}

/// Releases what a closed handle keeps. It is in no queue.
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
        const char* const what = handle->borrowed_from != 0 ? "a handle that HPyGlobal_Borrow lent"
                                                            : "a constant of the context";
        report(
            Misuse::kHandle,
            [=] {
                return std::string(where) + ": " + what +
                       " was closed, or returned without HPy_Dup.";
            },
            upstream::kClosedHandle);
        return Py_NewRef(handle->object); // the context keeps its own reference
    }
    if (handle->life != DebugHandle::Life::kOpen) return nullptr;
    opened.remove(*handle);
    return retire(*handle);
}

/// The handle is closed; its object is the caller's now.
PyObject* DebugState::retire(DebugHandle& handle) noexcept {
    handle.life = DebugHandle::Life::kClosed;
    // If a hook lets the program go on, a closed handle that is used again must be safe.
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

HPy DebugState::borrow(std::uintptr_t token, PyObject* object) noexcept {
    const auto known = borrowed_.find(token);
    if (known != borrowed_.end() && known->second->object == object) return known->second->handle();
    DebugHandle* const fresh = fresh_handle(); // may run any code: nothing is kept across it
    if (fresh == nullptr) return kNullHandle;
    DebugHandle** const place = guarded<DebugHandle**>(nullptr, [&] { return &borrowed_[token]; });
    if (place == nullptr) {
        spare_.append(*fresh);
        return kNullHandle;
    }
    fresh->life = DebugHandle::Life::kBorrowed;
    fresh->object = Py_NewRef(object);
    fresh->generation = generation;
    fresh->borrowed_from = token;
    fresh->made_at.clear();
    // The old handle was lent for an earlier value, which was overwritten outside debug mode.
    DebugHandle* const old = std::exchange(*place, fresh);
    if (old != nullptr) Py_XDECREF(retire(*old)); // runs any code: last
    return fresh->handle();
}

void DebugState::end_borrow(std::uintptr_t token) noexcept {
    const auto found = borrowed_.find(token);
    if (found == borrowed_.end()) return;
    DebugHandle* const lent = found->second;
    borrowed_.erase(found);
    Py_DECREF(retire(*lent));
}

void DebugState::release_retained() noexcept {
    // By record, since the code that runs meanwhile moves records from queue to queue.
    for (std::size_t i = 0; i < handles_.size(); ++i)
        Py_CLEAR(handles_[i].retained);
}

void DebugState::end_borrows() noexcept {
    while (!borrowed_.empty())
        end_borrow(borrowed_.begin()->first);
}

/// Reports a lent handle whose global was stored to by code that does not run in debug mode.
void DebugState::check_borrow(const DebugHandle& handle, const char* where) noexcept {
    if (handle.life != DebugHandle::Life::kBorrowed || region->window.closed()) return;
    const Token token(handle.borrowed_from);
    if (lend_value(*region, token) == handle.object) return;
    report_handle(handle, where, kStoredTo);
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

/// A sentence for the end of a report, since the frames take many lines.
std::string DebugState::where_made(const DebugHandle& handle) {
    if (handle.made_at.empty()) {
        return " hpystate.debug.set_handle_stack_trace_limit(16) records where handles are made.";
    }
    return " It was made at:" + lines_of(handle.made_at);
}

/// Reports a handle that is closed or no longer valid; `how` tells why.
void DebugState::report_handle(const DebugHandle& handle, const char* where,
                               const char* how) noexcept {
    report(
        Misuse::kHandle,
        [&] { return std::string(where) + ": " + describe(handle) + how + where_made(handle); },
        upstream::kClosedHandle);
}

PyObject* DebugState::object_of(HPy word, const char* where) noexcept {
    if (word._i == 0) return nullptr;
    const DebugHandle* const handle = DebugHandle::of(word);
    if (handle == nullptr || handle->magic != DebugHandle::kMagic) {
        report(
            Misuse::kHandle,
            [=] {
                return std::string(where) + ": the word " +
                       hexadecimal(reinterpret_cast<const void*>(word._i)) +
                       " is not a handle of debug mode. Use a handle only with the context that "
                       "returned it.";
            },
            nullptr);
        return Py_None;
    }
    if (handle->state != this) {
        report(
            Misuse::kHandle,
            [=, this] {
                return std::string(where) + ": " + handle->state->describe(*handle) +
                       " was used in interpreter " + std::to_string(interpreter_id) +
                       ". Objects and handles belong to one interpreter. Store the object in an "
                       "HPyGlobal: it holds one object for each interpreter." +
                       where_made(*handle);
            },
            nullptr);
        return Py_None;
    }
    if (handle->object != nullptr) { // open, lent, or a constant
        check_borrow(*handle, where);
        return handle->object;
    }
    const char* const closed_by = handle->borrowed_from != 0 ? kStoredTo : " was closed before.";
    report_handle(*handle, where, closed_by);
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
    handle->raw.watched =
        watch_pages({handle->raw.data, size, handle, handle->generation,
                     handle->state->interpreter_id, &handle->made_at, where, type});
    return handle->raw.data;
}

DebugBuilder* DebugState::open_builder(std::intptr_t plain) noexcept {
    if (!can_throw()) return nullptr; // not guarded(): a builder's New raises nothing
    try {
        return &builders_.emplace_back(DebugBuilder{plain});
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

} // namespace hpystate::layers
