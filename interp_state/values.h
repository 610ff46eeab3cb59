/// interp_state/values.h: the values of an interpreter's globals: load, lend, store.
///
/// Everything here takes a region and a token, or the address of a slot; nothing needs a context.
/// HPyGlobal_Load and HPyGlobal_Store are these functions with a handle around them
/// (runtime/context/global.cpp), the fused calls use them too.
///
/// Concurrency: the thread is attached to the region's owner. What the window guarantees holds on
/// any number of such threads (interp_state/window.h). No lock is held while a reference is
/// released.
#pragma once

#include <Python.h>

#include "globals/gil.h"
#include "globals/token.h"
#include "interp_state/region.h"

#include <atomic>
#include <cstddef>
#include <cstdint>

#ifdef Py_GIL_DISABLED
static_assert(hpystate::kNoGil, "configured for another Python: remove the build folder");
#else
static_assert(!hpystate::kNoGil, "configured for another Python: remove the build folder");
#endif

namespace hpystate {

/// What the window calls under its lock: runs no Python code, attaches and detaches no thread.
inline void take_reference(PyObject* object) noexcept {
    Py_INCREF(object);
}

/// What the content of a slot means. HPyGlobal_Load gets the content alone, and another HPy runtime
/// that has the file too may have written it. Then the slot is looked for among those that modules
/// list: exactly one that holds this content is the one.
struct Resolved {
    Token token;       ///< of the slot; unset where it is not known
    bool unknown;      ///< the content is not a token, and it is not known whose it is
    std::size_t count; ///< of the listed slots that hold it, where it is unknown
};

/// Cold: takes the registry's lock and, for content that is not a token, reads all listed slots.
[[nodiscard, gnu::cold, gnu::noinline]] Resolved resolve(const Region& region,
                                                         Token content) noexcept;

/// load_value() and lend_value() where the entry has no plain word for the token.
[[nodiscard, gnu::cold, gnu::noinline]] PyObject* load_elsewhere(Region& region,
                                                                 Token content) noexcept;
[[nodiscard, gnu::cold, gnu::noinline]] PyObject* lend_elsewhere(Region& region,
                                                                 Token content) noexcept;

/// The object that the interpreter keeps under a token: a new reference. nullptr without an
/// exception: nothing is stored here, or the content of the slot is unknown (raise_unset() tells).
/// HPyGlobal_Load is the same, written out.
[[nodiscard]] inline PyObject* load_value(Region& region, Token token) noexcept {
    const Window::Entry& entry = region.window.entry_of(token);
    PyObject* const object = entry.holds(token) ? entry.plain() : nullptr;
    if (object == nullptr) return load_elsewhere(region, token);
    Py_INCREF(object);
    return object;
}

/// The same without a reference: the caller may use the object until the slot is stored to.
[[nodiscard]] inline PyObject* lend_value(Region& region, Token token) noexcept {
    const Window::Entry& entry = region.window.entry_of(token);
    PyObject* const object = entry.holds(token) ? entry.plain() : nullptr;
    return object != nullptr ? object : lend_elsewhere(region, token);
}

/// The object, without a reference, if the window keeps it until the interpreter ends, whatever is
/// stored (W6). nullptr: call load_value(). With the GIL a store returns what it replaces, so
/// nothing is kept.
[[nodiscard]] inline PyObject* kept_value(Region& region, Token token) noexcept {
    if constexpr (!kNoGil) return nullptr;
    const Window::Entry& entry = region.window.entry_of(token);
    return entry.holds(token) ? entry.plain() : nullptr;
}

/// The token of a slot, for store_value().
[[nodiscard]] inline Token token_of_slot(const std::uintptr_t* slot) noexcept {
    return Token(reinterpret_cast<std::uintptr_t>(slot));
}

/// Whether a slot holds its token. If not, no module listed it, it was moved or never zeroed, or
/// another HPy runtime writes it too.
[[nodiscard]] inline bool holds_token(std::uintptr_t* slot) noexcept {
    const auto self = reinterpret_cast<std::uintptr_t>(slot);
    // relaxed: see publish(); all writers write the same value.
    return std::atomic_ref(*slot).load(std::memory_order_relaxed) == self;
}

/// Registers such a slot and writes its token into it, unless another runtime wrote there
/// (globals/registry.h, G1). False: no memory; nothing was written.
[[nodiscard, gnu::cold, gnu::noinline]] bool write_unlisted(std::uintptr_t* slot) noexcept;

/// Makes `object` the value of a slot in this interpreter; nullptr clears it. The object is
/// borrowed: the window takes a reference of its own. No effect once the interpreter ends. False:
/// MemoryError is set, the old value stays. Inline: see HPyGlobal_Store.
[[gnu::always_inline]] inline bool store_value(Region& region, std::uintptr_t* slot,
                                               PyObject* object) noexcept {
    Window& window = region.window;
    const Token token = token_of_slot(slot);
    if (window.closed()) return true;
    if (!window.claim(token) || (!holds_token(slot) && !write_unlisted(slot))) {
        PyErr_NoMemory(); // the old value stays
        return false;
    }
    PyObject* old = nullptr;
    Py_XINCREF(object);
    // The place is claimed and the window is open, so this cannot fail. The new value is stored
    // before the old one is released, since its destructor may load this slot.
    static_cast<void>(window.store(token, object, old));
    Py_XDECREF(old);
    return true;
}

/// Sets a SystemError with the function's name and that of the slot, which holds nothing in this
/// interpreter, or holds content that is unknown. An exception that is set already becomes its
/// context. `place` is where the extension should store a value.
[[gnu::cold]] void raise_unset(const Region& region, const char* function, Token token,
                               const char* place = "HPy_mod_exec") noexcept;

} // namespace hpystate
