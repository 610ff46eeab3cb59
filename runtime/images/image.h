/// runtime/images/image.h: a private image of a shared object, for one interpreter.
#pragma once

#include "runtime/images/executable_file.h"
#include "runtime/images/owner.h"
#include "runtime/images/text.h"

#include <Python.h>
#include <string>
#include <vector>

namespace hpystate::images {

/// A library that a file brings with it, found through its RPATH or RUNPATH.
struct Bundled {
    std::string path;
    bool copied; ///< an image of it was made; false: all interpreters share it
};

/// What the dynamic linker mapped of a file, again. It stays until the process ends: CPython keeps
/// addresses in the data of extensions (`static_parsers`), and their threads run its code.
struct Image {
    std::string file;     ///< the path of the extension
    std::string identity; ///< Source::identity()
    std::string name;     ///< what the dynamic linker calls it: another spelling of the file's path
    std::string soname;   ///< of the image; "": the file has none
    void* handle = nullptr;
    Sizes sizes;
    std::vector<Bundled> libraries;
    PyObject* module = nullptr; ///< of single-phase initialisation; the interpreter's own reference
};

/// How images are made.
struct Policy {
    /// Patterns as of fnmatch, for the file names of bundled libraries that each interpreter gets
    /// its own image of. Those that use Python's symbols are copied always.
    std::vector<std::string> copied;
    Where where = Where::kMemory;
};

/// The image of a file for the calling interpreter: the one that it has already, if the file is the
/// same and unchanged. Constructors of the file run. Throws ImageError, std::bad_alloc; nullptr
/// with an exception set.
[[nodiscard]] Image* open_image(const std::string& path, const Policy& policy);

/// How many images the process has, and how many bytes they share with their files and do not.
struct Counts {
    std::size_t images = 0;
    Sizes sizes;
};
[[nodiscard]] Counts counts() noexcept;

} // namespace hpystate::images
