/// python/hpystate/loading.h: what the functions of _native and those of the CPython ABI's table
/// share: the loader's exceptions as Python's, and an inspected file as an object.
#pragma once

#include <Python.h>

#include "runtime/loader/called.h"
#include "runtime/loader/error.h"
#include "runtime/loader/inspect.h"

#include <memory>
#include <string>

namespace hpystate {

/// The name of the capsules that own an InspectedFile.
inline constexpr const char* kFileCapsule = "hpystate._native.file";

/// Raises it as hpystate.errors.LoadError. An exception that a function of the file had set before
/// is its context.
void raise_load_error(const LoadError& error, const std::string& name, const std::string& path);

/// Runs `body`, which makes a `Result` of the file of the module `name`. What the loader throws
/// becomes a Python exception, and `failed` is returned.
template <typename Result, typename Body>
Result loading_or(Result failed, const std::string& name, const std::string& path, Body&& body) {
    try {
        return body();
    } catch (const LoadError& error) {
        raise_load_error(error, name, path);
        return failed;
    } catch (const AlreadyRaised&) {
        return failed;
    }
}

/// The same for an object.
template <typename Body>
PyObject* loading(const std::string& name, const std::string& path, Body&& body) {
    return loading_or<PyObject*>(nullptr, name, path, std::forward<Body>(body));
}

/// A tuple: a capsule that owns the file, and a dict of what it declares (see inspect_doc in
/// _native.cpp). nullptr with an exception set.
[[nodiscard]] PyObject* as_inspected(std::unique_ptr<InspectedFile> file);

/// Adds the capsule by which files that were compiled for the CPython ABI find this runtime
/// (hpystate/cpython_table.h). False: an exception is set.
[[nodiscard]] bool add_cpython_abi(PyObject* module);

} // namespace hpystate
