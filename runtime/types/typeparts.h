/// runtime/types/typeparts.h: from the definitions of a type's spec to what CPython's spec is made
/// of.
#pragma once

#include "runtime/calls/thunks.h"
#include "runtime/types/description.h"
#include "runtime/types/typedata.h"

#include <structmember.h>
#include <vector>

namespace hpystate {

/// The member by which CPython learns where an instance keeps the function that it is called with.
inline constexpr char kCallOffset[] = "__vectorcalloffset__";

/// The same for the dict of an instance.
inline constexpr char kDictOffset[] = "__dictoffset__";

/// And for the weak references to it.
inline constexpr char kWeakListOffset[] = "__weaklistoffset__";

/// The parts of a PyType_Spec while they are collected.
struct TypeParts {
    std::vector<PyType_Slot> slots;
    std::vector<PyMemberDef> members;
    TypeRecord record{};
    bool has_call = false;        ///< an HPy_tp_call slot
    bool adds_call_place = false; ///< the hidden call function of its own
    bool has_call_offset = false; ///< a member __vectorcalloffset__: the struct has the field
    bool legacy_dealloc = false;  ///< Py_tp_dealloc among the legacy slots: it serves as it is
    bool legacy_traverse = false; ///< Py_tp_traverse among them
    bool legacy_clear = false;    ///< Py_tp_clear among them
    bool base_is_collected = false;
    bool collected = false;   ///< HPy's tp_traverse serves
    Py_ssize_t basicsize = 0; ///< of CPython's spec

    [[nodiscard]] bool has_member(const char* name) const noexcept;
};

/// Reads the definitions and the legacy slots. The numbers and the shape were checked. False:
/// an exception is set (SystemError for a definition without a function or of an unknown kind,
/// TypeError for parts that do not go together). Throws std::bad_alloc.
[[nodiscard]] bool read_definitions(const TypeDescription& wanted, Site site, TypeParts& parts);

} // namespace hpystate
