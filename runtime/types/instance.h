/// runtime/types/instance.h: makes an instance of a simple HPy type, on the fast path.
#pragma once

#include <Python.h>

#include "interp_state/current.h"
#include "runtime/types/record.h"
#include "runtime/types/shape.h"

#include <atomic>
#include <cstring>

namespace hpystate::context {

/// The record of a type whose instances can be made by make_simple(), if the record is in its first
/// entry of the table; otherwise nullptr. Making such an instance runs no Python code.
[[nodiscard]] inline const TypeRecord* record_of_simple(PyObject* type) noexcept {
    if (!PyType_Check(type)) [[unlikely]]
        return nullptr;
    const destructor dealloc = reinterpret_cast<PyTypeObject*>(type)->tp_dealloc;
    const TypeEntry& entry = type_entries[first_type_entry(dealloc)];
    // acquire: pairs with the release in remember().
    if (entry.dealloc.load(std::memory_order_acquire) != dealloc) [[unlikely]]
        return nullptr;
    const TypeRecord* const record = entry.record.load(std::memory_order_relaxed);
    return record->simple != 0 ? record : nullptr;
}

/// Clears `bytes` of an instance, a multiple of a word. For so few bytes a loop is faster than
/// memset, which is a call, or `rep stos`, whose start alone takes longer.
[[gnu::always_inline]] inline void clear_words(void* start, std::size_t bytes) noexcept {
    auto* at = static_cast<char*>(start);
    for (char* const end = at + bytes; at != end; at += sizeof(void*)) {
        constexpr void* kZero = nullptr;
        std::memcpy(at, &kZero, sizeof(void*));
        __asm__("" : "+r"(at)); // otherwise the compiler replaces the loop by memset
    }
}

/// Returns a new instance of such a type, and sets `data` to its struct, all zero. nullptr:
/// MemoryError is set.
[[nodiscard]] inline PyObject* make_simple(HPyContext* ctx, PyObject* type,
                                           const TypeRecord& record, void** data) noexcept {
    auto* const cls = reinterpret_cast<PyTypeObject*>(type);
    const auto list = static_cast<unsigned>(record.spares);
    PyObject* const memory = current_region(ctx)->spares.take(list);
    if (memory == nullptr) {
        PyObject* const made = PyType_GenericAlloc(cls, 0);
        *data = made != nullptr ? reinterpret_cast<char*>(made) + record.offset : nullptr;
        return made;
    }
    PyObject_Init(memory, cls);
    *data = reinterpret_cast<char*>(memory) + record.offset;
    clear_words(memory + 1, Spares::size_of(list) - sizeof(PyObject));
    if (Spares::is_collected(list)) PyObject_GC_Track(memory);
    return memory;
}

} // namespace hpystate::context
