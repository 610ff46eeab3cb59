/// runtime/loader/compiled.h: a file that was compiled for the CPython ABI: what it declares, and
/// the second half of its import. (hpystate/cpython_table.h in include/ has what the two share.)
///
///     universal  our finder     inspect()           create()  execute_module()
///     CPython    CPython's own  inspect_compiled()  create()  execute_compiled()
///
/// CPython has opened the file and called its PyInit_<mod>. The file passes the address of a
/// constant, which has the functions that a universal file exports.
#pragma once

#include <Python.h>

#include "runtime/loader/inspect.h"

#include <hpystate/cpython_table.h>

#include <string>

namespace hpystate {

/// What the file declares for the module `name`. `path` is for messages. Of the file's code only
/// the functions that return words run. Throws std::bad_alloc, AlreadyRaised, and LoadError:
/// bad-name, other-python, unsupported-version, bad-asks, bad-interpreters, bad-gil.
[[nodiscard, gnu::cold]] InspectedFile inspect_compiled(const std::string& name,
                                                        const std::string& path,
                                                        const hpystate_cpython_file& file);

/// Second half of the import of a module that create() made of such a file: from now on the
/// module's functions find the context of the calling interpreter; then its exec slots run. CPython
/// calls it once for a module. Values of globals are released if it fails, as by execute_module().
/// False: it failed, and an exception is set unless an exec slot set none. Throws std::bad_alloc,
/// AlreadyRaised.
[[nodiscard]] bool execute_compiled(PyObject* module, const hpystate_cpython_file& file);

} // namespace hpystate
