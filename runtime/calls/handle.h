/// runtime/calls/handle.h: the only casts between handles and objects, and an owned reference.
///
/// A plain context's handle *is* the object's address. So arguments are handed over as they are:
/// an array of PyObject* is an array of HPy.
#pragma once

#include <Python.h>

#include <hpy/handle.h>

#include <cstdint>
#include <utility>

namespace hpystate {

static_assert(sizeof(HPy) == sizeof(PyObject*), "an array of objects must be an array of handles");

[[nodiscard]] inline PyObject* as_object(HPy handle) noexcept {
    return reinterpret_cast<PyObject*>(handle._i);
}

[[nodiscard]] inline HPy as_handle(PyObject* object) noexcept {
    return HPy{reinterpret_cast<std::intptr_t>(object)};
}

[[nodiscard]] inline PyObject* const* as_objects(const HPy* handles) noexcept {
    return reinterpret_cast<PyObject* const*>(handles);
}

[[nodiscard]] inline const HPy* as_handles(PyObject* const* objects) noexcept {
    return reinterpret_cast<const HPy*>(objects);
}

inline constexpr HPy kNullHandle{0};

/// One owned reference; released where it goes out of scope. The thread is attached then.
class Ref {
  public:
    Ref() noexcept = default;
    /// Takes the reference that the caller owns.
    explicit Ref(PyObject* owned) noexcept : object_(owned) {}
    Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    Ref& operator=(Ref&& other) noexcept {
        // The new value stands before the old one is released: its destructor may look here.
        PyObject* const old = std::exchange(object_, std::exchange(other.object_, nullptr));
        Py_XDECREF(old);
        return *this;
    }
    Ref(const Ref&) = delete;
    Ref& operator=(const Ref&) = delete;
    ~Ref() { Py_XDECREF(object_); }

    [[nodiscard]] static Ref borrow(PyObject* object) noexcept { return Ref(Py_XNewRef(object)); }

    [[nodiscard]] PyObject* get() const noexcept { return object_; }
    [[nodiscard]] PyObject* release() noexcept { return std::exchange(object_, nullptr); }
    explicit operator bool() const noexcept { return object_ != nullptr; }

  private:
    PyObject* object_ = nullptr;
};

} // namespace hpystate
