/// context/module_state.h: what CPython keeps for a module that we made.
#pragma once

#include <hpy/context.h>

namespace hpystate {

/// The state of a module object; zero until its first exec slot, ours, has run.
struct ModuleState {
    /// The context that the module's functions are called with. It says which interpreter and, once
    /// there are layers, which of them: the mode belongs to the module object, not to the file.
    HPyContext* context;
};

} // namespace hpystate
