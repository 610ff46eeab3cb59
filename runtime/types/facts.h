/// runtime/types/facts.h: what a description amounts to on its bases. Nothing is judged here.
///
/// The check refuses by these facts and the build goes by them, so that both mean the same.
#pragma once

#include <Python.h>

#include "runtime/types/description.h"
#include "runtime/types/legacy.h"
#include "runtime/types/record.h"

#include <cstdint>

namespace hpystate {

/// The member by which CPython learns where an instance keeps the function that it is called with.
inline constexpr char kCallOffset[] = "__vectorcalloffset__";

/// The same for the dict of an instance.
inline constexpr char kDictOffset[] = "__dictoffset__";

/// And for the weak references to it.
inline constexpr char kWeakListOffset[] = "__weaklistoffset__";

/// The flags by which CPython keeps a word in front of the instance: its dict, its weak references.
inline constexpr unsigned long kInFront = Py_TPFLAGS_MANAGED_DICT | Py_TPFLAGS_MANAGED_WEAKREF;

/// Where instances keep the function that HPy_SetCallFunction sets.
enum class CallPlace : std::uint8_t {
    kNone,      ///< they have none
    kInherited, ///< where the base's instances have it
    kInStruct,  ///< in a field of the struct: a member __vectorcalloffset__
    kHidden,    ///< behind the struct: the build adds it
};

/// The facts about a type. What they point to belongs to the description or is never freed.
struct TypeFacts {
    LegacyParts legacy;

    /// All of it but what depends on the layout: `hidden` and the short ways are the build's.
    TypeRecord record{};

    CallPlace call_place = CallPlace::kNone;
    bool has_call = false;            ///< an HPy_tp_call slot
    bool has_call_offset = false;     ///< a member __vectorcalloffset__
    bool has_dict_offset = false;     ///< a member __dictoffset__, HPy's or legacy
    bool has_weaklist_offset = false; ///< the same of __weaklistoffset__
    bool base_is_collected = false;   ///< some base's instances are
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
