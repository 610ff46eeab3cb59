/// python/hpystate/_native.cpp: the package's extension module: making modules, and looking at the
/// state.
///
/// A plain C-API module: multi-phase, for every interpreter, without the GIL where there is none.
/// It keeps nothing in a static; what it knows of the interpreter is in its region.
#include <Python.h>

#include "interp_state/current.h"
#include "runtime/calls/handle.h"
#include "runtime/context/first_value.h"
#include "runtime/cpython/guarded.h"
#include "runtime/elf/origin.h"
#include "runtime/elf/placement.h"
#include "runtime/layers/debug/state.h"
#include "runtime/layers/trace/trace.h"
#include "runtime/loader/called.h"
#include "runtime/loader/error.h"
#include "runtime/loader/file_context.h"
#include "runtime/loader/fused_link.h"
#include "runtime/loader/library.h"
#include "runtime/loader/module.h"
#include "runtime/loader/negotiate.h"
#include "runtime/versions/v0_9/contexts.h"

#include <hpystate/version.h>

#include <optional>
#include <string>
#include <utility>

namespace hpystate {

namespace {

// ---- the one place where the loader's exceptions become Python's ----

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

/// Raises it. An exception that a function of the file had set before is its context.
void raise_load_error(const LoadError& error, const std::string& name, const std::string& path) {
    PyObject* const before = PyErr_GetRaisedException();
    set_load_error(error, name, path);
    if (before == nullptr) return;
    PyObject* const raised = PyErr_GetRaisedException();
    PyException_SetContext(raised, before); // takes the reference
    PyErr_SetRaisedException(raised);
}

std::optional<Interpreters> interpreters_of(std::string_view text) noexcept {
    if (text == "own-gil") return Interpreters::kOwnGil;
    if (text == "shared-gil") return Interpreters::kSharedGil;
    if (text == "main") return Interpreters::kMain;
    return std::nullopt;
}

/// The layer of a mode; nullptr for the plain context, nothing for a word that is no mode.
std::optional<const Layer*> layer_of(std::string_view mode) noexcept {
    if (mode == "universal") return nullptr;
    if (mode == "debug") return &layers::debug_layer;
    if (mode == "trace") return &layers::trace_layer;
    return std::nullopt;
}

/// What the importing side says, before the extension's own word; nullptr: nothing.
struct Asked {
    const char* interpreters;
    const char* gil;
};

/// Without the GIL: brings it back for a module that is not known to be safe without it. Layers
/// keep tables for an interpreter that one thread at a time may use. False: an exception is set,
/// perhaps the warning.
bool settle_gil(const ModuleRequest& request, const char* said) {
    if constexpr (!kNoGil) return true;
    const bool safe = said != nullptr && std::string_view(said) == "off";
    if (safe && request.layer == nullptr) return true;
    const Ref module(PyImport_ImportModule("hpystate.gil"));
    if (!module) return false;
    const Ref done(PyObject_CallMethod(module.get(), "bring_back", "sO", request.name.c_str(),
                                       request.layer != nullptr ? Py_True : Py_False));
    return static_cast<bool>(done);
}

/// What the file's HPyInit_<name> returns. Where that is NULL, an exception that it set is the
/// reason. Throws LoadError and AlreadyRaised.
const HPyModuleDef* definition_of(const ModuleRequest& request, const Choice& choice) {
    const std::string symbol = "HPyInit_" + choice.short_name;
    const HPyModuleDef* const definition = choice.init();
    if (definition != nullptr) {
        check_no_exception(request.path, symbol);
        return definition;
    }
    if (PyErr_Occurred() != nullptr) throw AlreadyRaised();
    throw LoadError(LoadErrorKind::kInitNull,
                    request.path + ": the function " + symbol +
                        " returned NULL, a module definition was expected. Look at what the "
                        "extension does before HPy_MODINIT's return.",
                    {{"symbol", symbol}});
}

/// May throw LoadError, AlreadyRaised and std::bad_alloc.
PyObject* create_from_file(ModuleRequest& request, const Asked& asked) {
    const Library library = Library::open(request.path);
    check_no_exception(request.path, "a function that runs when the file is opened");
    const Choice choice = negotiate(library, request.name, request.path);
    const char* const said =
        asked.interpreters != nullptr ? asked.interpreters : choice.interpreters;
    if (!settle_gil(request, asked.gil != nullptr ? asked.gil : choice.gil)) return nullptr;
    give_dispatcher(choice, request.path, library.was_open());
    check_no_exception(request.path, "HPyInitGlobalContext_" + choice.short_name);
    fill_fused_link(library);
    const HPyModuleDef* const definition = definition_of(request, choice);
    const OwnFile file(reinterpret_cast<void*>(choice.init));
    if (const auto stranger = file.stranger_at(definition)) {
        throw LoadError(LoadErrorKind::kForeignSymbol,
                        request.path + ": what the function HPyInit_" + choice.short_name +
                            " returned " + stranger->text(),
                        {{"symbol", stranger->symbol}, {"file", stranger->file}});
    }
    const Placement place = place_of(definition);
    if (place == Placement::kMisaligned || place == Placement::kUnmapped) {
        throw LoadError(LoadErrorKind::kBadDefinition,
                        request.path + ": what the function HPyInit_" + choice.short_name +
                            " returned is no address of a module definition. Return the address of "
                            "a static HPyModuleDef, as HPy_MODINIT does.",
                        {{"symbol", "HPyInit_" + choice.short_name}});
    }
    // The C API's side of a hybrid module has statics of its own, unless it says that it is safe.
    const bool hybrid = choice.hybrid || definition->legacy_methods != nullptr;
    const Interpreters assumed = hybrid ? Interpreters::kSharedGil : Interpreters::kOwnGil;
    request.where = said != nullptr ? *interpreters_of(said) : assumed; // both checked
    return create_module(*definition, request);
}

PyDoc_STRVAR(
    create_doc,
    "create($module, name, path, spec, mode, interpreters, gil=None, /)\n--\n\n"
    "Opens an HPy extension's file and makes its module in this interpreter, not executed.");

PyObject* create(PyObject*, PyObject* args) {
    const char* name = nullptr;
    PyObject* path = nullptr;
    PyObject* spec = nullptr;
    const char* mode = nullptr;
    Asked asked{};
    if (!PyArg_ParseTuple(args, "sO&Osz|z:create", &name, PyUnicode_FSConverter, &path, &spec,
                          &mode, &asked.interpreters, &asked.gil)) {
        return nullptr;
    }
    const Ref path_bytes(path);
    const std::optional<const Layer*> layer = layer_of(mode);
    if (!layer) {
        PyErr_Format(PyExc_ValueError,
                     "%s: mode is '%s'; 'universal', 'debug' or 'trace' was expected.", name, mode);
        return nullptr;
    }
    if (asked.interpreters != nullptr && !interpreters_of(asked.interpreters)) {
        PyErr_Format(PyExc_ValueError,
                     "%s: interpreters is '%s'; 'own-gil', 'shared-gil' or 'main' was expected.",
                     name, asked.interpreters);
        return nullptr;
    }
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        ModuleRequest request{name, PyBytes_AS_STRING(path), spec, Interpreters::kOwnGil, *layer};
        try {
            return create_from_file(request, asked);
        } catch (const LoadError& error) {
            raise_load_error(error, request.name, request.path);
            return nullptr;
        } catch (const AlreadyRaised&) {
            return nullptr;
        }
    });
}

