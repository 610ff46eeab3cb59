/// runtime/types/instance.h: the usual way to make an instance of a type of HPy's.
#pragma once

#include <Python.h>

#include "interp_state/current.h"
#include "runtime/types/record.h"
#include "runtime/types/shape.h"

#include <atomic>
#include <cstring>

namespace hpystate::context {

/// The record of a type whose instances are made by CPython's own allocator, where that is plain at
/// first sight and nothing below the type has a say in it; otherwise nullptr. Making one runs no
/// Python code.
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

/// Clears `bytes` of an instance, a multiple of a word. They are few, and a loop is faster then:
/// memset is a call, or `rep stos`, which takes longer to begin than this to end.
[[gnu::always_inline]] inline void clear_words(void* start, std::size_t bytes) noexcept {
    auto* at = static_cast<char*>(start);
    for (char* const end = at + bytes; at != end; at += sizeof(void*)) {
        constexpr void* kZero = nullptr;
        std::memcpy(at, &kZero, sizeof(void*));
        __asm__("" : "+r"(at)); // the compiler would make a memset of it
    }
}

/// A new instance of such a type, and its struct, all zero. nullptr: MemoryError is set.
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
