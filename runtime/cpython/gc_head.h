/// runtime/cpython/gc_head.h: the two words that the collector keeps in front of an object.
///
///     [ next ][ previous, flags ][ the object ... ]
///
/// CPython does not promise this layout. Memory that is kept for the next instance
/// (interp_state/spares.h) is reused with both words zero, as PyObject_GC_New leaves them.
#pragma once

#include <Python.h>

#include <cstdint>

namespace hpystate {

/// Clears the flags that are left in the head of an untracked object.
inline void clear_gc_flags(PyObject* untracked) noexcept {
    reinterpret_cast<std::uintptr_t*>(untracked)[-1] = 0;
}

/// Whether both words are zero; the object may have no type any more.
[[nodiscard]] inline bool has_empty_gc_head(const PyObject* memory) noexcept {
    const auto* const words = reinterpret_cast<const std::uintptr_t*>(memory);
    return words[-1] == 0 && words[-2] == 0;
}

/// Whether the two words of a tracked object, and of the same untracked, are as expected.
[[nodiscard]] constexpr bool is_gc_head(const std::uintptr_t (&tracked)[2],
                                        const std::uintptr_t (&untracked)[2]) noexcept {
    return tracked[0] != 0 && tracked[1] != 0 && untracked[0] == 0 && untracked[1] == 0;
}

enum class GcHead : std::uint8_t { kExpected, kOther, kUnknown };

/// Reads the head of a list. kOther: the head is not the expected one; then no memory is kept, and
/// instances go back to CPython's allocator. kUnknown: an exception is set, there was no memory for
/// the list.
[[nodiscard]] GcHead check_gc_head() noexcept;

} // namespace hpystate
