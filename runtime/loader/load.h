/// runtime/loader/load.h: makes the module of an inspected file, as it was decided.
///
/// A file is loaded in four steps; python/hpystate/policy.py (create_module) takes one after the
/// other:
///
///     open, inspect   runtime/loader/inspect.h    what the file declares; nothing is made
///     decide          python/hpystate/policy.py   arguments, then environment, then the file
///     create          here                        a module object, not executed
///
/// What is decided between inspect and create may need Python code, as switching the GIL on does.
/// So Python calls each of the two once, and neither calls back into the package.
#pragma once

#include <Python.h>

#include "runtime/calls/layer.h"
#include "runtime/loader/file_context.h"
#include "runtime/loader/inspect.h"
#include "runtime/loader/module.h"

#include <optional>

namespace hpystate {

/// What was decided about a file.
struct Decision {
    const Layer* layer; ///< the mode that the module's functions run in; nullptr: plain

    /// Nothing: neither the caller nor the file declared it. Then a universal module may be made in
    /// every interpreter. One that uses the C API too may keep objects in C statics, so it may be
    /// made where the main interpreter's GIL is shared.
    std::optional<Interpreters> interpreters;

    Sharing sharing = Sharing::kDefault; ///< with another HPy runtime that has the file too
};

/// Makes the module of a file in the calling thread's interpreter, not executed: gives the file its
/// context and its fused calls, asks it for the module's definition, and makes a module of that.
/// `spec` is a ModuleSpec, borrowed. Returns a new reference, or nullptr with an exception set.
/// Throws LoadError, AlreadyRaised, std::bad_alloc.
[[nodiscard]] PyObject* create(const InspectedFile& file, const Decision& decision, PyObject* spec);

} // namespace hpystate
