/// runtime/cpython/gc_head.cpp: reads the head of a list, tracked and untracked.
#include "runtime/cpython/gc_head.h"

#include "runtime/cpython/attached.h"

namespace hpystate {

GcHead check_gc_head() noexcept {
    HPYSTATE_CHECK(may_run_python());
    PyObject* const probe = PyList_New(0);
    if (probe == nullptr) return GcHead::kUnknown;
    const auto* const head = reinterpret_cast<const volatile std::uintptr_t*>(probe) - 2;
    const std::uintptr_t tracked[] = {head[0], head[1]};
    PyObject_GC_UnTrack(probe);
    const std::uintptr_t untracked[] = {head[0], head[1]};
    PyObject_GC_Track(probe);
    Py_DECREF(probe);
    return is_gc_head(tracked, untracked) ? GcHead::kExpected : GcHead::kOther;
}

} // namespace hpystate
