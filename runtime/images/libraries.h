/// runtime/images/libraries.h: the libraries that a shared object needs, and which of them it
/// brings with it.
#pragma once

#include "runtime/elf/object.h"

#include <string>
#include <vector>

namespace hpystate::images {

/// One DT_NEEDED of a file.
struct Needed {
    std::string name; ///< as the file has it
    std::string path; ///< where its RPATH or RUNPATH leads to; "": the dynamic linker looks for it
};

/// In the order of the file. `path` is where the file was installed, which $ORIGIN stands for.
[[nodiscard]] std::vector<Needed> needed_by(const elf::Object& object, const std::string& path);

/// The file's own DT_SONAME; "": none.
[[nodiscard]] std::string soname_of(const elf::Object& object);

/// Whether it takes functions or variables from CPython: then it may keep objects.
[[nodiscard]] bool uses_python(const elf::Object& object);

} // namespace hpystate::images
