/// runtime/context/global.cpp: HPyGlobal_Load and HPyGlobal_Store: what the project is about.
#include <Python.h>

#include "runtime/context/global.h"

#include "globals/registry.h"
#include "globals/throwing.h"
#include "globals/token.h"
#include "interp_state/current.h"
#include "interp_state/window.h"
#include "runtime/calls/handle.h"
#include "runtime/context/functions.h"

#include <atomic>
#include <cstdint>
#include <new>

namespace hpystate::context {

namespace {

/// What a load gives where this interpreter stored nothing. A function of its own: inline, it costs
/// the way to a value three instructions.
[[gnu::cold, gnu::noinline]] HPy nothing_stored() noexcept {
    return kNullHandle;
}

/// The rest of a load whose token is not in its entry, or whose slot is a cell.
[[gnu::cold, gnu::noinline]] HPy load_elsewhere(HPyContext* ctx, Token token) noexcept {
    return as_handle(current_region(ctx)->window.load_slow(token, &take_reference));
}

} // namespace

HPy ctx_Global_Load(HPyContext* ctx, HPyGlobal global) noexcept {
    const Token token = token_of(global);
    const Window::Entry& entry = current_region(ctx)->window.entry_of(token);
    if (!entry.holds(token)) [[unlikely]]
        return load_elsewhere(ctx, token);
    PyObject* const object = entry.plain();
    if (object == nullptr) [[unlikely]]
        return kNoGil ? load_elsewhere(ctx, token) : nothing_stored();
    Py_INCREF(object);
    return as_handle(object);
}

namespace {

/// The token of a slot that Store was given, written into it. A slot that holds something else is
/// one that nobody listed, or that was moved or never zeroed: it is registered on the fly.
/// False: no memory; nothing was written.
bool write_token(std::uintptr_t* slot) noexcept {
    const auto self = reinterpret_cast<std::uintptr_t>(slot);
    // relaxed: see publish(); all writers write the same value.
    if (std::atomic_ref(*slot).load(std::memory_order_relaxed) == self) [[likely]]
        return true;
    if (!can_throw()) return false;
    try {
        registry().add_unlisted(slot);
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

} // namespace

namespace {

[[gnu::always_inline]] inline bool store(HPyContext* ctx, HPyGlobal* global, HPy h) noexcept {
    Window& window = current_region(ctx)->window;
    auto* const slot = reinterpret_cast<std::uintptr_t*>(&global->_i);
    const Token token(reinterpret_cast<std::uintptr_t>(slot));
    if (window.closed()) return true; // past teardown: no effect
    if (!window.claim(token) || !write_token(slot)) {
        PyErr_NoMemory(); // the old value stays
        return false;
    }
    PyObject* const object = as_object(h);
    PyObject* old = nullptr;
    Py_XINCREF(object);
    // The place is claimed and the window open: this cannot fail. The new value stands before the
    // old one is released, whose destructor may load this very slot.
    static_cast<void>(window.store(token, object, old));
    Py_XDECREF(old);
    return true;
}

} // namespace

bool store_global(HPyContext* ctx, HPyGlobal* global, HPy h) noexcept {
    return store(ctx, global, h);
}

void ctx_Global_Store(HPyContext* ctx, HPyGlobal* global, HPy h) noexcept {
    if (global == nullptr) [[unlikely]] {
        PyErr_SetString(PyExc_SystemError, "ctx_Global_Store: the slot is NULL, the address of an "
                                           "HPyGlobal was expected.");
        return;
    }
    static_cast<void>(store(ctx, global, h));
}

} // namespace hpystate::context
