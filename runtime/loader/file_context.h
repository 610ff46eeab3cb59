/// runtime/loader/file_context.h: the context that a file's trampolines use; one runtime gives it.
///
/// HPy's headers put one pointer to a context into each file, for the trampolines in it. Every
/// runtime that loads the file writes its own, so the second one would take the functions of the
/// first one's modules over: they would run on objects, types and globals that it does not know.
/// So a file that another runtime has loaded is refused. Another copy of this runtime is none: it
/// keeps the same tokens in the slots.
///
/// Concurrency: the pointer is written once per process and file, under the interner's lock, by
/// the thread that loads it first. It is read by trampolines, which CPython is only given where all
/// thunks are used up. Where it is another runtime's, it holds ours for a moment, which is how it
/// is found: a module of the other runtime that runs on another thread, in an interpreter with
/// another GIL, could meet it there; upstream's runtime has none.
#pragma once

#include "runtime/loader/inspect.h"

namespace hpystate {

/// Hands the dispatcher to the file's trampolines, unless that was done. Throws LoadError
/// (other-runtime), and std::bad_alloc; then the file is as it was.
void give_dispatcher(const InspectedFile& file);

} // namespace hpystate
