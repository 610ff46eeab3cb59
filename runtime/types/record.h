/// runtime/types/record.h: what the runtime has to know of a type when it visits or destroys an
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

#include "globals/thunk_table.h"
#include "interp_state/spares.h"
#include "runtime/types/shape.h"

#include <hpy/define.h>

#include <atomic>
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
    std::uintptr_t foreign;          ///< 1: instances hold more than HPy structs: foreign_base.h
    std::uintptr_t opaque;           ///< 1: has a tp_traverse of its own, which knows all below
    std::uintptr_t simple;           ///< 1: instances are made on a short way
    std::uintptr_t spares;           ///< and freed on one: their list in Region::spares; 0: not so
    std::uintptr_t offset;           ///< of the struct, where they are made on a short way
    destructor builtin; ///< what frees an instance below its struct, where that is all; or null

    [[nodiscard]] Shape shape() const noexcept { return static_cast<Shape>(shape_number); }

    /// The next record whose fields are visited one by one. An opaque type's are not: it is called
    /// as a base of the C API is.
    [[nodiscard]] const TypeRecord* below() const noexcept {
        return base != nullptr && base->opaque == 0 ? base : nullptr;
    }

    /// Notes which short ways are open. `only_base` is the one base, where that is a static type;
    /// null for object, and for all else. To be called last.
    void set_short_ways(bool collected, std::size_t basicsize, PyTypeObject* only_base) noexcept;

    /// Whether this type or one below it has fields to visit.
    [[nodiscard]] bool visits() const noexcept;
};

/// From a tp_dealloc back to its record: open addressing, half full at most. An entry is written
/// once, the record first, before the thunk's address is handed out; the function tells whether it
/// is complete.
struct TypeEntry {
    std::atomic<destructor> dealloc;
    std::atomic<const TypeRecord*> record;
};
inline constexpr unsigned kTypeEntries = 2 * kTypePool.size;

/// A C array, hidden: it is read without the GOT.
[[gnu::visibility("hidden")]] extern TypeEntry type_entries[kTypeEntries];

[[nodiscard]] inline unsigned first_type_entry(destructor dealloc) noexcept {
    return static_cast<unsigned>(reinterpret_cast<std::uintptr_t>(dealloc) >> 4U) % kTypeEntries;
}

/// The record whose tp_dealloc this is, where it does not stand in its first entry; or nullptr.
[[nodiscard, gnu::cold, gnu::noinline]] const TypeRecord*
look_for_record(destructor dealloc) noexcept;

/// From now on `dealloc` leads to `record`. Under no lock: two threads may remember the same
/// thunks, and write the same.
void remember(destructor dealloc, const TypeRecord* record) noexcept;

/// The record of the nearest HPy type on the way from `type` to object; nullptr: there is none. A
/// few instructions for an HPy type itself.
[[nodiscard]] const TypeRecord* record_of(const PyTypeObject* type) noexcept;

/// The record of the type itself; nullptr: it was not made by HPyType_FromSpec, or has a tp_dealloc
/// that is not ours.
[[nodiscard]] inline const TypeRecord* own_record_of(const PyTypeObject* type) noexcept {
    const destructor dealloc = type->tp_dealloc;
    const TypeEntry& entry = type_entries[first_type_entry(dealloc)];
    // acquire: pairs with the release in remember().
    if (entry.dealloc.load(std::memory_order_acquire) == dealloc) [[likely]]
        return entry.record.load(std::memory_order_relaxed);
    return look_for_record(dealloc);
}

[[nodiscard]] inline bool is_hpy_type(const PyTypeObject* type) noexcept {
    return own_record_of(type) != nullptr;
}

/// Whether a type can be looked into: an HPy type that brings no tp_traverse of its own.
[[nodiscard]] bool is_transparent(const PyTypeObject* type) noexcept;

/// A type of HPyType_FromSpec with a Py_tp_dealloc of its own has no record; this notes the
/// function. False: 2,047 were noted in this process, there is room for no more.
[[nodiscard]] bool note_legacy_dealloc(destructor dealloc) noexcept;

/// Whether a type was made by HPyType_FromSpec, with a legacy tp_dealloc or without.
[[nodiscard]] bool is_from_spec(const PyTypeObject* type) noexcept;

} // namespace hpystate
