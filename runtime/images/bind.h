/// runtime/images/bind.h: points an image's calls of some functions to those of its owner.
#pragma once

#include "runtime/images/owner.h"

#include <link.h>

namespace hpystate::images {

/// Writes the owner's entries (bound.h) over the addresses of CPython's functions that the dynamic
/// linker has put into the image. Constructors of the image have run before: an
/// address that one of them keeps is CPython's own. Throws ImageError
/// (no-mappings, no-memory-file).
void bind_to_owner(const link_map& map, const std::string& path, Owner& owner);

} // namespace hpystate::images
