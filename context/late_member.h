/// context/late_member.h: members of a struct whose place depends on the instance.
///
/// CPython's members have a constant offset. A type with the shape Long or Tuple has its struct
/// behind the items of the instance, so its members become get-sets that find the struct first.
#pragma once

#include <Python.h>

#include "context/shape.h"

#include <structmember.h>

namespace hpystate {

/// A get-set for a member; its offset counts from the struct. The closure is interned. Throws
/// std::bad_alloc.
[[nodiscard]] PyGetSetDef late_member(Shape shape, const PyMemberDef& member);

} // namespace hpystate
