/// python/hpystate/_images.cpp: the module hpystate._images, which hpystate.isolate() imports.
///
/// It is a module of its own: for those who do not use it nothing is opened, and the runtime does
/// not know it.
#include <Python.h>

#include "globals/throwing.h"
#include "runtime/cpython/guarded.h"
#include "runtime/cpython/module_slots.h"
#include "runtime/cpython/ref.h"
#include "runtime/images/error.h"
#include "runtime/images/image.h"
#include "runtime/images/make.h"
#include "runtime/images/module.h"
#include "runtime/images/owner.h"
#include "runtime/images/platform.h"

#include <exception>
#include <string>
#include <vector>

namespace hpystate {

namespace {

using images::Image;
using images::ImageError;

constexpr const char* kImageCapsule = "hpystate._images.image";

/// Raises it as hpystate.errors.LoadError.
void raise_image_error(const ImageError& error, PyObject* path) {
    const Ref errors(PyImport_ImportModule("hpystate.errors"));
    if (!errors) return;
    const Ref type(PyObject_GetAttrString(errors.get(), "LoadError"));
    const Ref arguments(type ? Py_BuildValue("(s)", error.what()) : nullptr);
    const Ref keywords(arguments ? Py_BuildValue("{s:O,s:s}", "path", path, "kind", error.kind())
                                 : nullptr);
    const Ref raised(keywords ? PyObject_Call(type.get(), arguments.get(), keywords.get())
                              : nullptr);
    if (raised) PyErr_SetObject(type.get(), raised.get());
}

/// The strings of a tuple. False: an exception is set.
bool strings_of(PyObject* tuple, std::vector<std::string>& into) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); ++i) {
        const char* const text = PyUnicode_AsUTF8(PyTuple_GET_ITEM(tuple, i));
        if (text == nullptr) return false;
        into.emplace_back(text);
    }
    return true;
}

PyDoc_STRVAR(available_doc, "available($module, /)\n--\n\n"
                            "None if private images can be made here; else a sentence why not.");

PyObject* available(PyObject*, PyObject*) {
    const char* const reason = images::why_not_here();
    if (reason == nullptr) Py_RETURN_NONE;
    return PyUnicode_FromString(reason);
}

/// A types.SimpleNamespace with what the image is; create() takes it.
PyObject* as_object(const Image& image) {
    Ref libraries(PyTuple_New(static_cast<Py_ssize_t>(image.libraries.size())));
    for (std::size_t i = 0; libraries && i < image.libraries.size(); ++i) {
        const images::Bundled& each = image.libraries[i];
        PyObject* const pair = Py_BuildValue("(Ns)", PyUnicode_DecodeFSDefault(each.path.c_str()),
                                             each.copied ? "copied" : "shared");
        if (pair == nullptr) return nullptr;
        PyTuple_SET_ITEM(libraries.get(), static_cast<Py_ssize_t>(i), pair);
    }
    if (!libraries) return nullptr;
    // The image stays until the process ends, so the capsule owns nothing.
    const Ref capsule(PyCapsule_New(const_cast<Image*>(&image), kImageCapsule, nullptr));
    const Ref types(capsule ? PyImport_ImportModule("types") : nullptr);
    if (!types) return nullptr;
    const Ref members(Py_BuildValue(
        "{s:N,s:N,s:O,s:K,s:K,s:O}", "file", PyUnicode_DecodeFSDefault(image.file.c_str()), "name",
        PyUnicode_DecodeFSDefault(image.name.c_str()), "libraries", libraries.get(), "shared",
        static_cast<unsigned long long>(image.sizes.shared), "private",
        static_cast<unsigned long long>(image.sizes.separate), "_capsule", capsule.get()));
    const Ref type(members ? PyObject_GetAttrString(types.get(), "SimpleNamespace") : nullptr);
    const Ref nothing(type ? PyTuple_New(0) : nullptr);
    return nothing ? PyObject_Call(type.get(), nothing.get(), members.get()) : nullptr;
}

PyDoc_STRVAR(open_doc,
             "open($module, path, copy=(), mode='memory', /)\n--\n\n"
             "The private image of an extension's file for the calling interpreter, which is not\n"
             "the main one: an object with file, name (what the dynamic linker\n"
             "calls it), libraries (pairs of a path and 'copied' or 'shared'), and the bytes that\n"
             "it has in common with the file (shared) and alone (private). A second call gives\n"
             "the same image, if the file is unchanged. copy: patterns of file names of bundled\n"
             "libraries that get an image too. mode: 'memory', or 'files' for debuggers.\n"
             "Raises hpystate.errors.LoadError.");

