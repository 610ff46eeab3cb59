/// python/hpystate/loading.cpp: the one place where the loader's exceptions become Python's, and
/// where an inspected file becomes an object.
#include "python/hpystate/loading.h"

#include "runtime/cpython/ref.h"

#include <utility>

namespace hpystate {

namespace {

/// Sets hpystate.errors.LoadError with the details as a dict.
void set_load_error(const LoadError& error, const std::string& name, const std::string& path) {
    const Ref errors(PyImport_ImportModule("hpystate.errors"));
    if (!errors) return;
    const Ref type(PyObject_GetAttrString(errors.get(), "LoadError"));
    const Ref details(PyDict_New());
    if (!type || !details) return;
    for (const auto& [key, value] : error.details()) {
        const Ref text(PyUnicode_DecodeFSDefault(value.c_str()));
        if (!text || PyDict_SetItemString(details.get(), key.c_str(), text.get()) < 0) return;
    }
    const Ref message(PyUnicode_DecodeFSDefault(error.what()));
    const Ref file(PyUnicode_DecodeFSDefault(path.c_str()));
    if (!message || !file) return;
    const Ref arguments(PyTuple_Pack(1, message.get()));
    const Ref keywords(Py_BuildValue("{s:s,s:O,s:s,s:O}", "name", name.c_str(), "path", file.get(),
                                     "kind", name_of(error.kind()), "details", details.get()));
    if (!arguments || !keywords) return;
    const Ref raised(PyObject_Call(type.get(), arguments.get(), keywords.get()));
    if (raised) PyErr_SetObject(type.get(), raised.get());
}

void free_file(PyObject* capsule) {
    delete static_cast<InspectedFile*>(PyCapsule_GetPointer(capsule, kFileCapsule));
}

PyObject* as_capsule(std::unique_ptr<InspectedFile> file) {
    PyObject* const capsule = PyCapsule_New(file.get(), kFileCapsule, free_file);
    if (capsule != nullptr) static_cast<void>(file.release()); // the capsule owns it
    return capsule;
}

} // namespace

void raise_load_error(const LoadError& error, const std::string& name, const std::string& path) {
    PyObject* const before = PyErr_GetRaisedException();
    set_load_error(error, name, path);
    if (before == nullptr) return;
    PyObject* const raised = PyErr_GetRaisedException();
    PyException_SetContext(raised, before); // takes the reference
    PyErr_SetRaisedException(raised);
}

PyObject* as_inspected(std::unique_ptr<InspectedFile> file) {
    const Ref tag(PyUnicode_DecodeFSDefault(file->tag.c_str())); // part of a file's name
    if (!tag) return nullptr;
    const Ref declared(
        Py_BuildValue("{s:s,s:O,s:O,s:z,s:z,s:z,s:O}", "abi", file->version.text().c_str(), "tag",
                      tag.get(), "hybrid", file->hybrid ? Py_True : Py_False, "interpreters",
                      file->interpreters, "gil", file->gil, "other_runtimes", file->other_runtimes,
                      "fused", file->fused_link != nullptr ? Py_True : Py_False));
    const Ref capsule(declared ? as_capsule(std::move(file)) : nullptr);
    return capsule ? PyTuple_Pack(2, capsule.get(), declared.get()) : nullptr;
}

} // namespace hpystate
