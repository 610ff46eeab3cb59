/// runtime/images/module.cpp: what CPython's import machinery does after dlopen (PEP 489).
#include <Python.h>

#include "runtime/images/module.h"

#include "runtime/cpython/exported_slots.h"
#include "runtime/cpython/ref.h"
#include "runtime/images/bound.h"

#include <dlfcn.h>
#include <string>
#include <string_view>
#include <utility>

namespace hpystate::images {

namespace {

/// Puts `name` where PyModule_Create2 finds it.
class NameForCreation {
  public:
    explicit NameForCreation(const char* name) noexcept
        : outer_(std::exchange(module_being_made, name)) {}
    NameForCreation(const NameForCreation&) = delete;
    NameForCreation& operator=(const NameForCreation&) = delete;
    ~NameForCreation() { module_being_made = outer_; }

  private:
    const char* outer_;
};

using InitFunction = PyObject* (*)();

/// What the init function returned, checked as CPython does. Owned; a definition is borrowed.
PyObject* call(InitFunction init, const char* name) {
    PyObject* const result = [&] {
        const NameForCreation given(name);
        return init();
    }();
    if (result == nullptr && PyErr_Occurred() == nullptr) {
        PyErr_Format(PyExc_SystemError, "initialization of %s failed without raising an exception",
                     name);
    } else if (result != nullptr && PyErr_Occurred() != nullptr) {
        PyObject* const cause = PyErr_GetRaisedException();
        PyErr_Format(PyExc_SystemError, "initialization of %s raised unreported exception", name);
        PyObject* const error = PyErr_GetRaisedException();
        PyException_SetCause(error, Py_NewRef(cause));
        PyException_SetContext(error, cause);
        PyErr_SetRaisedException(error);
        return nullptr; // what it returned may be anything
    }
    return result;
}

/// Adds what CPython gives a module of single-phase initialisation, and keeps it.
PyObject* keep_single(Image& image, PyObject* module, const char* name) {
    Ref owned(module);
    PyModuleDef* const definition = PyModule_Check(module) ? PyModule_GetDef(module) : nullptr;
    if (definition == nullptr) {
        PyErr_Clear(); // of PyModule_GetDef
        PyErr_Format(PyExc_SystemError,
                     "initialization of %s returned neither a module with a definition nor a "
                     "definition",
                     name);
        return nullptr;
    }
    // Found already where the init function has called PyState_AddModule itself.
    if (PyState_FindModule(definition) == nullptr && PyState_AddModule(module, definition) != 0)
        return nullptr;
    const Ref file(PyUnicode_DecodeFSDefault(image.file.c_str()));
    if (!file || PyModule_AddObjectRef(module, "__file__", file.get()) != 0) return nullptr;
    image.modules.push_back({name, Py_NewRef(module)});
    return owned.release();
}

} // namespace

namespace {

/// The function that exports slots, of PEP 793; nullptr: the file has none. It comes before the
/// init function, as in CPython.
void* exporter_of(const Image& image, std::string_view symbol) {
    constexpr std::string_view kInit = "PyInit";
    if (!kHasExportedSlots || !symbol.starts_with(kInit)) return nullptr;
    const std::string name = "PyModExport" + std::string(symbol.substr(kInit.size()));
    return dlsym(image.handle, name.c_str());
}

} // namespace

PyObject* create_module_of(Image& image, PyObject* spec, const char* symbol) {
    if (void* const exporter = exporter_of(image, symbol)) return module_of_slots(exporter, spec);
    const Ref text(PyObject_GetAttrString(spec, "name"));
    const char* const name = text ? PyUnicode_AsUTF8(text.get()) : nullptr;
    if (name == nullptr) return nullptr;
    for (const Image::Module& each : image.modules)
        if (each.name == name) return Py_NewRef(each.module);
    void* const found = dlsym(image.handle, symbol);
    if (found == nullptr) {
        PyErr_Format(PyExc_ImportError,
                     "%s: the file does not define module export function (%s); is it imported "
                     "under the name that it was built for?",
                     image.file.c_str(), symbol);
        return nullptr;
    }
    PyObject* const made = call(reinterpret_cast<InitFunction>(found), name);
    if (made == nullptr) return nullptr;
    if (Py_TYPE(made) == nullptr) { // a static that PyModuleDef_Init was not called with
        PyErr_Format(PyExc_SystemError, "init function of %s returned uninitialized object", name);
        return nullptr;
    }
    if (!PyObject_TypeCheck(made, &PyModuleDef_Type)) return keep_single(image, made, name);
    return PyModule_FromDefAndSpec(reinterpret_cast<PyModuleDef*>(made), spec);
}

bool execute_module_of(PyObject* module) {
    // Py_mod_create may return any object: it has no exec slots. A module with its state was
    // executed already: importlib.reload() asks for it again.
    if (!PyModule_Check(module) || PyModule_GetState(module) != nullptr) return true;
    PyModuleDef* const definition = PyModule_GetDef(module);
    if (PyErr_Occurred() != nullptr) return false;
    if (definition != nullptr && definition->m_slots == nullptr) return true;
    return (definition != nullptr ? PyModule_ExecDef(module, definition) : execute_slots(module)) ==
           0;
}

} // namespace hpystate::images
