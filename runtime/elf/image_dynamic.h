/// runtime/elf/image_dynamic.h: the part of image.h that is about the dynamic section.
#pragma once

#include "runtime/elf/object.h"

namespace hpystate::elf {

/// Throws Error (kNotSharedObject) where an entry of the dynamic section leads out of the loaded
/// segments, has a value that the dynamic linker takes for granted and stops the process over, or
/// where a relocation would be written to no writable segment. Symbols, versions and hashes are not
/// looked at: a shared object is code, and code can do anything.
void check_dynamic(const Object& file);

} // namespace hpystate::elf
