/// interp_state/context_head.cpp: the byte by which this copy of the runtime recognises its
/// contexts.
#include "interp_state/context_head.h"

namespace hpystate {

const char kContextMagic = 0;

} // namespace hpystate
