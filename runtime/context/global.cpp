/// runtime/context/global.cpp: HPyGlobal_Load and HPyGlobal_Store.
#include <Python.h>

#include "runtime/context/global.h"

#include "runtime/calls/handle.h"
#include "runtime/context/functions.h"

namespace hpystate::context {

namespace {

// The two cases without a value in the entry are out of line, and a load jumps to them. Inline,
// they would add three instructions to a load of a value. So would load_value(), whose result is an
// object that must be tested again.
[[gnu::cold, gnu::noinline]] HPy nothing_stored() noexcept {
    return kNullHandle;
}

[[gnu::cold, gnu::noinline]] HPy load_elsewhere(HPyContext* ctx, Token token) noexcept {
    PyObject* const object = hpystate::load_elsewhere(*current_region(ctx), token);
    if (object == nullptr && resolve(*current_region(ctx), token).unknown) [[unlikely]]
        raise_unset(*current_region(ctx), "HPyGlobal_Load", token);
    return as_handle(object);
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

void ctx_Global_Store(HPyContext* ctx, HPyGlobal* global, HPy h) noexcept {
    if (global == nullptr) [[unlikely]] {
        PyErr_SetString(
            PyExc_SystemError,
            "HPyGlobal_Store: 'global' is NULL, the address of an HPyGlobal was expected.");
        return;
    }
    static_cast<void>(store_value(*current_region(ctx), slot_of(global), as_object(h)));
}

} // namespace hpystate::context
