/// runtime/cpython/attached_mutex.h: a lock under which CPython may be called.
///
/// A thread that waits for a std::mutex stays attached, so it keeps others from stopping the world.
/// So what may detach the thread (CPython's own locks do, in builds without the GIL) is called
/// under this mutex only: its waiters are detached. No Python code runs under it and no object is
/// released, since either could ask for the lock again.
#pragma once

#include <Python.h>

namespace hpystate {

/// Meets BasicLockable; valid when all its bytes are zero. With the GIL it does nothing: the code
/// under it does not release the GIL.
class AttachedMutex {
  public:
#ifdef Py_GIL_DISABLED
    void lock() noexcept {
        PyMutex_Lock(&mutex_);
    }
    void unlock() noexcept {
        PyMutex_Unlock(&mutex_);
    }

  private:
    PyMutex mutex_;
#else
    void lock() noexcept {}
    void unlock() noexcept {}
#endif
};

} // namespace hpystate
