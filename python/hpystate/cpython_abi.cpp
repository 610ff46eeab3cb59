/// python/hpystate/cpython_abi.cpp: the table for files that were compiled for the CPython ABI.
/// Such a file calls it; it asks the package's policy, as the import of a universal file does.
#include <Python.h>

#include "python/hpystate/loading.h"
#include "runtime/cpython/guarded.h"
#include "runtime/cpython/ref.h"
#include "runtime/cpython/versions.h"
#include "runtime/loader/compiled.h"

#include <hpystate/cpython_table.h>

#include <memory>
#include <string>

namespace hpystate {

namespace {

/// A str attribute of a ModuleSpec, as `encode` makes bytes of it; `otherwise` if it is None or not
/// a str. Throws AlreadyRaised.
std::string text_of(PyObject* spec, const char* attribute, PyObject* (*encode)(PyObject*),
                    const char* otherwise) {
    const Ref value(PyObject_GetAttrString(spec, attribute));
    if (!value) throw AlreadyRaised();
    if (!PyUnicode_Check(value.get())) return otherwise;
    const Ref bytes(encode(value.get()));
    if (!bytes) throw AlreadyRaised();
    return PyBytes_AS_STRING(bytes.get());
}

/// The module of an inspected file, as the package's policy decides. `inspected` is a tuple that
/// as_inspected() made.
PyObject* create_by_policy(PyObject* inspected, PyObject* spec) {
    const Ref policy(PyImport_ImportModule("hpystate.policy"));
    if (!policy) return nullptr;
    return PyObject_CallMethod(policy.get(), "create_compiled", "OOO",
                               PyTuple_GET_ITEM(inspected, 0), PyTuple_GET_ITEM(inspected, 1),
                               spec);
}

PyObject* create_for_file(const hpystate_cpython_file* file, PyObject* spec) noexcept {
    return guarded<PyObject*>(nullptr, [=]() -> PyObject* {
        std::string name = file->name;
        std::string path = "a module of this program";
        return loading(name, path, [&]() -> PyObject* {
            name = text_of(spec, "name", &PyUnicode_AsUTF8String, file->name);
            path = text_of(spec, "origin", &PyUnicode_EncodeFSDefault, path.c_str());
            const Ref inspected(
                as_inspected(std::make_unique<InspectedFile>(inspect_compiled(name, path, *file))));
            return inspected ? create_by_policy(inspected.get(), spec) : nullptr;
        });
    });
}

int execute_for_file(const hpystate_cpython_file* file, PyObject* module) noexcept {
    const bool good = guarded(false, [=] {
        return loading_or(false, file->name, "", [=] { return execute_compiled(module, *file); });
    });
    return good ? 0 : -1;
}

const hpystate_cpython_table table{sizeof(hpystate_cpython_table), kPythonVersion, &create_for_file,
                                   &execute_for_file};

} // namespace

bool add_cpython_abi(PyObject* module) {
    // A capsule takes a pointer that is not const; nobody writes to the table.
    const Ref capsule(PyCapsule_New(const_cast<hpystate_cpython_table*>(&table),
                                    HPYSTATE_CPYTHON_CAPSULE, nullptr));
    return capsule && PyModule_AddObjectRef(module, HPYSTATE_CPYTHON_ATTRIBUTE, capsule.get()) == 0;
}

} // namespace hpystate
