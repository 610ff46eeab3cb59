/// runtime/cpython/attached_mutex.h: a lock under which CPython may be called.
///
/// Who waits for a std::mutex stays attached, and stops the world from stopping. So whatever may
/// detach the thread (CPython's own locks do, in builds without the GIL) is called under this one
/// only: its waiters are detached. No Python code runs under it and no object is released: they
/// could come back for the lock.
#pragma once

#include <Python.h>

namespace hpystate {

/// Meets BasicLockable; valid when all its bytes are zero. With the GIL it is nothing: what stands
/// under it does not give the GIL away.
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
