/// runtime/images/owner.h: the interpreter that images belong to, and what is kept for it.
#pragma once

#include <Python.h>

#include "runtime/cpython/enter.h"
#include "runtime/images/image.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace hpystate::images {

/// One per interpreter that has images; it stays when the interpreter has ended, since code of its
/// images may run in threads that are left.
///
/// Concurrency: any thread reads `view`, which tells how. All else is guarded by the interpreter's
/// GIL.
struct Owner {
    InterpreterView view;
    std::int64_t interpreter_id = 0;
    const std::byte* entries = nullptr; ///< machine code (entries.h); nullptr: not made yet
    std::vector<std::unique_ptr<Image>> images;
    std::vector<std::string>
        being_made; ///< paths: of libraries that need each other there is no end
};

/// The owner for the interpreter of the calling thread; made at the first call. Throws
/// std::bad_alloc; nullptr with an exception set: the exit callback could not be registered.
[[nodiscard]] Owner* owner_here();

/// The same if there is one; nullptr otherwise.
[[nodiscard]] Owner* owner_here_or_null() noexcept;

/// How many owners there are, of interpreters that are alive and that have ended.
[[nodiscard]] std::size_t owner_count() noexcept;

} // namespace hpystate::images
