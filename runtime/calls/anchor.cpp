/// runtime/calls/anchor.cpp: making the anchor.
#include "runtime/calls/anchor.h"

#include "globals/gil.h"
#include "runtime/calls/handle.h"

namespace hpystate {

namespace {

/// CPython numbers a definition when the first module is made of it, and takes no lock for that. So
/// that is done before, by one thread of the process; no Python code runs while others wait for it.
void number_definition() noexcept {
    static PyObject* const numbered = PyModuleDef_Init(&anchor_definition);
    static_cast<void>(numbered);
}

[[nodiscard]] PyObject* make_anchor(Region& region) noexcept {
    number_definition();
    Ref anchor(PyModule_Create(&anchor_definition)); // nobody imports it, so it needs no phases
    if (!anchor) return nullptr;
    auto* const state = static_cast<ModuleState*>(PyModule_GetState(anchor.get()));
    if (state == nullptr || state_of_module(anchor.get()) != state ||
        reinterpret_cast<ModuleLayout*>(anchor.get())->definition != &anchor_definition) {
        PyErr_Format(PyExc_SystemError,
                     "hpystate: CPython %s keeps a module's state where this build does not expect "
                     "it. Install the hpystate that was built for this Python.",
                     Py_GetVersion());
        return nullptr;
    }
    state->lead_to(region);
    return anchor.release();
}

} // namespace

// Only read once it is numbered.
PyModuleDef anchor_definition = {PyModuleDef_HEAD_INIT,
                                 "hpystate.anchor",
                                 nullptr,
                                 sizeof(ModuleState),
                                 nullptr,
                                 nullptr,
                                 nullptr,
                                 nullptr,
                                 &release_module_state};

// Who may change an MRO while it is read? With the GIL nobody: no Python code runs in here. Without
// it another thread may assign to __bases__, which frees the tuple, and perhaps a base; so CPython
// reads it, under its lock of the types. Once the collector has taken a type apart it has no MRO;
// tp_base it never takes, and then no other thread reaches the type.
HPyContext* context_of_class(PyTypeObject* type) noexcept {
    // No heap type, and so none of ours, is among the bases of a static type.
    if (!PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE)) return nullptr;
    const PyObject* const mro = type->tp_mro;
    if (mro == nullptr) {
        HPyContext* found = nullptr;
        for (; type != nullptr && found == nullptr; type = type->tp_base)
            found = context_of_type(type);
        return found;
    }
    if constexpr (kNoGil) {
        PyObject* const raised = PyErr_GetRaisedException();
        PyObject* const anchor = PyType_GetModuleByDef(type, &anchor_definition);
        PyErr_SetRaisedException(raised); // drops the TypeError that says that there is none
        return anchor != nullptr ? state_of_module(anchor)->context : nullptr;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(mro); ++i) {
        auto* const each = reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(mro, i));
        if (HPyContext* const found = context_of_type(each)) return found;
    }
    return nullptr;
}

bool prepare_anchor(Region& region) noexcept {
    // acquire: pairs with the release in publish().
    if (region.anchor.load(std::memory_order_acquire) != nullptr) return true;
    PyObject* const anchor = make_anchor(region);
    if (anchor == nullptr) return false;
    Region::publish(region.anchor, anchor);
    return true;
}

} // namespace hpystate
