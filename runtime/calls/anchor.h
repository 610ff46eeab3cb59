/// runtime/calls/anchor.h: from a module or a type to the context of its interpreter, in a few
/// loads.
///
/// CPython keeps for each heap type the module that made it, and for each module a piece of memory.
/// Types of HPyType_FromSpec get one such module per interpreter, the anchor, which nobody sees:
///
///     instance --> type --> anchor (a module of our definition) --> ModuleState --> context
///     module of an extension --> ModuleState --> context
///
/// That is cheaper than the thread state: no call, and no register to save around it. And it is
/// what PEP 573 has: an object belongs to the module of its type, wherever it is used. A class made
/// in Python has no anchor; the first type of its MRO that has one counts (context_of_class), as
/// for PyType_GetModuleByDef.
#pragma once

#include <Python.h>

#include "interp_state/region.h"
#include "runtime/calls/module_state.h"
#include "runtime/cpython/module_layout.h"

#include <type_traits>

namespace hpystate {

/// The definition of every anchor; its address tells one. Where modules have another layout than
/// ModuleLayout, anchors have another definition: then no type leads to a context in a few loads.
extern PyModuleDef anchor_definition;

/// The state of a module of ours, with any layout; null until its first exec slot has run.
[[nodiscard]] inline const ModuleState* state_of_module(PyObject* module) noexcept {
    return static_cast<const ModuleState*>(state_of(module));
}

/// The same in a thunk, which is handed out only where the layout is the expected one.
[[nodiscard]] inline const ModuleState* fast_state_of_module(PyObject* module) noexcept {
    return static_cast<const ModuleState*>(state_word(module));
}

/// The context that a type's functions are called with; nullptr where the type has no anchor: it
/// is static, was made in Python, by others, or is being torn down; and for every type where
/// modules have another layout.
[[nodiscard]] inline HPyContext* context_of_type(PyTypeObject* type) noexcept {
    if (!PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE)) [[unlikely]]
        return nullptr;
    PyObject* const module = reinterpret_cast<PyHeapTypeObject*>(type)->ht_module;
    if (module == nullptr || definition_word(module) != &anchor_definition) [[unlikely]]
        return nullptr;
    HPyContext* const context = fast_state_of_module(module)->context;
    if (context == nullptr) __builtin_unreachable(); // an anchor has it before it has a type
    return context;
}

/// The same for any type, by its MRO: of a class made in Python, the context of the first HPy type
/// above which it stands. nullptr: there is none. Leaves an exception that is set alone.
[[nodiscard, gnu::cold, gnu::noinline]] HPyContext* context_of_class(PyTypeObject* type) noexcept;

/// The same for the operands of a function, of which the first one with a context counts: in
/// `2 ** x` it is x. Arguments that are no objects, and null ones, have none.
[[nodiscard]] inline HPyContext* context_of_operands() noexcept {
    return nullptr;
}
template <typename First, typename... Rest>
[[nodiscard]] HPyContext* context_of_operands(First first, Rest... rest) noexcept {
    if constexpr (std::is_same_v<First, PyObject*>) {
        HPyContext* const found = first != nullptr ? context_of_class(Py_TYPE(first)) : nullptr;
        if (found != nullptr) return found;
    }
    return context_of_operands(rest...);
}

/// Makes the anchor of a version in a region whose interpreter the thread is attached to, if it has
/// none. False: an exception is set.
[[nodiscard]] bool prepare_anchor(Region& region, Version version) noexcept;

#ifdef HPYSTATE_CHECKS
/// For tests: from now on this process takes modules for laid out otherwise, and `region` gets an
/// anchor accordingly. No type and no function of an extension was made yet. False: an exception is
/// set.
[[nodiscard]] bool pretend_other_module_layout(Region& region) noexcept;
#endif

} // namespace hpystate
