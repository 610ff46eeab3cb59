/// runtime/cpython/enter.h: how a thread of C code enters an interpreter, and leaves it.
///
/// PyGILState_Ensure knows the thread's own interpreter, and the main one where it has none. From
/// 3.15 on PEP 788 has a view of an interpreter, and a guard that keeps it from ending meanwhile.
#pragma once

#include <Python.h>

#include <atomic>

namespace hpystate {

/// One interpreter, seen by threads that are not attached to it. It outlives the interpreter.
///
/// Concurrency: the address is written by threads of the interpreter (open, end) and read by any.
/// release and acquire: who reads an address finds what was prepared for it.
class InterpreterView {
  public:
    /// Of the interpreter of the calling thread. False: an exception is set.
    [[nodiscard]] bool open() noexcept;

    /// The interpreter has begun to end: from now on nobody enters it.
    void end() noexcept { interpreter_.store(nullptr, std::memory_order_release); }

    /// nullptr: it has begun to end, or was never opened.
    [[nodiscard]] PyInterpreterState* interpreter() const noexcept {
        return interpreter_.load(std::memory_order_acquire);
    }

#if PY_VERSION_HEX >= 0x030F0000
    [[nodiscard]] PyInterpreterView* view() const noexcept {
        return view_;
    }
#endif

  private:
    std::atomic<PyInterpreterState*> interpreter_{nullptr};
#if PY_VERSION_HEX >= 0x030F0000
    PyInterpreterView* view_ = nullptr; ///< never closed
#endif
};

/// What enter() did, for leave().
struct Entered {
#if PY_VERSION_HEX >= 0x030F0000
    PyThreadStateToken* token = nullptr;
#else
    PyThreadState* made = nullptr;   ///< a new state; nullptr: the thread had one
    PyThreadState* before = nullptr; ///< that was attached before; nullptr: none
#endif
};

/// Attaches the calling thread, which may be attached to another interpreter or to none. False: the
/// interpreter has begun to end. Before 3.15 nothing keeps it from that between the question and
/// the answer: a race that PyGILState_Ensure of the main interpreter has too. Py_FatalError where
/// there is no memory for a thread state, as PyGILState_Ensure.
[[nodiscard]] bool enter(const InterpreterView& view, Entered& entered) noexcept;

/// Undoes the thread's last enter().
void leave(const Entered& entered) noexcept;

/// What CPython does with a thread that comes too late: it stops for good. To return would let it
/// touch objects that are gone.
[[noreturn]] void stop_thread() noexcept;

} // namespace hpystate
