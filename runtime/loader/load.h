/// runtime/loader/load.h: from an inspected file to a module, as it was decided.
///
/// The way of a file into an interpreter has four steps, and python/hpystate/policy.py
/// (create_module) takes one after the other:
///
///     open, inspect   runtime/loader/inspect.h    what the file says; nothing is made
///     decide          python/hpystate/policy.py   arguments, then environment, then the file
///     create          here                        a module object, not executed
///
/// What is decided between inspect and create may be Python's business, as the GIL is, so each of
/// the two is called once, by Python. None of this calls back into the package.
#pragma once

#include <Python.h>

#include "runtime/calls/layer.h"
#include "runtime/loader/inspect.h"
#include "runtime/loader/module.h"

#include <optional>

namespace hpystate {

/// What was decided about a file.
struct Decision {
    const Layer* layer; ///< the mode that the module's functions run in; nullptr: plain

    /// Nothing: nobody said a word about it. A universal module may be made everywhere then; one
    /// that uses the C API too keeps objects in C statics, so it may be made where the main
    /// interpreter's GIL is shared.
    std::optional<Interpreters> interpreters;
};

/// Makes the module of a file in the calling thread's interpreter, not executed: gives the file its
/// context and its fused calls, asks it for the module's definition, and makes a module of that.
/// `spec` is a ModuleSpec, borrowed. Returns a new reference, or nullptr with an exception set.
/// Throws LoadError, AlreadyRaised, std::bad_alloc.
[[nodiscard]] PyObject* create(const InspectedFile& file, const Decision& decision, PyObject* spec);

} // namespace hpystate
