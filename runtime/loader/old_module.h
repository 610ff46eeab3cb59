/// runtime/loader/old_module.h: a module of HPy 0.0.4, whose file creates it.
///
///     create_old() --> HPyInit_<mod>(context of 0.0.4)
///                          HPyModule_Create(context, definition)     any number of times
///                          HPy_SetAttr_s, HPyType_FromSpec, ...
///                  <-- the module
///
/// The definition is known only inside of HPyInit_<mod>. So who wants the module, and by which
/// rules, is noted in a Maker on the stack of create_old(). HPyModule_Create finds it by the
/// thread, the file that has the definition, and the interpreter of the context: another import may
/// run at the same time, on this thread too. Without one, as in a function that makes a module
/// later, the module has its definition's name and the mode of its context.
///
/// Each import runs HPyInit_<mod>, which writes the context into the file's static, for its
/// trampolines. The last one stays there, that of another copy of this runtime too, but what a
/// trampoline calls does not depend on it (runtime/versions/v0_0_4/trampolines.cpp). If another
/// runtime has the file, it is refused before anything is written (file_context.h).
#pragma once

#include <Python.h>

#include "runtime/calls/layer.h"
#include "runtime/loader/inspect.h"
#include "runtime/loader/module_request.h"

#include <optional>

namespace hpystate {

/// Calls the file's HPyInit_<mod> in the calling thread's interpreter, and returns what it returns,
/// a new reference. `mode` is as in Decision; `where` is in which interpreters the module may be
/// made, or nothing. nullptr with an exception set: no memory, or the interpreter is ending. Throws
/// LoadError (other-runtime, init-null, and what create_module() throws), AlreadyRaised,
/// std::bad_alloc.
[[nodiscard]] PyObject* create_old(const InspectedFile& file, const Layer* mode,
                                   std::optional<Interpreters> where);

} // namespace hpystate
