/// interp_state/context_head.cpp: the byte that tells this copy of the runtime from all others.
#include "interp_state/context_head.h"

namespace hpystate {

const char kContextMagic = 0;

} // namespace hpystate
