/// runtime/versions/v0_9/dispatcher.h: a context for the whole process, for code that does not know
/// its caller's interpreter.
///
/// An extension's file has one static pointer to a context, for its trampolines. It is set to this
/// context, which belongs to no interpreter: each of its functions finds the context of the calling
/// thread's interpreter and calls that one's function. A file's trampolines are used only if a pool
/// of thunks is used up.
///
/// Other copies of this runtime may share the file (globals/copies.h), and one static serves all.
/// So the dispatcher of any copy serves the calls of every copy:
///
///  1. A copy counts if the thread is attached to an interpreter of its Python. Usually it is one.
///  2. Where the thread is attached to two Pythons, the first operand decides: the type of its
///  type,
///     and so on, ends in the object `type` of its Python.
///  3. Of two copies in one Python that one is called whose module or type is an operand.
///
/// What is left is refused: with a SystemError in one Python, with a message and an abort where it
/// is not known which Python called.
#pragma once

#include "globals/copies.h"

#include <hpy/context.h>

namespace hpystate::context {

/// The context is constant, so any number of files can share it, on any thread. Its handles are
/// null.
[[nodiscard]] HPyContext* dispatcher() noexcept;

/// Tells the other copies of this runtime about this one; before its dispatcher is in a file. Any
/// number of calls, of which the first one counts. Throws std::bad_alloc.
void join_other_copies(OldCall old_call, OtherCall other_call);

} // namespace hpystate::context
