/// runtime/loader/module.h: from a definition in a file to a module object of the calling
/// interpreter.
#pragma once

#include <Python.h>

#include "runtime/loader/module_request.h"
#include "runtime/types/description.h"

#include <string>

namespace hpystate {

/// First half: checks the description, makes the module object, then registers the globals. Returns
/// a new reference, or nullptr with an exception set (MemoryError, SystemError for a definition
/// that contradicts itself, ValueError for a method's signature, what HPy_mod_create raised).
/// Throws LoadError, and nothing is registered then; std::bad_alloc.
[[nodiscard]] PyObject* create_module(const ModuleDescription& wanted,
                                      const ModuleRequest& request);

/// Second half: runs the exec slots of a module that create_module made; does nothing for one that
/// was executed before (a reload) and for an object that is not a module of ours. If it fails, the
/// globals stay registered, which stores no value. The values that this interpreter stored in them
/// are released, unless another module of the same definition was made here or is being made.
/// False: an exception is set. Throws std::bad_alloc.
[[nodiscard]] bool execute_module(PyObject* module);

/// The same for a module of a file that was compiled for the CPython ABI: `wanted` is its
/// description, `name` is for messages, and its state is a hpystate_cpython_state, made by CPython.
/// CPython calls this once for a module. False: it failed, and an exception is set unless an exec
/// slot set none. Throws std::bad_alloc, AlreadyRaised.
[[nodiscard]] bool execute_described(PyObject* module, const ModuleDescription& wanted,
                                     const std::string& name);

} // namespace hpystate
