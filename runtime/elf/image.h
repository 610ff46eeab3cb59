/// runtime/elf/image.h: checks a shared object's file before the dynamic linker maps it.
#pragma once

#include <string>

namespace hpystate::elf {

/// Throws Error (any Fault) if `path` is not an ELF shared object of this machine whose segments
/// are inside the file. dlopen maps a truncated file without a complaint, and the first access past
/// its end kills the process by SIGBUS.
void check_image(const std::string& path);

} // namespace hpystate::elf
