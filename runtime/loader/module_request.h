/// runtime/loader/module_request.h: what create_module needs besides the description of a module.
#pragma once

#include <Python.h>

#include "runtime/calls/layer.h"

#include <cstdint>
#include <string>

namespace hpystate {

/// In which interpreters a module may be made.
enum class Interpreters : std::uint8_t {
    kOwnGil,    ///< in every one: HPy keeps its Python objects, and its other statics are safe
    kSharedGil, ///< in every one that shares the main interpreter's GIL
    kMain,      ///< in the main interpreter only
};

/// What create_module needs to know besides the description.
struct ModuleRequest {
    std::string name; ///< dotted
    std::string path; ///< of the shared object
    PyObject* spec;   ///< ModuleSpec, borrowed
    Interpreters where;
    const Layer* layer;  ///< the mode that the module's functions run in; nullptr: plain
    bool shares = false; ///< another HPy runtime may have written to the globals
};

} // namespace hpystate
