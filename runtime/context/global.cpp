/// runtime/context/global.cpp: HPyGlobal_Load and HPyGlobal_Store: what the project is about.
#include <Python.h>

#include "runtime/context/global.h"

#include "runtime/calls/handle.h"
#include "runtime/context/functions.h"

namespace hpystate::context {

HPy ctx_Global_Load(HPyContext* ctx, HPyGlobal global) noexcept {
    return as_handle(load_value(*current_region(ctx), token_of(global)));
}

void ctx_Global_Store(HPyContext* ctx, HPyGlobal* global, HPy h) noexcept {
    if (global == nullptr) [[unlikely]] {
        PyErr_SetString(PyExc_SystemError, "ctx_Global_Store: the slot is NULL, the address of an "
                                           "HPyGlobal was expected.");
        return;
    }
    static_cast<void>(store_value(*current_region(ctx), slot_of(global), as_object(h)));
}

} // namespace hpystate::context
