/// runtime/cpython/thread_exit.cpp: a thread that CPython ends inside an extension.
///
/// A daemon thread that wants to run Python code while the interpreter ends is ended by CPython:
/// 3.12 and 3.13 call pthread_exit, which unwinds the C stack up to the thread's first frame.
/// Unwinding through our noexcept functions would call std::terminate, and abort a process that was
/// about to end well. Unwinding through our other frames would run destructors that release
/// references while the thread is detached. And the extension's own frames would be unwound too.
///
/// 3.14 lets such a thread hang (gh-87135), and so do we: the first C++ frame of ours stops it for
/// good. All frames that take part in unwinding name one function, the personality routine of C++.
/// The linker replaces it by the one below (--wrap in CMakeLists.txt), which costs nothing until
/// something is thrown.
#include "runtime/cpython/interpreter_end.h"

#include <unistd.h>
#include <unwind.h>

// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the linker's names
extern "C" {

_Unwind_Reason_Code __real___gxx_personality_v0(int version, _Unwind_Action actions,
                                                _Unwind_Exception_Class exception_class,
                                                _Unwind_Exception* exception,
                                                _Unwind_Context* context);

_Unwind_Reason_Code __wrap___gxx_personality_v0(int version, _Unwind_Action actions,
                                                _Unwind_Exception_Class exception_class,
                                                _Unwind_Exception* exception,
                                                _Unwind_Context* context) {
    const bool is_exit = (static_cast<unsigned>(actions) & _UA_FORCE_UNWIND) != 0;
    while (is_exit && hpystate::is_finalizing())
        pause();
    return __real___gxx_personality_v0(version, actions, exception_class, exception, context);
}
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
