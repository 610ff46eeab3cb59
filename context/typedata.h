/// context/typedata.h: what the runtime has to know of a type when it visits or destroys an
/// instance.
///
/// tp_traverse and tp_destroy get no context, may run with the world stopped or without a thread
/// state, and may run after the collector cleared the type's dict and mro. So what they need hangs
/// on nothing that the collector can take apart: each type has a tp_dealloc, a tp_traverse and a
/// tp_clear of its own, thunks of one number, and the number leads to the type's record. The record
/// is constant, shared by all interpreters and by all types that are alike, and never freed.
///
/// This is also how a type of ours is recognised: its tp_dealloc is one of these thunks. No flag of
/// CPython is borrowed, tp_name is not looked at, and type(T) is type.
#pragma once

#include <Python.h>

#include "context/shape.h"
#include "globals/thunk_table.h"

#include <hpy/define.h>

#include <cstddef>
#include <cstdint>

namespace hpystate {

/// Plain data without padding: equal records have equal bytes.
struct TypeRecord {
    HPyFunc_TRAVERSEPROC_t traverse; ///< the extension's, or null
    HPyFunc_DESTROYFUNC_t destroy;   ///< the extension's, or null
    const TypeRecord* base;          ///< of the nearest HPy type below, or null
    std::size_t hidden;              ///< bytes behind the type's struct that are ours
    std::intptr_t shape_number;      ///< HPyType_BuiltinShape
    std::uintptr_t foreign;          ///< 1: a base other than object is no HPy type

    [[nodiscard]] Shape shape() const noexcept { return static_cast<Shape>(shape_number); }

    /// Whether this type or one below it has fields to visit.
    [[nodiscard]] bool visits() const noexcept;
};

/// The functions that CPython is given for types of one record.
struct TypeThunks {
    destructor dealloc;
    traverseproc traverse;
    inquiry clear;
};

/// Thunks for a record. All null where the pool is used up. Throws std::bad_alloc.
[[nodiscard]] TypeThunks type_thunks_for(const TypeRecord& wanted);

/// How many different records a process can have, and where their numbers lie.
inline constexpr ThunkPool kTypePool{ThunkTable::kThunks - 1024, 1024};

/// The record of the nearest HPy type on the way from `type` to object; nullptr: there is none. A
/// few instructions for an HPy type itself.
[[nodiscard]] const TypeRecord* record_of(const PyTypeObject* type) noexcept;

/// Whether the type itself was made by HPyType_FromSpec and has one of our tp_dealloc.
[[nodiscard]] bool is_hpy_type(const PyTypeObject* type) noexcept;

} // namespace hpystate
