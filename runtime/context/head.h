/// runtime/context/head.h: finds the head of a context: its version, kind and region.
#pragma once

#include <Python.h>

#include "interp_state/context_head.h"
#include "runtime/context/fused.h"

#include <hpy/context.h>

namespace hpystate::context {

/// The head of a context of this runtime; nullptr for a context of another runtime, or of another
/// copy of this one. Any thread may call it. It reads `_private`, which is the second word in every
/// version of the ABI, and, if it is not null, the 8 bytes that it points to. In HPy's own runtime
/// `_private` is NULL in plain contexts, and points to a longer struct in those of debug and trace
/// mode.
[[nodiscard]] inline const ContextHead* head_of(const HPyContext* context) noexcept {
    const void* const part = context->_private;
    if (part == &kPlainFusedCalls) return &kPlainHead;
    const auto* const head = static_cast<const ContextHead*>(part);
    return head != nullptr && head->magic == &kContextMagic ? head : nullptr;
}

} // namespace hpystate::context
