/// runtime/cpython/in_flight.h: calling a function that cannot fail while an exception may be in
/// flight.
///
/// CPython calls finalizers, destructors and releases of buffers wherever an object dies, also
/// while an exception is on its way to its handler. Such a function has no way to report an error
/// of its own, and must leave the exception in flight alone. HPy has no Fetch and Restore, so the
/// runtime does both for it, as CPython does for a `__del__`: the exception is taken away, the
/// function runs without one, what it raises goes to sys.unraisablehook, and the exception is set
/// again.
#pragma once

#include <Python.h>

#include "runtime/cpython/attached.h"

namespace hpystate {

/// Keeps the exception in flight for as long as it lives. The thread is attached.
class InFlight {
  public:
    /// `source` is the object that an error is reported with; it lives as long as this. nullptr:
    /// none.
    explicit InFlight(PyObject* source) noexcept
        : source_(source), raised_(PyErr_GetRaisedException()) {
        HPYSTATE_CHECK(may_run_python());
    }
    InFlight(const InFlight&) = delete;
    InFlight& operator=(const InFlight&) = delete;
    ~InFlight() {
        HPYSTATE_CHECK(may_run_python());
        if (PyErr_Occurred() != nullptr) [[unlikely]]
            PyErr_WriteUnraisable(source_);
        PyErr_SetRaisedException(raised_);
    }

  private:
    PyObject* source_;
    PyObject* raised_; ///< owned; null: none was in flight
};

} // namespace hpystate
