/// runtime/types/check.h: whether a description can become a type.
///
/// All refusals of bad input are made from here, in one order; the build refuses nothing of it.
/// Nothing is made or registered before the check has passed. Three questions only the finished
/// type answers, since CPython chooses the base whose layout it continues: check_made().
#pragma once

#include <Python.h>

#include "runtime/types/description.h"
#include "runtime/types/facts.h"
#include "runtime/types/parents.h"

#include <optional>

namespace hpystate {

/// A description that was checked, and what the check found. It refers to the description, which
/// must outlive it.
struct CheckedType {
    const TypeDescription& wanted;
    Parents parents;
    TypeFacts facts;
};

/// Checks a description. Nothing: the first problem is set as exception (type.h lists them). Runs
/// no Python code. Throws std::bad_alloc.
[[nodiscard]] std::optional<CheckedType> check_type(const TypeDescription& wanted);

/// Checks the type that CPython made of a description. False: a TypeError is set, and nobody may
/// get the type.
[[nodiscard]] bool check_made(const TypeDescription& wanted, const PyTypeObject* type);

} // namespace hpystate