PyObject* open_image_of(PyObject*, PyObject* args) {
    PyObject* path = nullptr;
    PyObject* copied = nullptr;
    const char* mode = "memory";
    if (!PyArg_ParseTuple(args, "O&|O!s:open", PyUnicode_FSConverter, &path, &PyTuple_Type, &copied,
                          &mode)) {
        return nullptr;
    }
    const Ref bytes(path);
    if (const char* const reason = images::why_not_here()) {
        PyErr_SetString(PyExc_NotImplementedError, reason);
        return nullptr;
    }
    if (PyInterpreterState_Get() == PyInterpreterState_Main()) {
        PyErr_SetString(PyExc_RuntimeError,
                        "hpystate._images.open: called in the main interpreter, "
                        "which has the file itself; call it in another one");
        return nullptr;
    }
    images::Policy policy;
    const std::string word(mode);
    if (word != "memory" && word != "files") {
        PyErr_Format(PyExc_ValueError, "mode is '%s'; 'memory' or 'files' was expected", mode);
        return nullptr;
    }
    policy.where = word == "files" ? images::Where::kFolder : images::Where::kMemory;
    if (!can_throw()) return PyErr_NoMemory();
    try {
        if (copied != nullptr && !strings_of(copied, policy.copied)) return nullptr;
        const Image* const image = images::open_image(PyBytes_AS_STRING(path), policy);
        return image == nullptr ? nullptr : as_object(*image);
    } catch (const ImageError& error) {
        const Ref name(PyUnicode_DecodeFSDefault(PyBytes_AS_STRING(path)));
        if (name) raise_image_error(error, name.get());
        return nullptr;
    } catch (const std::exception&) {
        return PyErr_NoMemory();
    }
}

PyDoc_STRVAR(create_doc,
             "create($module, image, spec, symbol, /)\n--\n\n"
             "The module of an image that open() returned, not executed: calls the function\n"
             "`symbol` of the file, in this interpreter. Of single-phase initialisation it is the\n"
             "same module at every call. The caller has switched CPython's check of support for\n"
             "several interpreters off (images/loader.py); so of execute().");

PyObject* create(PyObject*, PyObject* args) {
    PyObject* opened = nullptr;
    PyObject* spec = nullptr;
    const char* symbol = nullptr;
    if (!PyArg_ParseTuple(args, "OOs:create", &opened, &spec, &symbol)) return nullptr;
    const Ref capsule(PyObject_GetAttrString(opened, "_capsule"));
    if (!capsule) return nullptr;
    auto* const image = static_cast<Image*>(PyCapsule_GetPointer(capsule.get(), kImageCapsule));
    if (image == nullptr) return nullptr;
    return guarded<PyObject*>(nullptr,
                              [=] { return images::create_module_of(*image, spec, symbol); });
}

PyDoc_STRVAR(execute_doc, "execute($module, created, /)\n--\n\n"
                          "Runs the exec slots of a module that create() made.");

PyObject* execute(PyObject*, PyObject* module) {
    if (!images::execute_module_of(module)) return nullptr;
    Py_RETURN_NONE;
}

PyDoc_STRVAR(images_doc, "images($module, /)\n--\n\n"
                         "The images of the calling interpreter: a list of what open() returned.");

PyObject* images_here(PyObject*, PyObject*) {
    Ref list(PyList_New(0));
    const images::Owner* const owner = images::owner_here_or_null();
    if (!list || owner == nullptr) return list.release();
    for (const auto& each : owner->images) {
        const Ref row(as_object(*each));
        if (!row || PyList_Append(list.get(), row.get()) != 0) return nullptr;
    }
    return list.release();
}

PyDoc_STRVAR(counts_doc,
             "counts($module, /)\n--\n\n"
             "Of the process, a dict: images and interpreters that there ever were, and the bytes\n"
             "of images that their files share and that they have alone.");

PyObject* counts(PyObject*, PyObject*) {
    const images::Counts all = images::counts();
    return Py_BuildValue("{s:n,s:n,s:K,s:K}", "images", static_cast<Py_ssize_t>(all.images),
                         "interpreters", static_cast<Py_ssize_t>(images::owner_count()), "shared",
                         static_cast<unsigned long long>(all.sizes.shared), "private",
                         static_cast<unsigned long long>(all.sizes.separate));
}

PyMethodDef methods[] = {
    {"available", available, METH_NOARGS, available_doc},
    {"open", open_image_of, METH_VARARGS, open_doc},
    {"create", create, METH_VARARGS, create_doc},
    {"execute", execute, METH_O, execute_doc},
    {"images", images_here, METH_NOARGS, images_doc},
    {"counts", counts, METH_NOARGS, counts_doc},
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef_Slot slots[] = {
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
    gil_not_used(),
    {0, nullptr},
};

PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    "hpystate._images",
    "Private images of extensions, for interpreters with a GIL of their own.",
    0,
    methods,
    slots,
    nullptr,
    nullptr,
    nullptr,
};

} // namespace

} // namespace hpystate

// NOLINTNEXTLINE(bugprone-reserved-identifier): CPython's rule for names
PyMODINIT_FUNC PyInit__images(void) {
    return PyModuleDef_Init(&hpystate::definition);
}
