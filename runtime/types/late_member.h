/// runtime/types/late_member.h: members for which CPython's PyMemberDef cannot be used, as
/// get-sets.
///
/// A PyMemberDef has a constant offset. But a type with the shape Long or Tuple has its struct
/// behind the items of the instance, so its members become get-sets that find the struct first. A
/// PyMemberDef of an object also reads and writes the object's address, which is not what a field
/// holds without the GIL (field.h).
#pragma once

#include <Python.h>

#include "globals/gil.h"
#include "runtime/types/shape.h"

#include <structmember.h>

namespace hpystate {

/// Whether a member of that type in a struct of that shape must be a get-set. A legacy struct is
/// shared with the C API, so its fields hold addresses.
[[nodiscard]] constexpr bool is_late(Shape shape, int type) noexcept {
    if (has_inline_items(shape)) return true;
    return kNoGil && shape != HPyType_BuiltinShape_Legacy &&
           (type == T_OBJECT || type == T_OBJECT_EX);
}

/// Makes a get-set for a member whose offset counts from the start of the struct. The closure is
/// interned. Throws std::bad_alloc.
[[nodiscard]] PyGetSetDef late_member(Shape shape, const PyMemberDef& member);

} // namespace hpystate
