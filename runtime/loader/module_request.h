/// runtime/loader/module_request.h: what a module is asked for with, besides its description.
#pragma once

#include <Python.h>

#include "runtime/calls/layer.h"

#include <cstdint>
#include <string>

namespace hpystate {

/// In which interpreters a module may be made.
enum class Interpreters : std::uint8_t {
    kOwnGil,    ///< in every one: its Python objects are in HPy's hands, its other statics are safe
    kSharedGil, ///< in every one that shares the main interpreter's GIL
    kMain,      ///< in the main interpreter only
};

/// What create_module needs to know besides the description.
struct ModuleRequest {
    std::string name; ///< dotted
    std::string path; ///< of the shared object
    PyObject* spec;   ///< ModuleSpec, borrowed
    Interpreters where;
    const Layer* layer; ///< the mode that the module's functions run in; nullptr: plain
};

} // namespace hpystate
