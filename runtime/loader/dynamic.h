/// runtime/loader/dynamic.h: the dynamic section, by which the dynamic linker finds everything
/// else.
#pragma once

#include "runtime/loader/elf_file.h"

namespace hpystate {

/// Throws LoadError (not-shared-object) where an entry of the dynamic section leads out of the
/// loaded segments, has a value that the dynamic linker takes for granted and stops the process
/// over, or where a relocation would be written to no writable segment. Symbols, versions and
/// hashes are not looked at: a shared object is code, and code can do anything.
void check_dynamic(const ElfFile& file, const Segments& segments, const Elf64_Phdr& dynamic);

} // namespace hpystate
