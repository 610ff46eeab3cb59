/// runtime/loader/file_context.h: the context that a file's trampolines use; one runtime gives it.
///
/// HPy's headers put one pointer to a context into each file, for the trampolines in it. Every
/// runtime that loads the file writes its own context there. So a second runtime would take over
/// the functions of the first one's modules, and run them on objects, types and globals that it
/// does not know. A file that another runtime has loaded is therefore refused. Another copy of this
/// runtime does not count as another one: it keeps the same tokens in the slots.
///
/// The pointer is written by a function of the file, HPyInitGlobalContext_<name>. It may do
/// anything: import, let other threads run, load its own file again. So it is called with no lock
/// of ours held, and a file has three states:
///
///     new --a thread begins--> being given --done--> given
///      ^------- no memory --------'
///
/// A thread that needs a file that is being given waits, detached from its interpreter; signals
/// interrupt the wait. Three kinds of threads would wait forever, so they go on at once: the one
/// that gives the file; one that the giver waits for, by way of other files; and one in an
/// interpreter whose other threads are stopped for good. Two cases are not detected, and last until
/// a signal arrives: a giver that waits for an import lock of the waiter's, and a giver whose own
/// interpreter, another one, has ended under it.
///
/// Concurrency: the pointer is written once per process and file, by the thread that gives it.
/// Trampolines read it; CPython gets trampolines only when all thunks are used up. If the file
/// belongs to another runtime, that is found out by writing our context and then putting the old
/// one back. Meanwhile a module of the other runtime, on another thread in an interpreter with
/// another GIL, could use ours; upstream's runtime has no such interpreters.
#pragma once

#include "runtime/loader/inspect.h"

namespace hpystate {

/// Gives the dispatcher to the file's trampolines, unless that was done before. The thread is
/// attached; Python code may run. Throws LoadError (other-runtime) and std::bad_alloc, then the
/// file is as it was; and AlreadyRaised, where a signal's handler raised during a wait. An
/// exception that the file's function set stays set.
void give_dispatcher(const InspectedFile& file);

} // namespace hpystate
