/// runtime/layers/debug/report.cpp: reports a misuse to a hook, or prints it and aborts.
#include "interp_state/current.h"
#include "runtime/calls/handle.h"
#include "runtime/layers/debug/crash.h"
#include "runtime/layers/debug/state.h"

#include <cstdio>

namespace hpystate::layers {

void DebugState::deliver(Misuse misuse, const char* text, const char* upstream) noexcept {
    PyObject* const plain = misuse == Misuse::kHandle    ? on_invalid_handle
                            : misuse == Misuse::kBuilder ? on_invalid_builder
                                                         : nullptr;
    PyObject* const chosen = plain != nullptr ? plain : on_misuse;
    if (chosen == nullptr || ended || current_interpreter() == nullptr) {
        static_cast<void>(std::fprintf(stderr, "hpystate, debug mode: %s\n", text));
        static_cast<void>(std::fflush(stderr));
        print_c_stack();
        Py_FatalError(upstream != nullptr ? upstream : "Misuse of HPy was found in debug mode");
    }
    PyObject* const raised = PyErr_GetRaisedException();
    const Ref hook(Ref::borrow(chosen)); // it may remove itself
    const Ref result(plain != nullptr
                         ? PyObject_CallNoArgs(hook.get())
                         : PyObject_CallFunction(hook.get(), "ss", name_of(misuse), text));
    if (!result) PyErr_WriteUnraisable(hook.get());
    PyErr_SetRaisedException(raised);
}

} // namespace hpystate::layers
