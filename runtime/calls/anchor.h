/// runtime/calls/anchor.h: finds the context for a module or a type, in a few loads.
///
/// CPython stores in each heap type the module that made it, and in each module a block of memory,
/// its state. The types that HPyType_FromSpec makes in one interpreter all get the same module, the
/// anchor. It is never imported and Python code does not see it:
///
///     instance --> type --> anchor (a module of our definition) --> ModuleState --> context
///     module of an extension --> ModuleState --> context
///
/// This is cheaper than reading the thread state, because no function is called and no register is
/// saved. It is also the rule of PEP 573: an object belongs to the module of its type, wherever it
/// is used. A class made in Python has no anchor; the first type of its MRO that has one is used
/// (context_of_class), as in PyType_GetModuleByDef.
#pragma once

#include <Python.h>

#include "interp_state/region.h"
#include "runtime/calls/module_state.h"
#include "runtime/cpython/module_layout.h"

#include <type_traits>

namespace hpystate {

/// The definition of every anchor; a module with this definition is one. If CPython's modules have
/// another layout than ModuleLayout, anchors have another definition, and the fast path finds none.
extern PyModuleDef anchor_definition;

/// The state of a module that this runtime made, with any layout; null until its first exec slot
/// has run.
[[nodiscard]] inline const ModuleState* state_of_module(PyObject* module) noexcept {
    return static_cast<const ModuleState*>(state_of(module));
}

/// The same for thunks, which are used only if the layout is the expected one.
[[nodiscard]] inline const ModuleState* fast_state_of_module(PyObject* module) noexcept {
    return static_cast<const ModuleState*>(state_word(module));
}

/// The context that a type's functions are called with. nullptr if the type has no anchor: it is
/// static, was made in Python or by other C code, or is being cleared. nullptr for every type if
/// modules have another layout.
[[nodiscard]] inline HPyContext* context_of_type(PyTypeObject* type) noexcept {
    if (!PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE)) [[unlikely]]
        return nullptr;
    PyObject* const module = reinterpret_cast<PyHeapTypeObject*>(type)->ht_module;
    if (module == nullptr || definition_word(module) != &anchor_definition) [[unlikely]]
        return nullptr;
    HPyContext* const context = fast_state_of_module(module)->context;
    if (context == nullptr) __builtin_unreachable(); // it is set before a type refers to the anchor
    return context;
}

/// The same for any type: the context of the first type of its MRO that has one. nullptr: none has.
/// An exception that is set stays set.
[[nodiscard, gnu::cold, gnu::noinline]] HPyContext* context_of_class(PyTypeObject* type) noexcept;

/// The context of the first operand that has one: in `2 ** x` that of x. Arguments that are null or
/// not objects have none.
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

/// Makes the region's anchor if it has none. The thread is attached to
/// the region's interpreter. False: an exception is set.
[[nodiscard]] bool prepare_anchor(Region& region) noexcept;

#ifdef HPYSTATE_CHECKS
/// For tests: from now on this process assumes that modules have another layout, and `region` gets
/// a new anchor for that. To be called before the first type or function of an extension is made.
/// False: an exception is set.
[[nodiscard]] bool pretend_other_module_layout(Region& region) noexcept;
#endif

} // namespace hpystate
