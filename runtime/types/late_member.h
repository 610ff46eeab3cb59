/// runtime/types/late_member.h: members that CPython's would not do for: get-sets of ours.
///
/// CPython's members have a constant offset. A type with the shape Long or Tuple has its struct
/// behind the items of the instance, so its members become get-sets that find the struct first. And
/// they read and write an object's address, which is not what a field holds without the GIL
/// (field.h).
#pragma once

#include <Python.h>

#include "globals/gil.h"
#include "runtime/types/shape.h"

#include <structmember.h>

namespace hpystate {

/// Whether CPython's members do not serve for one of that type in a struct of that shape. A legacy
/// struct is shared with the C API: its fields are addresses.
[[nodiscard]] constexpr bool is_late(Shape shape, int type) noexcept {
    if (has_inline_items(shape)) return true;
    return kNoGil && shape != HPyType_BuiltinShape_Legacy &&
           (type == T_OBJECT || type == T_OBJECT_EX);
}

/// A get-set for a member; its offset counts from the struct. The closure is interned. Throws
/// std::bad_alloc.
[[nodiscard]] PyGetSetDef late_member(Shape shape, const PyMemberDef& member);

} // namespace hpystate
