/// runtime/loader/file_context.h: the context that a file's trampolines use; one runtime gives it.
///
/// HPy's headers put a pointer to a context beside each HPy_MODINIT of a file, for the trampolines
/// there, and every runtime that loads the file writes its own there. This one looks first, without
/// writing (runtime/loader/host.h), and writes only if no runtime of another kind is there:
///
///     nothing there           ours is written
///     a copy of this runtime  ours is written: the dispatcher of any copy serves the calls of all
///     another runtime         nothing is written; the request decides whether the file is shared
///
/// A file may have several modules, each with a pointer, and which pointer is whose cannot be seen.
/// So all of them are looked at, and another runtime's in one of them counts for the file.
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
/// A thread that needs a file that is being given waits (interp_state/turns.h). Where a wait is
/// refused there, the thread goes on at once with the file as it is: the one that gives the file;
/// one that the giver waits for, by way of other files and first values; and one in an interpreter
/// whose other threads are stopped for good.
///
/// Concurrency: this copy writes the pointer at most once per process and module of a file, by the
/// thread that gives it, while trampolines may be reading it: before and after is a dispatcher. If
/// another runtime loads the file between our look and our write, its pointer is lost to ours: the
/// two do not know of each other, so nothing can prevent it.
///
/// Files of HPy 0.0.4: HPyInit_<name> writes the context that it is called with, at each import,
/// and there is no way to call it without that. So such a file is not shared with another runtime.
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

/// To be called before HPyInit_<name> of a file of HPy 0.0.4. Writes nothing. Throws LoadError
/// (other-runtime) if another runtime has the file, whatever the policy, and std::bad_alloc.
void check_unshared(const InspectedFile& file);

} // namespace hpystate
