/// layers/fused.h: the fused calls of the contexts that are not plain ones.
#pragma once

#include <hpy/context.h>
#include <hpystate/fused_table.h>

namespace hpystate::layers {

extern const hpystate_fused_table kDebugFusedCalls;
extern const hpystate_fused_table kTraceFusedCalls;

/// The fused calls for a context of this runtime; nullptr for one of another. Any thread; reads the
/// context's name and _private only, which every version of the ABI begins with.
[[nodiscard]] const hpystate_fused_table* find_fused_calls(HPyContext* context) noexcept;

} // namespace hpystate::layers
