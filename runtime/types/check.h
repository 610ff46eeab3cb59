/// runtime/types/check.h: checks whether a type can be made of a description.
///
/// All bad input is refused from here, in a fixed order, before anything is made or registered.
/// Three properties can only be checked on the finished type, since CPython chooses the base whose
/// layout is inherited: check_made().
#pragma once

#include <Python.h>

#include "runtime/types/description.h"
#include "runtime/types/facts.h"
#include "runtime/types/parents.h"

#include <optional>

namespace hpystate {

/// A description that passed the check, and the facts that the check found. The description must
/// outlive it.
struct CheckedType {
    const TypeDescription& wanted;
    Parents parents;
    TypeFacts facts;
};

/// Checks a description. nullopt: an exception for the first problem is set (type.h lists them).
/// Runs no Python code. Throws std::bad_alloc.
[[nodiscard]] std::optional<CheckedType> check_type(const TypeDescription& wanted);

/// Checks the type that CPython made of a description. False: a TypeError is set, and the type must
/// not be used.
[[nodiscard]] bool check_made(const TypeDescription& wanted, const PyTypeObject* type);

} // namespace hpystate
