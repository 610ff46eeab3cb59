/// runtime/layers/debug/field.h: what debug mode checks where an object is stored to a field.
#pragma once

#include <Python.h>

#include "runtime/layers/debug/call.h"

namespace hpystate::layers {

/// A field of `target`, null or not an HPy object, gets an object: reports a type that visits no
/// field. Nobody would release what it holds, since HPy has no other list of a type's fields.
void check_field(const Call& call, const PyObject* target) noexcept;

} // namespace hpystate::layers
