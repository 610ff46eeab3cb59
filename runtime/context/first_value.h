/// runtime/context/first_value.h: HPyGlobal_LoadOrInit with handles, around
/// interp_state/first_value.h.
#pragma once

#include <Python.h>

#include "interp_state/first_value.h"
#include "runtime/calls/handle.h"
#include "runtime/context/global.h"
#include "runtime/context/pointers.h"

#include <hpy/context.h>

namespace hpystate::context {

/// first_value() in the interpreter of `plain`, a plain context.
[[nodiscard]] inline PyObject* first_value(HPyContext* plain, HPyGlobal* global, const Maker& maker,
                                           const char* function) noexcept {
    return hpystate::first_value(*current_region(plain), slot_of(global), maker, function);
}

/// The maker of HPyGlobal_LoadOrInit for a context whose handles are plain ones.
struct Initializer {
    HPyContext* ctx; ///< what the initializer is called with
    HPy (*init)(HPyContext* ctx, void* arg);
    void* arg;

    [[nodiscard]] Maker maker() noexcept {
        return {[](void* data) noexcept {
                    const auto& self = *static_cast<const Initializer*>(data);
                    return as_object(self.init(self.ctx, self.arg));
                },
                this};
    }
};

/// False with a SystemError: `slot` or `init` is NULL.
[[nodiscard]] inline bool check_initializer(const HPyGlobal* slot, bool has_initializer) noexcept {
    return require_pointer(slot, "HPyGlobal_LoadOrInit", "global") &&
           (has_initializer || require_pointer(nullptr, "HPyGlobal_LoadOrInit", "init"));
}

} // namespace hpystate::context
