/// runtime/types/facts.h: facts about a type, from its description and its bases. Nothing is
/// checked here.
///
/// The check and the build both use these facts, so they cannot disagree.
#pragma once

#include <Python.h>

#include "runtime/types/description.h"
#include "runtime/types/legacy.h"
#include "runtime/types/record.h"

#include <cstdint>

namespace hpystate {

/// The member whose offset is where an instance keeps its vectorcall function.
inline constexpr char kCallOffset[] = "__vectorcalloffset__";

/// The member whose offset is where an instance keeps its dict.
inline constexpr char kDictOffset[] = "__dictoffset__";

/// The member whose offset is where an instance keeps the list of weak references to it.
inline constexpr char kWeakListOffset[] = "__weaklistoffset__";

/// With these flags CPython keeps a word in front of the instance, for its dict and its weak
/// references.
inline constexpr unsigned long kInFront = Py_TPFLAGS_MANAGED_DICT | Py_TPFLAGS_MANAGED_WEAKREF;

/// Where instances keep the function that HPy_SetCallFunction sets.
enum class CallPlace : std::uint8_t {
    kNone,      ///< they have none
    kInherited, ///< at the same place as in the base's instances
    kInStruct,  ///< in a field of the struct: a member __vectorcalloffset__
    kHidden,    ///< behind the struct: added by the build
};

/// The facts about a type. What they point to belongs to the description or is never freed.
struct TypeFacts {
    LegacyParts legacy;

    /// Complete except for `hidden` and the fast paths, which depend on the layout: the build sets
    /// them.
    TypeRecord record{};

    CallPlace call_place = CallPlace::kNone;
    bool has_call = false;            ///< an HPy_tp_call slot
    bool has_call_offset = false;     ///< a member __vectorcalloffset__
    bool has_dict_offset = false;     ///< a member __dictoffset__, HPy's or legacy
    bool has_weaklist_offset = false; ///< the same of __weaklistoffset__
    bool base_is_collected = false;   ///< the collector tracks the instances of a base
};

/// The facts about a description with these bases: a tuple of types, or null for object alone.
[[nodiscard]] TypeFacts find_facts(const TypeDescription& wanted, PyObject* bases);

/// Calls `has(base)` for the types of a tuple (or null) until it is true.
template <typename Has>
[[nodiscard]] bool any_base(PyObject* bases, Has has) {
    const Py_ssize_t count = bases != nullptr ? PyTuple_GET_SIZE(bases) : 0;
    for (Py_ssize_t i = 0; i < count; ++i) {
        if (has(reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(bases, i)))) return true;
    }
    return false;
}

} // namespace hpystate
