/// layers/fused.cpp: from a context to its fused calls.
#include "layers/fused.h"

#include "context/fused.h"
#include "layers/debug_state.h"
#include "layers/trace.h"

namespace hpystate::layers {

const hpystate_fused_table* find_fused_calls(HPyContext* context) noexcept {
    if (context->_private == &context::plain_fused_calls) return &context::plain_fused_calls;
    if (static_cast<const void*>(context->name) == kDebugName) return &debug_fused_calls;
    if (static_cast<const void*>(context->name) == kTraceName) return &trace_fused_calls;
    return nullptr;
}

} // namespace hpystate::layers
