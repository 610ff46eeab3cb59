/// runtime/loader/file_context.h: the context that a file's trampolines use; one runtime gives it.
///
/// HPy's headers put one pointer to a context into each file, for the trampolines in it, and every
/// runtime that loads the file writes its own there. This one looks first, without writing
/// (runtime/loader/host.h), and writes only if no runtime was there:
///
///     nothing there           ours is written
///     a copy of this runtime  nothing is written: its dispatcher serves the calls of all copies
///     another runtime         nothing is written; the request decides whether the file is shared
///
/// Another runtime that comes later writes its context over ours. That is noticed when a module is
/// made of the file the next time.
///
/// From a file that another runtime has, CPython is given no trampolines
/// (runtime/elf/foreign_files.h): they would call that runtime.
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
/// Concurrency: this copy writes the pointer at most once per process and file, by the thread that
/// gives it. Two copies that load a file at the same moment may both write; either dispatcher
/// serves both. If another runtime loads the file between our look and our write, its pointer is
/// lost to ours: the two do not know of each other, so nothing can prevent it.
#pragma once

#include "runtime/loader/inspect.h"

#include <cstdint>

namespace hpystate {

/// What to do with a file that another HPy runtime works with too.
enum class Sharing : std::uint8_t {
    kDefault, ///< refuse it if that is HPy's own runtime, which crashes then; share it otherwise
    kShare,
    kRefuse,
};

/// Gives the dispatcher to the file's trampolines, unless that was done before or another runtime
/// has the file. Returns whether another one has it; that is reported once per file, by a
/// RuntimeWarning. The thread is attached; Python code may run. Throws LoadError (other-runtime)
/// and std::bad_alloc, then the file is as it was; and AlreadyRaised, where a signal's handler
/// raised during a wait, or the warning is an error. An exception that the file's function set
/// stays set.
[[nodiscard]] bool give_dispatcher(const InspectedFile& file, Sharing sharing);

} // namespace hpystate
