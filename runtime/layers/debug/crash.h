/// runtime/layers/debug/crash.h: explains a crash that debug mode causes.
///
/// The characters that debug mode returns are on pages of their own. Writing to them, or using them
/// after their handle was closed, causes a SIGSEGV, which alone would not tell what went wrong. So
/// a table holds these pages, and a handler of SIGSEGV prints whose they are, where the handle was
/// made, and the C stack. Then the handler that was there before runs, for instance faulthandler's,
/// or the process ends as it would have.
///
/// set_explain_crashes(False) turns this off; the drop-in's load() does that. The handler is
/// installed when the first characters are returned. A handler that is installed later runs first,
/// and faulthandler's does not pass the address on: enable it before.
///
/// Concurrency: a thread that is attached to any interpreter claims an entry by an exchange of its
/// `start`. Its interpreter then owns the entry, and writes it before it writes the address to
/// `start` (release). The handler reads `start` (acquire), then the rest. It takes no lock,
/// allocates nothing, and calls only what a signal handler may call: what it needs is in the entry
/// and in the record of the handle, which is never freed. Other threads go on during the crash, and
/// one may reuse the entry meanwhile: the message could then mix two handles.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hpystate::layers {

/// The size of the pages that hold so many bytes.
[[nodiscard]] std::size_t pages_for(std::size_t size) noexcept;

/// What the table keeps of pages with characters.
struct Watched {
    const void* start;                 ///< of a page
    std::size_t size;                  ///< of the characters
    const void* handle;                ///< its address is what the message names; never read
    std::int64_t generation;           ///< of the handle
    std::int64_t interpreter;          ///< PyInterpreterState_GetID of its interpreter
    const std::vector<void*>* made_at; ///< return addresses, in a record that is never freed
    const char* function;              ///< that returned them; a constant
    const char* type_name;             ///< of the object; the first characters are copied
};

/// A place in the table; kNowhere: it is full, and a crash will not be explained.
using WatchPlace = std::int32_t;
inline constexpr WatchPlace kNowhere = -1;

[[nodiscard]] WatchPlace watch_pages(const Watched& pages) noexcept;
/// From now on they are those of a closed handle.
void note_closed(WatchPlace place) noexcept;
/// Before the pages are given back.
void forget_pages(WatchPlace place) noexcept;

/// Writes the calling thread's C stack to stderr, past its buffer.
void print_c_stack() noexcept;

} // namespace hpystate::layers