PyDoc_STRVAR(execute_doc, "execute($module, created, /)\n--\n\n"
                          "Runs the exec slots of a module that create() made; once.");

PyObject* execute(PyObject*, PyObject* module) {
    if (!guarded(false, [=] { return execute_module(module); })) return nullptr;
    Py_RETURN_NONE;
}

PyDoc_STRVAR(missing_doc, "missing($module, /)\n--\n\n"
                          "The functions of the HPy context that this version does not have.");

PyObject* missing(PyObject*, PyObject*) {
    Region* const region = context::enter_interpreter();
    Ref names(region != nullptr ? PyList_New(0) : nullptr);
    if (!names) return nullptr;
    struct Function {
        const char* name;
        bool absent;
    };
    const Function functions[] = {
#define HPY_FUNC(ret, name, params) {"ctx_" #name, region->context.ctx_##name == nullptr},
#include <hpy/abi/hpy_0_9.def>
    };
    for (const Function& function : functions) {
        if (!function.absent) continue;
        const Ref text(PyUnicode_FromString(function.name));
        if (!text || PyList_Append(names.get(), text.get()) < 0) return nullptr;
    }
    return names.release();
}

PyDoc_STRVAR(state_doc, "state($module, /)\n--\n\n"
                        "What hpystate keeps for this interpreter: counts, as a dict of ints.");

