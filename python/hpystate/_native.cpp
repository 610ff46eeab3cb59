/// python/hpystate/_native.cpp: the package's extension module: it translates arguments, results
/// and exceptions between Python and the functions of runtime/.
///
/// A plain C-API module: multi-phase, for every interpreter, without the GIL where there is none.
/// It keeps no state in statics: what it knows of an interpreter is in that one's region.
#include <Python.h>

#include "interp_state/current.h"
#include "interp_state/turns.h"
#include "python/hpystate/loading.h"
#include "python/hpystate/looking.h"
#include "runtime/abi/context_functions.h"
#include "runtime/calls/anchor.h"
#include "runtime/calls/handle.h"
#include "runtime/cpython/guarded.h"
#include "runtime/cpython/module_slots.h"
#include "runtime/elf/symbol_name.h"
#include "runtime/face/api.h"
#include "runtime/layers/debug/state.h"
#include "runtime/layers/trace/trace.h"
#include "runtime/loader/called.h"
#include "runtime/loader/error.h"
#include "runtime/loader/host.h"
#include "runtime/loader/inspect.h"
#include "runtime/loader/load.h"
#include "runtime/loader/module.h"
#include "runtime/loader/private_copies.h"
#include "runtime/versions/v0_9/contexts.h"

#include <hpystate/fused_table.h>
#include <hpystate/sibling_table.h>
#include <hpystate/version.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace hpystate {

namespace {

std::optional<Interpreters> interpreters_of(std::string_view text) noexcept {
    if (text == "own-gil") return Interpreters::kOwnGil;
    if (text == "shared-gil") return Interpreters::kSharedGil;
    if (text == "main") return Interpreters::kMain;
    return std::nullopt;
}

/// nullptr: nobody said a word.
std::optional<Sharing> sharing_of(const char* word) noexcept {
    if (word == nullptr) return Sharing::kDefault;
    if (std::string_view(word) == "share") return Sharing::kShare;
    if (std::string_view(word) == "refuse") return Sharing::kRefuse;
    return std::nullopt;
}

/// The layer of a mode; nullptr for the plain context, nothing for any other word.
std::optional<const Layer*> layer_of(std::string_view mode) noexcept {
    if (mode == "universal") return nullptr;
    if (mode == "debug") return &layers::debug_layer;
    if (mode == "trace") return &layers::trace_layer;
    return std::nullopt;
}

PyDoc_STRVAR(
    inspect_doc,
    "inspect($module, name, path, /)\n--\n\n"
    "Opens an HPy extension's file and reads its declarations for the module `name`. Creates\n"
    "nothing.\n\n"
    "Returns the file, for create(), and a dict: abi ('0.0', '0.0.4'), tag ('hpy0', 'hpy0-cp312'), "
    "hybrid\n"
    "(bool), interpreters ('own-gil', 'shared-gil', 'main'), gil ('off', 'on'), other_runtimes\n"
    "('share', 'copy', 'refuse') and fused (bool: whether it can use fused calls). The three "
    "words\n"
    "are None if the file does not declare them.");

PyObject* inspect_file(PyObject*, PyObject* args) {
    const char* name = nullptr;
    PyObject* path = nullptr;
    if (!PyArg_ParseTuple(args, "sO&:inspect", &name, PyUnicode_FSConverter, &path)) return nullptr;
    const Ref path_bytes(path);
    return guarded<PyObject*>(nullptr, [&] {
        const std::string module(name);
        const std::string file_path(PyBytes_AS_STRING(path));
        return loading(module, file_path, [&] {
            return as_inspected(std::make_unique<InspectedFile>(inspect(module, file_path)));
        });
    });
}

// ---- what was negotiated, for `python -m hpystate abi` ----

/// A tuple of pairs of str: what is emulated, by what.
PyObject* pairs_of(std::span<const Emulation> emulated) {
    Ref tuple(PyTuple_New(static_cast<Py_ssize_t>(emulated.size())));
    for (std::size_t i = 0; tuple && i < emulated.size(); ++i) {
        const Emulation& each = emulated[i];
        const ApiName name = make_api_name(each.name);
        PyObject* const pair =
            Py_BuildValue("(ss)", each.is_of_context ? name.text.data() : each.name, each.by);
        if (pair == nullptr) return nullptr;
        PyTuple_SET_ITEM(tuple.get(), static_cast<Py_ssize_t>(i), pair);
    }
    return tuple.release();
}

PyObject* offer_as_dict(const Offer& offer) {
    return Py_BuildValue("{s:s,s:s,s:s,s:s,s:n,s:n,s:N}", "release", offer.release, "abi",
                         offer.version.text().c_str(), "asked_by", offer.asked_by, "name_tag",
                         offer.name_tag, "functions", static_cast<Py_ssize_t>(offer.functions),
                         "context_size", static_cast<Py_ssize_t>(offer.size), "emulated",
                         pairs_of(offer.emulated));
}

PyDoc_STRVAR(offers_doc, "offers($module, /)\n--\n\n"
                         "The versions of HPy that this runtime has: a tuple of dicts.");

PyObject* offers(PyObject*, PyObject*) {
    return guarded<PyObject*>(nullptr, []() -> PyObject* {
        Ref rows(PyTuple_New(static_cast<Py_ssize_t>(kVersionCount)));
        for (std::size_t i = 0; rows && i < kVersionCount; ++i) {
            PyObject* const row = offer_as_dict(kOffers[i]);
            if (row == nullptr) return nullptr;
            PyTuple_SET_ITEM(rows.get(), static_cast<Py_ssize_t>(i), row);
        }
        return rows.release();
    });
}

/// The bytes of a table that a file's link names and those that this runtime has; None: no link.
template <typename Link>
PyObject* sizes_of(const Link* link, std::size_t ours) {
    if (link == nullptr) return Py_NewRef(Py_None);
    return Py_BuildValue("(In)", link->table_size, static_cast<Py_ssize_t>(ours));
}

PyDoc_STRVAR(
    negotiated_doc,
    "negotiated($module, file, /)\n--\n\n"
    "What a file that inspect() returned asks for and gets: a dict with gets (a row of offers()),\n"
    "context_size (bytes of its context; None: it does not state that), fused and sibling (bytes\n"
    "of its table, and of this runtime's; None: it does not use it).");

PyObject* negotiated(PyObject*, PyObject* capsule) {
    const auto* const file =
        static_cast<const InspectedFile*>(PyCapsule_GetPointer(capsule, kFileCapsule));
    if (file == nullptr) return nullptr;
    return guarded<PyObject*>(nullptr, [&] {
        Ref size(file->asks != nullptr ? PyLong_FromUnsignedLong(file->asks->context_size)
                                       : Py_NewRef(Py_None));
        if (!size) return static_cast<PyObject*>(nullptr);
        return Py_BuildValue("{s:N,s:O,s:N,s:N}", "gets", offer_as_dict(*file->offer),
                             "context_size", size.get(), "fused",
                             sizes_of(file->fused_link, sizeof(hpystate_fused_table)), "sibling",
                             sizes_of(file->sibling_link, sizeof(hpystate_sibling_table)));
    });
}

PyDoc_STRVAR(
    modules_doc,
    "modules($module, path, /)\n--\n\n"
    "The names of the HPy modules in a file: a list, sorted. The file is read, not opened\n"
    "as a library. Empty if it has none or cannot be read: inspect() gives the reason.");

PyObject* modules(PyObject*, PyObject* path) {
    PyObject* bytes = nullptr;
    if (PyUnicode_FSConverter(path, &bytes) == 0) return nullptr;
    const Ref kept(bytes);
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        Ref list(PyList_New(0));
        for (const std::string& name : exported_functions(PyBytes_AS_STRING(bytes), "HPyInit_")) {
            // In a damaged file a name holds any bytes; inspect() refuses what is not ASCII.
            const auto length = static_cast<Py_ssize_t>(name.size());
            const Ref text(PyUnicode_DecodeUTF8(name.data(), length, "replace"));
            if (!list || !text || PyList_Append(list.get(), text.get()) != 0) return nullptr;
        }
        return list.release();
    });
}

