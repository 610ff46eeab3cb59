/// runtime/images/module.h: makes and executes the module of an image, in its interpreter.
///
/// CPython's own import runs the init function of a single-phase module in the main interpreter
/// first (from 3.13 on), and refuses modules that do not declare support for a GIL of their own. An
/// image's statics belong to one interpreter, so neither is needed: the caller switches CPython's
/// check off for the interpreter while these run (python/hpystate/images/loader.py).
#pragma once

#include <Python.h>

#include "runtime/images/image.h"

namespace hpystate::images {

/// The module of an image, not executed; owned. Of single-phase initialisation it is the same one
/// at every call, as in CPython a second import of the file finds what the first one made. `spec`
/// is the ModuleSpec, `symbol` the init function. nullptr with an exception set: SystemError where
/// the function breaks CPython's rules, what it raised itself; ImportError: it has no such symbol.
[[nodiscard]] PyObject* create_module_of(Image& image, PyObject* spec, const char* symbol);

/// Runs the exec slots; nothing for single-phase initialisation. False with an exception set.
[[nodiscard]] bool execute_module_of(PyObject* module);

} // namespace hpystate::images
