/// runtime/calls/anchor.h: finds the context for a module or a type, in a few loads.
///
/// A type that HPyType_FromSpec makes has a mark, and owns a capsule that holds the context.
/// CPython also stores in each heap type the module that made it, and in each module a block of
/// memory, its state. Those types all get the same module in an interpreter, the anchor. It is
/// never imported and Python code does not see it:
///
///     instance --> type --> capsule --> context
///                  type --> anchor (a module of our definition) --> ModuleState --> context
///     module of an extension --> ModuleState --> context
///
/// Thunks go the first way, where a type has no mark the second. Both are cheaper than reading the
/// thread state, because no function is called and no register is saved. It is also the rule of
/// PEP 573: an object belongs to the module of its type, wherever it is used. A class made in
/// Python has neither; the first type of its MRO that has one is used (context_of_class), as in
/// PyType_GetModuleByDef.
#pragma once

#include <Python.h>

#include "interp_state/region.h"
#include "runtime/calls/module_state.h"
#include "runtime/cpython/module_layout.h"
#include "runtime/cpython/type_words.h"

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

/// The mark of the types that this copy of the runtime made (runtime/cpython/type_words.h). Its
/// address is the mark.
extern const PyMethodDef kTypeMark;

/// The context that a type's functions are called with. nullptr if the type has no mark: it was
/// made by Python, by other C code, or by another copy of this runtime.
[[nodiscard]] inline HPyContext* context_of_type(PyTypeObject* type) noexcept {
    if (!has_mark(type, &kTypeMark)) [[unlikely]]
        return nullptr;
    auto* const context = static_cast<HPyContext*>(words_of_marked(type).pointer);
    if (context == nullptr) __builtin_unreachable(); // a capsule holds no null pointer
    return context;
}

/// Marks a type that was made with the region's anchor, and keeps a word for it (null for none).
/// While a marked type is alive its context is led to, also after the collector has cleared the
/// type. Where a type gets no mark, its anchor leads to the context until then.
/// False: an exception is set.
[[nodiscard]] bool lead_to_context(PyTypeObject* type, Region& region, const void* word) noexcept;

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
        if (first != nullptr) {
            if (HPyContext* const context = context_of_type(Py_TYPE(first))) return context;
            if (HPyContext* const context = context_of_class(Py_TYPE(first))) return context;
        }
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
