/// runtime/loader/file_context.h: the context that a file's trampolines use; one runtime gives it.
///
/// HPy's headers put one pointer to a context into each file, for the trampolines in it. Every
/// runtime that loads the file writes its own, so the second one would take the functions of the
/// first one's modules over: they would run on objects, types and globals that it does not know.
/// So a file that another runtime has loaded is refused. Another copy of this runtime is none: it
/// keeps the same tokens in the slots.
///
/// The pointer is written by a function of the file, HPyInitGlobalContext_<name>. It may do
/// anything: import, let other threads run, load its own file again. So it is called with no lock
/// of ours held, and a file has three states:
///
///     new --a thread begins--> being given --done--> given
///      ^------- no memory --------'
///
/// Who needs a file that is being given waits, detached from its interpreter, and hears signals.
/// Three do not wait, since it would never end, and go on at once: the thread that gives it; one
/// that the giver waits for, by way of other files; and one in an interpreter whose other threads
/// are stopped for good. Two cases are not seen, and waited for until a signal comes: a giver that
/// waits for an import lock of the waiter's, and a giver in another interpreter that has ended
/// under it.
///
/// Concurrency: the pointer is written once per process and file, by the thread that gives it. It
/// is read by trampolines, which CPython is only given where all thunks are used up. Where it is
/// another runtime's, it holds ours for a moment, which is how it is found: a module of the other
/// runtime that runs on another thread, in an interpreter with another GIL, could meet it there;
/// upstream's runtime has none.
#pragma once

#include "runtime/loader/inspect.h"

namespace hpystate {

/// Hands the dispatcher to the file's trampolines, unless that was done. The thread is attached;
/// Python code may run. Throws LoadError (other-runtime) and std::bad_alloc, then the file is as it
/// was; and AlreadyRaised, where a signal's handler raised during a wait. An exception that the
/// file's function set stays set.
void give_dispatcher(const InspectedFile& file);

} // namespace hpystate
