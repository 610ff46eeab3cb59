/// context/anchor.cpp: making the anchor.
#include "context/anchor.h"

#include "context/handle.h"

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
    state->context = &region.context;
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
                                 nullptr};

bool prepare_anchor(Region& region) noexcept {
    // acquire: pairs with the release in publish().
    if (region.anchor.load(std::memory_order_acquire) != nullptr) return true;
    PyObject* const anchor = make_anchor(region);
    if (anchor == nullptr) return false;
    Region::publish(region.anchor, anchor);
    return true;
}

} // namespace hpystate
