/// interp_state/spares.cpp: when memory is kept, and how it goes back.
#include "interp_state/spares.h"

#include "runtime/cpython/attached.h"
#include "runtime/cpython/gc_head.h"

#include <cstdlib>

namespace hpystate {

namespace {

#if defined(Py_GIL_DISABLED) || defined(Py_DEBUG) || defined(HPYSTATE_SANITIZED)
constexpr bool kWanted = false;
#else
constexpr bool kWanted = true;
#endif

/// -1: an exception is set. Development mode uses CPython's debugging allocator.
int is_in_development_mode() noexcept {
    PyObject* const flags = PySys_GetObject("flags"); // borrowed
    if (flags == nullptr) return 0;
    PyObject* const mode = PyObject_GetAttrString(flags, "dev_mode");
    if (mode == nullptr) return -1;
    const int result = PyObject_IsTrue(mode);
    Py_DECREF(mode);
    return result;
}

} // namespace

bool Spares::open() noexcept {
    if (open_ || !kWanted) return true;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): CPython reads it in the same way
    if (std::getenv("PYTHONMALLOC") != nullptr) return true;
    const int debugging = is_in_development_mode();
    if (debugging != 0) return debugging > 0;
    const GcHead head = check_gc_head();
    if (head != GcHead::kExpected) return head == GcHead::kOther; // then nothing is kept
    for (std::size_t list = 0; list < lists_.size(); ++list) {
        if (size_of(list) != 0)
            lists_[list].room = static_cast<std::ptrdiff_t>(kBytes / size_of(list));
    }
    open_ = true;
    HPYSTATE_CHECK(is_valid());
    return true;
}

bool Spares::is_valid() const noexcept {
    for (std::size_t list = 0; list < lists_.size(); ++list) {
        std::size_t kept = 0;
        // In kept memory the word of the type points to the next one.
        for (PyObject* at = lists_[list].first; at != nullptr && kept <= kBytes / sizeof(PyObject);
             at = reinterpret_cast<PyObject*>(Py_TYPE(at))) {
            if (is_collected(list) && !has_empty_gc_head(at)) return false;
            ++kept;
        }
        const std::size_t size = size_of(list);
        const std::size_t most = open_ && size != 0 ? kBytes / size : 0;
        if (kept + static_cast<std::size_t>(lists_[list].room) != most) return false;
    }
    return true;
}

void Spares::close() noexcept {
    HPYSTATE_CHECK(is_attached());
    HPYSTATE_CHECK(is_valid());
    for (unsigned list = 0; list < lists_.size(); ++list) {
        while (PyObject* const memory = take(list)) {
            // Its own type may be gone. Any type will do whose instances have the collector's head
            // in front of them and nothing else.
            Py_SET_TYPE(memory, &PyTuple_Type);
            is_collected(list) ? PyObject_GC_Del(memory) : PyObject_Free(memory);
        }
        lists_[list].room = 0;
    }
    open_ = false;
    HPYSTATE_CHECK(is_valid());
}

} // namespace hpystate
