/// interp_state/foreign_report.cpp: a pending call of CPython's that warns.
#include <Python.h>

#include "interp_state/foreign_report.h"

#include <atomic>

namespace hpystate {

namespace {

/// Set by the one call that reports. relaxed: nothing else is published by it.
std::atomic<bool> reported{false};

/// Runs in the main interpreter, between two instructions of Python code. A warning that is an
/// error must not be raised there: it has nothing to do with that code.
int warn(void* /*nothing*/) noexcept {
    const int result = PyErr_WarnEx(PyExc_RuntimeWarning,
                                    "another HPy runtime in this process, or other code, has "
                                    "written into a global (HPyGlobal) of "
                                    "an extension that hpystate has loaded. hpystate leaves that "
                                    "alone and keeps its own values "
                                    "beside it (docs/design.md, section 5). This is reported once.",
                                    1);
    if (result != 0) PyErr_WriteUnraisable(nullptr);
    return 0;
}

} // namespace

void report_foreign_slot() noexcept {
    if (reported.exchange(true, std::memory_order_relaxed)) return;
    // Full is the one reason to fail: the next one tries again.
    if (Py_AddPendingCall(&warn, nullptr) != 0) reported.store(false, std::memory_order_relaxed);
}

} // namespace hpystate