PyObject* state(PyObject*, PyObject*) {
    const Region* const region = current_region();
    if (region == nullptr) {
        PyErr_SetString(PyExc_SystemError, "hpystate has no state for this interpreter.");
        return nullptr;
    }
    const Window::Counts counts = region->window.counts();
    return Py_BuildValue(
        "{s:L,s:I,s:n,s:n,s:n,s:n,s:n,s:n}", "interpreter",
        static_cast<long long>(region->interpreter_id), "generation", region->generation, "slots",
        static_cast<Py_ssize_t>(counts.slots), "values", static_cast<Py_ssize_t>(counts.values),
        "kept", static_cast<Py_ssize_t>(counts.kept), "pages",
        static_cast<Py_ssize_t>(counts.pages), "overflow", static_cast<Py_ssize_t>(counts.overflow),
        "regions", static_cast<Py_ssize_t>(region_count()));
}

PyMethodDef methods[] = {
    {"create", create, METH_VARARGS, create_doc},
    {"execute", execute, METH_O, execute_doc},
    {"missing", missing, METH_NOARGS, missing_doc},
    {"state", state, METH_NOARGS, state_doc},
    {nullptr, nullptr, 0, nullptr},
};

/// Adds an attribute that is a module with the functions of a layer.
PyObject* add_layer(PyObject* module, const char* name, PyMethodDef* functions) {
    const Ref layer(PyModule_New(name));
    const bool good = layer && PyModule_AddFunctions(layer.get(), functions) == 0 &&
                      PyModule_AddObjectRef(module, name, layer.get()) == 0;
    return good ? layer.get() : nullptr; // `module` keeps it
}

int exec(PyObject* module) {
    if (context::enter_interpreter() == nullptr) return -1;
    if (!context::watch_forks()) {
        PyErr_NoMemory();
        return -1;
    }
    PyObject* const debug = add_layer(module, "_debug", layers::debug_methods());
    if (debug == nullptr || !layers::add_debug_types(debug)) return -1;
    if (add_layer(module, "_trace", layers::trace_methods()) == nullptr) return -1;
    return PyModule_AddStringConstant(module, "version", HPYSTATE_VERSION);
}

PyModuleDef_Slot slots[] = {
    {Py_mod_exec, reinterpret_cast<void*>(exec)},
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#if PY_VERSION_HEX >= 0x030D0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, nullptr},
};

PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    "hpystate._native",
    "The runtime of hpystate.",
    0,
    methods,
    slots,
    nullptr,
    nullptr,
    nullptr,
};

} // namespace

} // namespace hpystate

#ifdef Py_GIL_DISABLED

/// hpystate._needs_gil: it does not say Py_MOD_GIL_NOT_USED, which is all that it does:
/// python/hpystate/gil.py.
// NOLINTNEXTLINE(bugprone-reserved-identifier): CPython's rule for names
PyMODINIT_FUNC PyInit__needs_gil(void) {
    static PyModuleDef_Slot slots[] = {
        {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
        {0, nullptr},
    };
    static PyModuleDef definition = {PyModuleDef_HEAD_INIT,
                                     "hpystate._needs_gil",
                                     nullptr,
                                     0,
                                     nullptr,
                                     slots,
                                     nullptr,
                                     nullptr,
                                     nullptr};
    return PyModuleDef_Init(&definition);
}

#endif

// NOLINTNEXTLINE(bugprone-reserved-identifier): CPython's rule for names
PyMODINIT_FUNC PyInit__native(void) {
    return PyModuleDef_Init(&hpystate::definition);
}
