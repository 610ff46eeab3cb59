/// runtime/types/record.h: what the runtime must know about a type when it visits or destroys an
/// instance.
///
/// tp_traverse and tp_destroy get no context, may run with the world stopped or without a thread
/// state, and may run after the collector has cleared the type's dict and mro. So what they need is
/// not in anything that the collector can clear. Each type gets a tp_dealloc, a tp_traverse and a
/// tp_clear that are thunks of one number, and the number leads to the type's record. The record is
/// constant, shared by all interpreters and by all types with equal records, and never freed.
///
/// This is also how an HPy type is recognised: its tp_dealloc is one of these thunks. No flag of
/// CPython is used for that, tp_name does not matter, and no metaclass is needed.
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
    std::size_t hidden;              ///< bytes of the hidden call function behind the struct
    std::intptr_t shape_number;      ///< HPyType_BuiltinShape
    std::uintptr_t foreign;          ///< 1: instances hold more than HPy structs: foreign_base.h
    std::uintptr_t opaque;           ///< 1: has a legacy tp_traverse, which visits all below
    std::uintptr_t simple;           ///< 1: instances are made on the fast path (instance.h)
    std::uintptr_t spares;           ///< their list in Region::spares; 0: none is kept
    std::size_t place;               ///< of that list: Spares::place_of()
    std::size_t size;                ///< bytes of an instance, if memory is kept
    std::uintptr_t collected;        ///< 1: such an instance is tracked by the collector
    std::uintptr_t offset;           ///< of the struct, if `simple` or memory is kept
    destructor builtin;    ///< a builtin type's tp_dealloc that can be called directly; or null
    std::uintptr_t direct; ///< 1: at once, for an instance of exactly the type
    /// What the thunk of tp_dealloc jumps to, with its own address (runtime/types/lifetime.cpp).
    void (*free)(PyObject* self, destructor dealloc, const TypeRecord* record);

    [[nodiscard]] Shape shape() const noexcept { return static_cast<Shape>(shape_number); }

    /// The next record whose fields are visited one by one. The fields of an opaque type are not:
    /// its own function is called, as for a base of the C API.
    [[nodiscard]] const TypeRecord* below() const noexcept {
        return base != nullptr && base->opaque == 0 ? base : nullptr;
    }

    /// Sets the members for the fast paths. `only_base` is the only base, if that is a static type
    /// other than object; otherwise null. `weakly`: instances keep the list of weak references to
    /// them. To be called last.
    void set_fast_paths(bool is_collected, bool weakly, std::size_t basicsize,
                        PyTypeObject* only_base) noexcept;

    /// Whether this type or one below it has fields to visit.
    [[nodiscard]] bool visits() const noexcept;
};

/// An entry of the table from a tp_dealloc to its record: open addressing, at most half full. An
/// entry is written once, the record first, before the thunk's address is handed out. It is
/// complete when the function is set.
struct TypeEntry {
    std::atomic<destructor> dealloc;
    std::atomic<const TypeRecord*> record;
};
inline constexpr unsigned kTypeEntries = 2 * kTypePool.size;

/// A C array with hidden visibility, so that it is read without the GOT.
[[gnu::visibility("hidden")]] extern TypeEntry type_entries[kTypeEntries];

[[nodiscard]] inline unsigned first_type_entry(destructor dealloc) noexcept {
    return static_cast<unsigned>(reinterpret_cast<std::uintptr_t>(dealloc) >> 4U) % kTypeEntries;
}

/// The record of this tp_dealloc if it is not in its first entry; or nullptr.
[[nodiscard, gnu::cold, gnu::noinline]] const TypeRecord*
look_for_record(destructor dealloc) noexcept;

/// Adds `dealloc` and its `record` to the table. Without a lock: two threads may add the same
/// thunks, and then write the same values.
void remember(destructor dealloc, const TypeRecord* record) noexcept;

/// The record of `type` or of its nearest base that is an HPy type; nullptr: there is none. A few
/// instructions for an HPy type itself.
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

/// Whether a type is an HPy type without a legacy tp_traverse, so that its fields can be visited
/// here.
[[nodiscard]] bool is_transparent(const PyTypeObject* type) noexcept;

/// A type of HPyType_FromSpec with a legacy Py_tp_dealloc has no record; this adds the function to
/// a set. False: the set has 2,047 functions already, which is the limit.
[[nodiscard]] bool note_legacy_dealloc(destructor dealloc) noexcept;

/// Whether a type was made by HPyType_FromSpec, with a legacy tp_dealloc or without.
[[nodiscard]] bool is_from_spec(const PyTypeObject* type) noexcept;

} // namespace hpystate
