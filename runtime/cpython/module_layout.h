/// runtime/cpython/module_layout.h: where a module object keeps its state and its definition.
///
/// CPython does not promise this layout. Thunks read both words at these offsets, which spares them
/// a call. Each anchor is compared with the layout when it is made. Where one differs, the process
/// calls public functions from then on: PyModule_GetState, PyModule_GetDef
/// (runtime/calls/anchor.h).
#pragma once

#include <Python.h>

#include "globals/check.h"

#include <atomic>

namespace hpystate {

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

/// Whether a module object of `size` bytes can be read as a ModuleLayout. False: a SystemError is
/// set, since also the slow way reads the word of the definition to find that it is another one.
[[nodiscard]] bool check_module_size(Py_ssize_t size) noexcept;

/// Whether `module` has the two words where ModuleLayout has them. It passed check_module_size().
[[nodiscard]] bool has_layout(const void* module, const void* definition,
                              const void* state) noexcept;

/// Set if a module has another layout, before the first thunk is handed out; never reset. relaxed:
/// whoever reads it got what follows from it through CPython, which orders the two.
extern std::atomic<bool> other_module_layout;

[[nodiscard]] inline bool has_other_module_layout() noexcept {
    return other_module_layout.load(std::memory_order_relaxed);
}

/// The word where ModuleLayout has the definition. With another layout it is some word of the
/// module, which never equals the definition that the caller looks for: see anchor.cpp.
[[nodiscard]] inline const void* definition_word(PyObject* module) noexcept {
    return reinterpret_cast<ModuleLayout*>(module)->definition;
}

/// The word where ModuleLayout has the state. Only where the layout is the expected one.
[[nodiscard]] inline void* state_word(PyObject* module) noexcept {
    HPYSTATE_CHECK(!has_other_module_layout());
    return reinterpret_cast<ModuleLayout*>(module)->state;
}

/// A module's state, with any layout; nullptr: it has none. No exception is set.
[[nodiscard]] inline void* state_of(PyObject* module) noexcept {
    return has_other_module_layout() ? PyModule_GetState(module) : state_word(module);
}

} // namespace hpystate
