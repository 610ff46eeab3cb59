/// runtime/elf/foreign_files.h: the files whose trampolines call another HPy runtime.
///
/// A trampoline uses the one context that its file has. CPython must not be given one of a file
/// that another runtime has, and a slot there may be written by that runtime. A file is never taken
/// out: it keeps the other one's context.
#pragma once

#include <cstdint>

namespace hpystate {

/// Adds the file that contains `address`. Throws std::bad_alloc.
void add_foreign_file(const void* address);

/// Whether the file that contains `address` was added. Any thread; takes one lock, which is a leaf.
[[nodiscard]] bool is_in_foreign_file(const void* address) noexcept;

} // namespace hpystate
