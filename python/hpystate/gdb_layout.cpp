/// python/hpystate/gdb_layout.cpp: where a debugger finds the interpreter of a context, in a build
/// without debug information too.
///
/// cmake/package/hpystate-gdb.py reads these words from the process or its core file. It looks for
/// the symbol by its name, so another layout of the words gets another number there.
#include "interp_state/context_head.h"
#include "interp_state/region.h"
#include "runtime/context/fused.h"

#include <cstddef>

namespace {

struct GdbLayout {
    const void* plain_private; ///< _private of every plain context
    const void* head_magic;    ///< the first word of a head
    std::size_t head_region;   ///< offsets in hpystate::ContextHead
    std::size_t head_trunk;
    std::size_t region_plain; ///< offsets in hpystate::Region
    std::size_t region_phase;
    std::size_t region_generation;
    std::size_t region_interpreter_id;
};

} // namespace

// offsetof in a struct with private parts is conditionally supported; both compilers support it.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"
extern "C" [[gnu::visibility("default")]] const GdbLayout hpystate_gdb_1;
constinit const GdbLayout hpystate_gdb_1 = {
    &hpystate::context::kPlainFusedCalls,    &hpystate::kContextMagic,
    offsetof(hpystate::ContextHead, region), offsetof(hpystate::ContextHead, trunk),
    offsetof(hpystate::Region, plain),       offsetof(hpystate::Region, phase),
    offsetof(hpystate::Region, generation),  offsetof(hpystate::Region, interpreter_id),
};
#pragma GCC diagnostic pop