PyDoc_STRVAR(create_doc, "create($module, file, spec, mode, interpreters, sharing=None, /)\n--\n\n"
                         "Creates the module of a file that inspect() returned, in this "
                         "interpreter; execute() executes\n"
                         "it. mode is 'universal', 'debug' or 'trace'; interpreters is 'own-gil', "
                         "'shared-gil', 'main',\n"
                         "or None if neither the caller nor the file declares it; sharing is "
                         "'share', 'refuse' or None:\n"
                         "what to do if another HPy runtime has the file too.");

PyObject* create_module_of(PyObject*, PyObject* args) {
    PyObject* capsule = nullptr;
    PyObject* spec = nullptr;
    const char* mode = nullptr;
    const char* interpreters = nullptr;
    const char* sharing = nullptr;
    if (!PyArg_ParseTuple(args, "OOsz|z:create", &capsule, &spec, &mode, &interpreters, &sharing)) {
        return nullptr;
    }
    const auto* const file =
        static_cast<const InspectedFile*>(PyCapsule_GetPointer(capsule, kFileCapsule));
    if (file == nullptr) return nullptr;
    const std::optional<const Layer*> layer = layer_of(mode);
    if (!layer) {
        PyErr_Format(PyExc_ValueError,
                     "%s: mode is '%s'; 'universal', 'debug' or 'trace' was expected.",
                     file->name.c_str(), mode);
        return nullptr;
    }
    Decision decision{*layer, std::nullopt};
    if (interpreters != nullptr) {
        decision.interpreters = interpreters_of(interpreters);
        if (!decision.interpreters) {
            PyErr_Format(PyExc_ValueError,
                         "%s: interpreters is '%s'; 'own-gil', 'shared-gil' or 'main' was "
                         "expected.",
                         file->name.c_str(), interpreters);
            return nullptr;
        }
    }
    const std::optional<Sharing> shared = sharing_of(sharing);
    if (!shared) {
        PyErr_Format(PyExc_ValueError,
                     "%s: other_runtimes is '%s'; 'share', 'refuse' or None was expected.",
                     file->name.c_str(), sharing);
        return nullptr;
    }
    decision.sharing = *shared;
    return guarded<PyObject*>(nullptr, [&] {
        return loading(file->name, file->path, [&] { return create(*file, decision, spec); });
    });
}

