/// runtime/cpython/enter.h: how a thread of C code enters an interpreter, and leaves it.
///
/// PyGILState_Ensure knows the thread's own interpreter, and the main one where it has none. From
/// 3.15 on PEP 788 has a view of an interpreter, and a guard that keeps it from ending meanwhile.
/// Before, a count of the threads that are inside does what the guard does.
#pragma once

#include <Python.h>

#include <atomic>
#include <cstdint>

namespace hpystate {

/// What enter() did, for leave().
struct Entered {
#if PY_VERSION_HEX >= 0x030F0000
    PyThreadStateToken* token;
#else
    PyThreadState* made;   ///< a new state; nullptr: the thread had one
    PyThreadState* before; ///< that was attached before; nullptr: none
#endif
};

/// One interpreter, seen by threads that are not attached to it. It outlives the interpreter.
///
/// Concurrency: open() writes `interpreter_` and `id_` before others see this; nobody writes them
/// again. `state_` is the number of threads inside, and a bit that is set once. enter() adds itself
/// and then looks for the bit; close() sets the bit and then waits for the number: one of both
/// finds the other. acquire and release: who finds that a thread has left finds what it did.
class InterpreterView {
  public:
    /// Of the interpreter of the calling thread. False: an exception is set.
    [[nodiscard]] bool open() noexcept;

    /// Whether the calling thread is attached to that interpreter; true also while it ends. The
    /// address of an interpreter that has ended may be another's, its number is not.
    [[nodiscard]] bool is_attached_here() const noexcept;

    /// Attaches the calling thread, which may be attached to another interpreter or to none. False:
    /// the interpreter has begun to end, and nothing was done. Py_FatalError where there is no
    /// memory for a thread state, as PyGILState_Ensure.
    [[nodiscard]] bool enter(Entered& entered) noexcept;

    /// Undoes the thread's last enter().
    void leave(const Entered& entered) noexcept;

    /// From now on nobody enters. Waits, detached, until those who have entered have left. The
    /// caller is attached to the interpreter, and has not entered it. CPython's own check for
    /// threads that are left comes after it: atexit is the place to call it.
    void close() noexcept;

    /// From now on nobody enters; for an interpreter whose close() was not called.
    void close_without_waiting() noexcept;

  private:
    static constexpr std::uint64_t kClosed = std::uint64_t{1} << 63;

    PyInterpreterState* interpreter_ = nullptr;
    std::int64_t id_ = -1;
    std::atomic<std::uint64_t> state_{0};
#if PY_VERSION_HEX >= 0x030F0000
    PyInterpreterView* view_ = nullptr; ///< never closed
#elif PY_VERSION_HEX < 0x030E0000
    /// A state that no thread uses, until close(). CPython 3.12 and 3.13 give the first state of an
    /// interpreter its place in the interpreter, and take it back without a lock: where threads are
    /// the only ones that enter and leave, one finds it "already initialized", a fatal error.
    PyThreadState* idle_ = nullptr;
#endif
};

/// What CPython does with a thread that comes too late: it stops for good. To return would let it
/// touch objects that are gone.
[[noreturn]] void stop_thread() noexcept;

} // namespace hpystate
