/// runtime/layers/debug/handle.h: the records behind the handles of debug mode.
///
/// A debug handle is the address of a record with bit 0 set; a plain handle, an object's address,
/// is even. The record holds the interpreter that it belongs to, whether it is open, and when and
/// where it was made. Records are never freed while their interpreter lives, so a closed handle can
/// be recognised. The oldest closed ones are reused.
///
///     new --> open --close--> closed queue --(full: the oldest)--> open or spare
///     new --> borrowed from a global --store to the global--> closed queue --> ...
#pragma once

#include <Python.h>

#include "runtime/layers/debug/crash.h"

#include <hpy/handle.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace hpystate::layers {

struct DebugState;

/// A copy of characters that the extension was given, on pages of its own: writing to it crashes,
/// and so does reading it once the handle was closed. crash.h explains such a crash.
struct RawCopy {
    char* data = nullptr;
    std::size_t size = 0; ///< bytes of the copy; its pages hold more
    WatchPlace watched = kNowhere;

    /// A read-only copy of `size` bytes; data is nullptr where there is no memory.
    [[nodiscard]] static RawCopy make(const char* from, std::size_t size) noexcept;
    void forbid() noexcept;  ///< from now on reading crashes
    void release() noexcept; ///< unmaps the pages
};

struct DebugHandle {
    enum class Life : std::uint8_t { kSpare, kOpen, kClosed, kConstant, kBorrowed };

    static constexpr std::uint32_t kMagic = 0x48507944;

    std::uint32_t magic = kMagic;
    Life life = Life::kSpare;
    DebugState* state = nullptr;      ///< of the interpreter that it belongs to
    PyObject* object = nullptr;       ///< owned if open or lent; borrowed for a constant
    PyObject* retained = nullptr;     ///< of a closed handle while a hook watches: owned, or null
    std::int64_t generation = 0;      ///< when it was opened
    std::uintptr_t borrowed_from = 0; ///< token of the global that lent it; 0: none
    RawCopy raw;                      ///< what its characters were copied to
    std::vector<void*> made_at;       ///< return addresses; empty unless asked for
    DebugHandle* previous = nullptr;  ///< in the queue that it is in
    DebugHandle* next = nullptr;

    [[nodiscard]] HPy handle() noexcept {
        return HPy{static_cast<std::intptr_t>(reinterpret_cast<std::uintptr_t>(this) | 1U)};
    }

    /// The record of a word with bit 0 set; nullptr for one without.
    [[nodiscard]] static DebugHandle* of(HPy handle) noexcept {
        const auto word = static_cast<std::uintptr_t>(handle._i);
        return (word & 1U) != 0 ? reinterpret_cast<DebugHandle*>(word & ~std::uintptr_t{1})
                                : nullptr;
    }
};

/// A line for each of the return addresses, each behind a newline. Throws std::bad_alloc.
[[nodiscard]] std::string lines_of(const std::vector<void*>& frames);

/// First in, first out; a record can leave from the middle.
class HandleQueue {
  public:
    void append(DebugHandle& handle) noexcept;
    void remove(DebugHandle& handle) noexcept;
    [[nodiscard]] DebugHandle* pop_front() noexcept; ///< nullptr: it is empty
    [[nodiscard]] DebugHandle* front() const noexcept { return front_; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

  private:
    DebugHandle* front_ = nullptr;
    DebugHandle* back_ = nullptr;
    std::size_t size_ = 0;
};

} // namespace hpystate::layers
