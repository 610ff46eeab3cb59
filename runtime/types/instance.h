/// runtime/types/instance.h: makes an instance of a simple HPy type, on the fast path.
#pragma once

#include <Python.h>

#include "interp_state/current.h"
#include "runtime/calls/anchor.h"
#include "runtime/cpython/new_object.h"
#include "runtime/types/record.h"
#include "runtime/types/shape.h"

#include <cstring>

namespace hpystate::context {

/// The record of a type whose instances can be made by make_simple(), if the type has a mark;
/// otherwise nullptr. Making such an instance runs no Python code.
[[nodiscard]] inline const TypeRecord* record_of_simple(PyObject* type) noexcept {
    if (!PyType_Check(type)) [[unlikely]]
        return nullptr;
    auto* const cls = reinterpret_cast<PyTypeObject*>(type);
    if (!has_mark(cls, &kTypeMark)) [[unlikely]]
        return nullptr;
    return static_cast<const TypeRecord*>(words_of_marked(cls).context);
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

/// The same for what is behind an object's header. Most structs have one word or two.
[[gnu::always_inline]] inline void clear_struct(void* start, std::size_t bytes) noexcept {
    constexpr std::size_t kWord = sizeof(void*);
    if (bytes - kWord > kWord) [[unlikely]] // none, or more than two
        return clear_words(start, bytes);
    constexpr void* kZero = nullptr;
    std::memcpy(start, &kZero, kWord);
    std::memcpy(static_cast<char*>(start) + bytes - kWord, &kZero, kWord);
}

/// make_simple() where no memory is kept.
[[nodiscard, gnu::cold, gnu::noinline]] inline PyObject*
allocate_simple(PyObject* type, const TypeRecord& record, void** data) noexcept {
    PyObject* const made = PyType_GenericAlloc(reinterpret_cast<PyTypeObject*>(type), 0);
    *data = made != nullptr ? reinterpret_cast<char*>(made) + record.offset : nullptr;
    return made;
}

/// Returns a new instance of such a type, and sets `data` to its struct, all zero. nullptr:
/// MemoryError is set.
[[nodiscard]] inline PyObject* make_simple(HPyContext* ctx, PyObject* type,
                                           const TypeRecord& record, void** data) noexcept {
    PyObject* const memory = current_region(ctx)->spares.take_at(record.place);
    if (memory == nullptr) [[unlikely]]
        return allocate_simple(type, record, data);
    *data = reinterpret_cast<char*>(memory) + record.offset;
    clear_struct(memory + 1, record.size - sizeof(PyObject));
    begin_object(memory, reinterpret_cast<PyTypeObject*>(type));
    // Before the rest, so that nothing but the memory's address is kept across a call.
    if (record.collected != 0) PyObject_GC_Track(memory);
    return complete_object(memory);
}

} // namespace hpystate::context
