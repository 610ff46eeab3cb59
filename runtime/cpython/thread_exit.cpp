/// runtime/cpython/thread_exit.cpp: a thread that CPython ends inside an extension.
///
/// A daemon thread that wants to run Python code while the interpreter ends is ended by CPython:
/// 3.12 and 3.13 call pthread_exit, which unwinds the C stack up to the thread's first frame. On
/// its way it would come through functions of ours, which must not throw: std::terminate, and the
/// process that was about to end well aborts. Through those that may, it would release references
/// that the thread, which is detached, must not touch; and then through the extension's frames.
///
/// 3.14 lets such a thread hang (gh-87135), and so do we: the first frame of ours that has anything
/// to say about unwinding stops it for good. Every such frame names one function, the personality
/// routine of C++; the linker puts this one in its place (--wrap in CMakeLists.txt), which costs
/// nothing until something is thrown.
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
