/// context/anchor.cpp: making the anchor.
#include "context/anchor.h"

#include "context/handle.h"

namespace hpystate {

namespace {

PyModuleDef_Slot no_slots[] = {{Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
                               {0, nullptr}};

/// A module spec is any object with a name.
[[nodiscard]] PyObject* make_spec() noexcept {
    const Ref types(PyImport_ImportModule("types"));
    const Ref make(types ? PyObject_GetAttrString(types.get(), "SimpleNamespace") : nullptr);
    const Ref nothing(make ? PyTuple_New(0) : nullptr);
    const Ref names(nothing ? Py_BuildValue("{s:s}", "name", "hpystate.anchor") : nullptr);
    return names ? PyObject_Call(make.get(), nothing.get(), names.get()) : nullptr;
}

[[nodiscard]] PyObject* make_anchor(Region& region) noexcept {
    const Ref spec(make_spec());
    if (!spec) return nullptr;
    Ref anchor(PyModule_FromDefAndSpec(&anchor_definition, spec.get()));
    if (!anchor || PyModule_ExecDef(anchor.get(), &anchor_definition) < 0) return nullptr;
    auto* const state = static_cast<ModuleState*>(PyModule_GetState(anchor.get()));
    if (state == nullptr || state_of_module(anchor.get()) != state ||
        reinterpret_cast<ModuleLayout*>(anchor.get())->definition != &anchor_definition) {
        PyErr_Format(PyExc_SystemError,
                     "hpystate: CPython %s keeps a module's state where this build does not expect "
                     "it. Install the hpystate that was built for this Python.",
                     Py_GetVersion());
        return nullptr;
    }
    state->context = &region.context;
    return anchor.release();
}

} // namespace

// CPython numbers it when the first anchor is made, under a lock of its own; then it is only read.
PyModuleDef anchor_definition = {PyModuleDef_HEAD_INIT,
                                 "hpystate.anchor",
                                 nullptr,
                                 sizeof(ModuleState),
                                 nullptr,
                                 no_slots,
                                 nullptr,
                                 nullptr,
                                 nullptr};

bool prepare_anchor(Region& region) noexcept {
    if (region.anchor != nullptr) return true;
    PyObject* const anchor = make_anchor(region);
    if (anchor == nullptr) return false;
    if (region.anchor == nullptr) {
        region.anchor = anchor;
    } else {
        Py_DECREF(anchor); // another thread of this interpreter was here meanwhile
    }
    return true;
}

} // namespace hpystate
