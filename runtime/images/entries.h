/// runtime/images/entries.h: the code by which images call the functions of bound.h.
#pragma once

#include <Python.h>

#include "runtime/images/owner.h"

#include <cstddef>

namespace hpystate::images {

/// The code by which images of `owner` call bound function `index`: it adds the owner to the
/// arguments. Made at the first call, and it stays. The caller has the owner's GIL. Throws
/// ImageError (no-memory-file, no-mappings).
[[nodiscard]] void* entry_of(Owner& owner, std::size_t index);

} // namespace hpystate::images
