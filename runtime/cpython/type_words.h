/// runtime/cpython/type_words.h: two words of a type that CPython does not need once it is made.
///
///     tp_methods   read when the type is made; not inherited, not released. PyType_GetSlot returns
///                  it: the mark is a list of no methods
///     tp_cache     never read; not inherited; visited by the collector, which does not clear it;
///                  released with the type
///
/// A type of ours has a mark in the first and owns a capsule in the second, so the two words that
/// the capsule holds are three loads and one comparison away: whether the type is static, and
/// whether it has a module, need not be known. CPython promises neither. A type whose words are
/// used otherwise gets no mark, and the words are found in other ways (runtime/calls/anchor.h,
/// types/record.h).
///
/// Concurrency: written once, by the thread that made the type, before it hands it out. Without the
/// GIL other threads may find the type before, in the list of its base's subclasses: they see the
/// mark after the capsule, or no mark.
#pragma once

#include <Python.h>

#include "globals/gil.h"
#include "runtime/cpython/ref.h"

#include <atomic>

namespace hpystate {

[[nodiscard]] inline bool has_mark(PyTypeObject* type, const PyMethodDef* mark) noexcept {
    if constexpr (kNoGil) {
        return std::atomic_ref(type->tp_methods).load(std::memory_order_acquire) == mark;
    }
    return type->tp_methods == mark;
}

/// How a capsule begins.
struct CapsuleLayout {
    PyObject head;
    void* pointer;
    const char* name;
    void* context;
};

/// A capsule as it is in memory.
[[nodiscard]] inline const CapsuleLayout& inside(PyObject* capsule) noexcept {
    return *reinterpret_cast<const CapsuleLayout*>(capsule);
}

/// The capsule of a type with a mark.
[[nodiscard]] inline const CapsuleLayout& words_of_marked(PyTypeObject* type) noexcept {
    return inside(type->tp_cache);
}

/// Marks a new type, which then owns `capsule`; `pointer` and `context` are what that holds. Does
/// nothing if the type's word is in use, or a capsule has another layout than expected.
inline void mark_type(PyTypeObject* type, const PyMethodDef* mark, Ref capsule, const void* pointer,
                      const void* context) noexcept {
    const CapsuleLayout& found = inside(capsule.get());
    if (type->tp_cache != nullptr || found.pointer != pointer || found.context != context) return;
    type->tp_cache = capsule.release();
    std::atomic_ref(type->tp_methods)
        .store(const_cast<PyMethodDef*>(mark), std::memory_order_release);
}

} // namespace hpystate
