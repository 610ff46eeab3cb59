/// context/anchor.h: from a module or a type to the context of its interpreter, in a few loads.
///
/// CPython keeps for each heap type the module that made it, and for each module a piece of memory.
/// Types of HPyType_FromSpec get one such module per interpreter, the anchor, which nobody sees:
///
///     instance --> type --> anchor (a module of our definition) --> ModuleState --> context
///     module of an extension --> ModuleState --> context
///
/// That is cheaper than the thread state: no call, and no register to save around it.
#pragma once

#include <Python.h>

#include "context/module_state.h"
#include "interp_state/region.h"

namespace hpystate {

/// How CPython lays a module out. make_anchor() looks whether this one does.
struct ModuleLayout {
    PyObject head;
    PyObject* dict;
#if PY_VERSION_HEX >= 0x030F0000 // PEP 793: a module may have no definition, and has a token
    void* state;
    PyObject* weak_references;
    PyObject* name;
    bool token_is_definition;
    bool needs_gil;
    Py_ssize_t state_size;
    traverseproc traverse;
    inquiry clear;
    freefunc free;
    void* definition;
#else
    PyModuleDef* definition;
    void* state;
#endif
};

/// The definition of every anchor; its address tells one.
extern PyModuleDef anchor_definition;

/// The state of a module of ours; null until its first exec slot has run.
[[nodiscard]] inline const ModuleState* state_of_module(PyObject* module) noexcept {
    return static_cast<const ModuleState*>(reinterpret_cast<ModuleLayout*>(module)->state);
}

/// The context that a type's functions are called with; nullptr where the type has no anchor: it
/// is static, was made in Python, by others, or is being torn down.
[[nodiscard]] inline HPyContext* context_of_type(PyTypeObject* type) noexcept {
    if (!PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE)) [[unlikely]]
        return nullptr;
    PyObject* const module = reinterpret_cast<PyHeapTypeObject*>(type)->ht_module;
    if (module == nullptr ||
        reinterpret_cast<ModuleLayout*>(module)->definition != &anchor_definition) [[unlikely]]
        return nullptr;
    HPyContext* const context = state_of_module(module)->context;
    if (context == nullptr) __builtin_unreachable(); // an anchor has it before it has a type
    return context;
}

/// Makes the anchor of a region whose interpreter the thread is attached to, if it has none. False:
/// an exception is set.
[[nodiscard]] bool prepare_anchor(Region& region) noexcept;

} // namespace hpystate
