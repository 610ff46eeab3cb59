/// runtime/context/head.h: which context is this: of this runtime, of which version, kind and
/// region?
#pragma once

#include <Python.h>

#include "interp_state/context_head.h"
#include "runtime/context/fused.h"

#include <hpy/context.h>

namespace hpystate::context {

/// The head of a context of this runtime; nullptr for one of another runtime, or of another copy of
/// this one. Any thread. Reads `_private`, which is the second word in every version of the ABI,
/// and where it is not null the 8 bytes that it points to: HPy's own runtime has NULL in its plain
/// contexts, and in those of its debug and trace mode an info struct that is longer than that.
[[nodiscard]] inline const ContextHead* head_of(const HPyContext* context) noexcept {
    const void* const part = context->_private;
    if (part == &kPlainFusedCalls) return &kPlainHead;
    const auto* const head = static_cast<const ContextHead*>(part);
    return head != nullptr && head->magic == &kContextMagic ? head : nullptr;
}

} // namespace hpystate::context
