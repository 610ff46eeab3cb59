/// runtime/loader/fused_link.h: gives a file of an extension this runtime's fused calls.
#pragma once

#include "runtime/loader/inspect.h"

namespace hpystate {

/// Fills the file's link (hpystate/fused_link.h in include/), if it has one that is not filled yet
/// and that this runtime serves; else its fused calls stay unfused. Called before a module is made
/// of the file.
void fill_fused_link(const InspectedFile& file);

} // namespace hpystate
