/// runtime/images/image.h: what is known of a private image: a shared object, mapped again for one
/// interpreter.
#pragma once

#include <Python.h>

#include "runtime/images/text.h"

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

    /// Of single-phase initialisation; the interpreter's own reference.
    struct Module {
        std::string name; ///< dotted
        PyObject* module;
    };
    std::vector<Module> modules;
};

} // namespace hpystate::images
