/// runtime/cpython/collected.h: whose object is this? As far as the collector knows.
#pragma once

#include <Python.h>

namespace hpystate {

/// Whether an object seems to belong to another interpreter than the calling thread's: it, or if it
/// is not tracked its type, is tracked by a collector, and not by this interpreter's. False for
/// what no collector tracks, as str, int and static types, for an object whose finalizer has run,
/// and after gc.freeze(), which hides objects: CPython 3.12 itself freezes some in its main
/// interpreter. True also for garbage without a finalizer, while it is being collected. Walks all
/// objects: for checks only. The thread is attached; an exception that is set stays.
[[nodiscard, gnu::cold]] bool is_from_elsewhere(PyObject* object) noexcept;

} // namespace hpystate
