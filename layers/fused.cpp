/// layers/fused.cpp: from a context to its fused calls.
#include "layers/fused.h"

#include "context/fused.h"
#include "layers/debug_state.h"
#include "layers/trace.h"

namespace hpystate::layers {

const hpystate_fused_table* find_fused_calls(HPyContext* context) noexcept {
    if (context->_private == &context::kPlainFusedCalls) return &context::kPlainFusedCalls;
    if (static_cast<const void*>(context->name) == kDebugName) return &kDebugFusedCalls;
    if (static_cast<const void*>(context->name) == kTraceName) return &kTraceFusedCalls;
    return nullptr;
}

} // namespace hpystate::layers
