/// runtime/cpython/ref.h: an owned reference.
#pragma once

#include <Python.h>

#include "runtime/cpython/attached.h"

#include <utility>

namespace hpystate {

/// One owned reference; released where it goes out of scope. The thread is attached then.
class Ref {
  public:
    Ref() noexcept = default;
    /// Takes the reference that the caller owns.
    explicit Ref(PyObject* owned) noexcept : object_(owned) {}
    Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    Ref& operator=(Ref&& other) noexcept {
        // The new value is stored before the old one is released, since its destructor may read
        // this.
        HPYSTATE_CHECK(object_ == nullptr || may_run_python());
        PyObject* const old = std::exchange(object_, std::exchange(other.object_, nullptr));
        Py_XDECREF(old);
        return *this;
    }
    Ref(const Ref&) = delete;
    Ref& operator=(const Ref&) = delete;
    ~Ref() {
        HPYSTATE_CHECK(object_ == nullptr || may_run_python());
        Py_XDECREF(object_);
    }

    [[nodiscard]] static Ref borrow(PyObject* object) noexcept { return Ref(Py_XNewRef(object)); }

    [[nodiscard]] PyObject* get() const noexcept { return object_; }
    [[nodiscard]] PyObject* release() noexcept { return std::exchange(object_, nullptr); }
    explicit operator bool() const noexcept { return object_ != nullptr; }

  private:
    PyObject* object_ = nullptr;
};

} // namespace hpystate
