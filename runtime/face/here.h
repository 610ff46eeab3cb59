/// runtime/face/here.h: the calling interpreter's region, for code that has no context.
///
/// Concurrency: the words of hpystate_fast are atomic. `thread` and `capsule_pointer` are written
/// by each interpreter that enters, always the same values, before a file gets the struct's
/// address. A word of `seen` may be replaced at any time by another region's, which is the price of
/// a table without keys: readers compare Window::open_for(). Regions are never unmapped.
#pragma once

#include <Python.h>

#include "interp_state/region.h"

#include <hpystate/global.h>

namespace hpystate::face {

/// What inline code reads; the same for every interpreter of the process.
extern hpystate_fast fast;

/// Makes `fast` complete. False: an exception is set.
[[nodiscard]] bool complete_fast() noexcept;

/// The region of the calling interpreter, ready for use: its lifetime is prepared. nullptr: an
/// exception is set. Written twice: enter.cpp for the runtime, runtime/embed/ for extensions that
/// have the library in them.
[[nodiscard]] Region* enter_interpreter() noexcept;

/// The region of the calling interpreter, open or dying, which inline code then finds at once if it
/// is open. nullptr with a SystemError: there is none, since hpystate_import() was not called.
/// Ends the process where the thread is not attached. `function` is for messages.
[[nodiscard, gnu::cold]] Region* here(const char* function) noexcept;

} // namespace hpystate::face
