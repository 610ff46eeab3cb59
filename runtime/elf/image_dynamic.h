/// runtime/elf/image_dynamic.h: the part of image.h that is about the dynamic section.
#pragma once

#include "runtime/elf/object.h"

namespace hpystate::elf {

/// Throws Error (kNotSharedObject) if an entry of the dynamic section leads out of the loaded
/// segments or has a value for which the dynamic linker would abort the process, or if a relocation
/// would write outside the writable segments. Symbols, versions and hashes are not checked: a
/// shared object is code, and code can do anything.
void check_dynamic(const Object& file);

} // namespace hpystate::elf
