/// runtime/layers/debug/crash.h: says what was wrong where debug mode ends the process, or the
/// kernel does.
///
/// The characters that debug mode hands out lie on pages of their own: written to, or used after
/// their handle was closed, they are a SIGSEGV, of which nobody could tell what it was. So these
/// pages are kept in a table, and a handler of SIGSEGV says whose they are, where the handle was
/// made, and the C stack. Then the handler that was there before goes on, faulthandler's for
/// instance, or the process ends as it would have.
///
/// Nothing is said where set_explain_crashes(False) asked for that, as the drop-in's load() does.
/// The handler is installed when the first characters are handed out. Another one that is installed
/// later is asked first, and faulthandler's does not hand the address on: enable it before.
///
/// Concurrency: an entry is claimed by an exchange of its `start`, by a thread attached to any
/// interpreter; then it is its interpreter's, which writes it before `start` says the address
/// (release). The handler reads `start` (acquire), then the rest. It takes no lock, allocates
/// nothing, and calls what may be called there: what it needs is in the entry and in the record of
/// the handle, which is never freed. An interpreter that goes on in another thread, without the
/// crash having stopped it, may give an entry away meanwhile: the message could mix two handles.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hpystate::layers {

/// The bytes of the pages that hold so many.
[[nodiscard]] std::size_t pages_for(std::size_t size) noexcept;

/// What the table keeps of pages with characters.
struct Watched {
    const void* start;                 ///< of a page
    std::size_t size;                  ///< of the characters
    const void* handle;                ///< its address is what the message names; never read
    std::int64_t generation;           ///< of the handle
    std::int64_t interpreter;          ///< PyInterpreterState_GetID of its interpreter
    const std::vector<void*>* made_at; ///< return addresses, in a record that is never freed
    const char* function;              ///< that handed them out; a constant
    const char* type_name;             ///< of the object; the first characters are copied
};

/// A place in the table; kNowhere where it is full, and a crash will not be explained.
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
