/// runtime/cpython/critical_section.h: an object's own lock, in builds without the GIL.
#pragma once

#include <Python.h>

namespace hpystate {

/// While it lives no other thread has a critical section of that object, unless this one detaches.
/// With the GIL it does nothing.
class [[nodiscard]] CriticalSection {
  public:
#ifdef Py_GIL_DISABLED
    explicit CriticalSection(PyObject* object) noexcept {
        PyCriticalSection_Begin(&section_, object);
    }
    ~CriticalSection() {
        PyCriticalSection_End(&section_);
    }

  private:
    PyCriticalSection section_;

  public:
#else
    explicit CriticalSection(PyObject* /*object*/) noexcept {}
    ~CriticalSection() {}
#endif
    CriticalSection(const CriticalSection&) = delete;
    CriticalSection& operator=(const CriticalSection&) = delete;
};

} // namespace hpystate
