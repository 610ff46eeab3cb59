/// runtime/cpython/collected.cpp: looks an object up among those that the collector visits.
#include <Python.h>

#include "runtime/cpython/collected.h"

#include "runtime/cpython/attached.h"
#include "runtime/cpython/ref.h"

namespace hpystate {

namespace {

struct Search {
    PyObject* wanted;
    bool found;
};

int compare(PyObject* object, void* data) {
    auto& search = *static_cast<Search*>(data);
    search.found = object == search.wanted;
    return search.found ? 0 : 1; // 0 ends the walk
}

/// The object itself, its type, or nullptr: what a collector tracks.
PyObject* tracked_part(PyObject* object) noexcept {
    if (PyObject_GC_IsTracked(object) != 0) return object;
    auto* const type = reinterpret_cast<PyObject*>(Py_TYPE(object));
    return PyObject_GC_IsTracked(type) != 0 ? type : nullptr;
}

/// Whether gc.freeze() has put objects where the walk does not come. True where this cannot be
/// told.
bool has_frozen() noexcept {
    PyObject* const raised = PyErr_GetRaisedException();
    const Ref gc(PyImport_ImportModule("gc"));
    const Ref count(gc ? PyObject_CallMethod(gc.get(), "get_freeze_count", nullptr) : nullptr);
    const bool frozen = !count || PyLong_AsLong(count.get()) != 0;
    PyErr_SetRaisedException(raised); // drops what was raised here
    return frozen;
}

} // namespace

bool is_from_elsewhere(PyObject* object) noexcept {
    HPYSTATE_CHECK(may_run_python());
    PyObject* const part = tracked_part(object);
    // Of the garbage that is being collected, the walk sees nothing.
    if (part == nullptr || PyObject_GC_IsFinalized(part) != 0) return false;
    Search search{part, false};
    PyUnstable_GC_VisitObjects(&compare, &search);
    return !search.found && !has_frozen();
}

} // namespace hpystate
