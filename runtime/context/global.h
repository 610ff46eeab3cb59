/// runtime/context/global.h: from a global to the object that the context's interpreter keeps in
/// it.
#pragma once

#include <Python.h>

#include "globals/gil.h"
#include "interp_state/current.h"

#include <hpy/context.h>

#include <cstdint>

#ifdef Py_GIL_DISABLED
static_assert(hpystate::kNoGil, "configured for another Python: remove the build folder");
#else
static_assert(!hpystate::kNoGil, "configured for another Python: remove the build folder");
#endif

namespace hpystate::context {

[[nodiscard]] inline Token token_of(HPyGlobal global) noexcept {
    return Token(static_cast<std::uintptr_t>(global._i));
}

/// What the window calls under its lock: runs no Python code, attaches and detaches no thread.
inline void take_reference(PyObject* object) noexcept {
    Py_INCREF(object);
}

/// The object that the context's interpreter keeps under a token: a new reference; nullptr: none.
[[nodiscard]] inline PyObject* owned_object(HPyContext* ctx, Token token) noexcept {
    return current_region(ctx)->window.load(token, &take_reference);
}

/// The same without a reference: the caller may use it until the slot is stored to.
[[nodiscard]] inline PyObject* lent_object(HPyContext* ctx, Token token) noexcept {
    return current_region(ctx)->window.borrow(token);
}

/// What HPyGlobal_Store does. False: the old value stays, MemoryError is set.
[[nodiscard]] bool store_global(HPyContext* ctx, HPyGlobal* global, HPy h) noexcept;

} // namespace hpystate::context