PyDoc_STRVAR(execute_doc,
             "execute($module, created, /)\n--\n\n"
             "Runs the exec slots of a module that create() made; a second call does nothing.");

PyObject* execute(PyObject*, PyObject* module) {
    if (!guarded(false, [=] { return execute_module(module); })) return nullptr;
    Py_RETURN_NONE;
}

PyDoc_STRVAR(kept_path_doc,
             "kept_path($module, key, path, /)\n--\n\n"
             "The private copy of a file that is kept under a key, or None; path, if given, is "
             "kept if none is.");

PyObject* kept_path(PyObject*, PyObject* args) {
    const char* key = nullptr;
    PyObject* path = nullptr;
    if (!PyArg_ParseTuple(args, "sO:kept_path", &key, &path)) return nullptr;
    PyObject* encoded = nullptr;
    if (path != Py_None && PyUnicode_FSConverter(path, &encoded) == 0) return nullptr;
    const Ref bytes(encoded);
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        const std::string kept = encoded == nullptr
                                     ? private_copy_of(key)
                                     : keep_private_copy(key, PyBytes_AS_STRING(encoded));
        if (kept.empty()) Py_RETURN_NONE;
        return PyUnicode_DecodeFSDefault(kept.c_str());
    });
}

PyDoc_STRVAR(state_doc, "state($module, /)\n--\n\n"
                        "What hpystate keeps for this interpreter: counts, as a dict of ints.");

PyObject* state(PyObject*, PyObject*) {
    const Region* const region = region_or_raise();
    if (region == nullptr) return nullptr;
    const Window::Counts counts = region->window.counts();
    return Py_BuildValue(
        "{s:L,s:I,s:n,s:n,s:n,s:n,s:n,s:n}", "interpreter",
        static_cast<long long>(region->interpreter_id), "generation", region->generation, "slots",
        static_cast<Py_ssize_t>(counts.slots), "values", static_cast<Py_ssize_t>(counts.values),
        "kept", static_cast<Py_ssize_t>(counts.kept), "pages",
        static_cast<Py_ssize_t>(counts.pages), "overflow", static_cast<Py_ssize_t>(counts.overflow),
        "regions", static_cast<Py_ssize_t>(region_count()));
}

#ifdef HPYSTATE_CHECKS
/// For tests: tests/cpython/test_module_layout.py.
PyObject* pretend_other_module_layout_here(PyObject*, PyObject*) {
    Region* const region = current_region();
    if (region == nullptr || !pretend_other_module_layout(*region)) return nullptr;
    Py_RETURN_NONE;
}
#endif

PyMethodDef methods[] = {
    {"inspect", inspect_file, METH_VARARGS, inspect_doc},
    {"offers", offers, METH_NOARGS, offers_doc},
    {"negotiated", negotiated, METH_O, negotiated_doc},
    {"modules", modules, METH_O, modules_doc},
    {"create", create_module_of, METH_VARARGS, create_doc},
    {"execute", execute, METH_O, execute_doc},
    {"kept_path", kept_path, METH_VARARGS, kept_path_doc},
    {"state", state, METH_NOARGS, state_doc},
#ifdef HPYSTATE_CHECKS
    {"_pretend_other_module_layout", pretend_other_module_layout_here, METH_NOARGS, nullptr},
#endif
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
    if (!guarded(false, [] {
            join_other_copies();
            return true;
        })) {
        return -1;
    }
    if (!watch_forks()) {
        PyErr_NoMemory();
        return -1;
    }
    PyObject* const debug = add_layer(module, "_debug", layers::debug_methods());
    if (debug == nullptr || !layers::add_debug_types(debug)) return -1;
    if (add_layer(module, "_trace", layers::trace_methods()) == nullptr) return -1;
    if (!add_cpython_abi(module) || !face::add_global_api(module)) return -1;
    if (PyModule_AddFunctions(module, looking_methods()) != 0) return -1;
    return PyModule_AddStringConstant(module, "version", HPYSTATE_VERSION);
}

PyModuleDef_Slot slots[] = {
    {Py_mod_exec, reinterpret_cast<void*>(exec)},
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
    gil_not_used(),
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

/// hpystate._needs_gil: an empty module without Py_MOD_GIL_NOT_USED. python/hpystate/gil.py imports
/// it to bring the GIL back.
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
