/// interp_state/spares.h: memory of freed instances, kept for the next ones of the same size.
///
/// CPython keeps such lists for its own types: a short-lived instance then skips the allocator, and
/// is not counted by the collector again. These lists are for simple types of HPy's, so that what
/// an extension makes and drops at once (the terms of an expression) costs what a tuple costs.
///
///     kept:  [ gc head: 0, 0 ][ reference count: - ][ type: the next one ][ struct: - ]
///            only for types that the collector tracks
///
/// Invariants
///   P1  Kept memory is not an object: the collector does not track it, nothing refers to it, and
///       its reference to its type was released. So types die as if there were no lists.
///   P2  A list holds memory of one size, kBytes at most, all of this interpreter's allocator.
///   P3  Outside open() ... close() nothing is kept: not before, nor while the interpreter ends.
///
/// Nothing is kept either if CPython's collector uses another head than we expect: gc_head.h.
///
/// Used only by threads attached to the interpreter, with its GIL. Builds without a GIL, debug
/// builds, those with sanitizers, and processes that ask for a debugging allocator keep nothing:
/// memory that is reused at once hides the errors that they look for.
#pragma once

#include <Python.h>

#include "globals/check.h"
#include "globals/gil.h"
#include "runtime/cpython/gc_head.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace hpystate {

class Spares {
  public:
    static constexpr std::size_t kUnit = sizeof(void*);
    static constexpr std::size_t kLargest = 512; ///< bytes of an instance, with its header
    static constexpr std::size_t kBytes = 4096;  ///< that a list may keep

    /// The list for instances of a type of that tp_basicsize; 0: there is none.
    [[nodiscard]] static constexpr unsigned list_for(std::size_t basicsize,
                                                     bool collected) noexcept {
        const bool fits = basicsize <= kLargest && basicsize % kUnit == 0;
        const std::size_t list = basicsize / kUnit + (collected ? kSizes : 0);
        return fits ? static_cast<unsigned>(list) : 0;
    }

    [[nodiscard]] static constexpr bool is_collected(std::size_t list) noexcept {
        return list >= kSizes;
    }

    /// The tp_basicsize of a list's instances.
    [[nodiscard]] static constexpr std::size_t size_of(std::size_t list) noexcept {
        return (is_collected(list) ? list - kSizes : list) * kUnit;
    }

    /// From now on memory is kept, unless this build or process keeps none (see above). The thread
    /// is attached. False: an exception is set.
    [[nodiscard]] bool open() noexcept;

    /// Where a list is: bytes from the first one. What a record of a type keeps, so that no index
    /// is multiplied.
    [[nodiscard]] static constexpr std::size_t place_of(unsigned list) noexcept {
        return list * sizeof(List);
    }

    /// Memory for an instance; nullptr: the list is empty. The collector's head is zero; reference
    /// count, type and struct hold what the last instance left.
    [[nodiscard]] PyObject* take(unsigned list) noexcept { return take_at(place_of(list)); }
    [[nodiscard]] PyObject* take_at(std::size_t place) noexcept {
        if constexpr (kNoGil) return nullptr; // one list for all threads
        List& from = list_at(place);
        PyObject* const memory = from.first;
        if (memory == nullptr) return nullptr;
        HPYSTATE_CHECK(open_); // P3
        from.first = reinterpret_cast<PyObject*>(Py_TYPE(memory));
        ++from.room;
        return memory;
    }

    /// Keeps the memory of an untracked instance; the caller releases its reference to the type
    /// next. False: the memory was not kept, free it.
    [[nodiscard]] bool keep(PyObject* memory, unsigned list) noexcept {
        return is_collected(list) ? keep_at<true>(memory, place_of(list))
                                  : keep_at<false>(memory, place_of(list));
    }
    template <bool Collected>
    [[nodiscard]] bool keep_at(PyObject* memory, std::size_t place) noexcept {
        if constexpr (kNoGil) return false;
        List& to = list_at(place);
        if (--to.room < 0) [[unlikely]] {
            to.room = 0;
            return false;
        }
        HPYSTATE_CHECK(open_); // P3
        if (Collected) clear_gc_flags(memory);
        HPYSTATE_CHECK(!Collected || has_empty_gc_head(memory)); // P1: untracked
        Py_SET_TYPE(memory, reinterpret_cast<PyTypeObject*>(to.first));
        to.first = memory;
        return true;
    }

    /// Frees all that is kept, and keeps nothing from now on. Runs no Python code.
    void close() noexcept;

    /// P1 to P3, as far as they can be seen at one moment.
    [[nodiscard]] bool is_valid() const noexcept;

  private:
    struct List {
        PyObject* first;
        std::ptrdiff_t room; ///< how many more may be kept
    };
    [[nodiscard]] List& list_at(std::size_t place) noexcept {
        return *reinterpret_cast<List*>(reinterpret_cast<char*>(lists_.data()) + place);
    }
    static constexpr std::size_t kSizes = kLargest / kUnit + 1;

    std::array<List, 2 * kSizes> lists_; ///< all zero: closed. Those for size 0 are never used
    bool open_;
};

} // namespace hpystate
