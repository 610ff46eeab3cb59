/// runtime/elf/image.h: a look at a shared object's file before the dynamic linker maps it.
#pragma once

#include <string>

namespace hpystate::elf {

/// Throws Error (any Fault) where `path` is no ELF shared object of this machine whose segments lie
/// inside the file. dlopen maps a truncated file without a complaint, and the first access behind
/// its end kills the process by SIGBUS.
void check_image(const std::string& path);

} // namespace hpystate::elf
