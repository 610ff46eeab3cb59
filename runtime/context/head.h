/// runtime/context/head.h: finds the head of a context: its version, kind and region; and the
/// context of kTrunk that it forwards to.
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

/// Raises for a context that has no head here. Returns nullptr: a SystemError is set that names
/// `function`.
HPyContext* refuse_foreign(const HPyContext* context, const char* function) noexcept;

/// The plain context, or that of debug or trace mode, of kTrunk which has the handles of a context:
/// itself, or the one that it forwards to. nullptr with a SystemError set, for
/// hpystate_context_for(): it is of another runtime.
[[nodiscard]] inline HPyContext* trunk_of(HPyContext* context) noexcept {
    if (context != nullptr) [[likely]] {
        if (context->_private == &kPlainFusedCalls) return context; // without the head's words
        if (const ContextHead* const head = head_of(context)) [[likely]]
            return head->trunk != nullptr ? head->trunk : context;
    }
    return refuse_foreign(context, "hpystate_context_for");
}

} // namespace hpystate::context
