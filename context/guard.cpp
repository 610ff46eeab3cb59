/// context/guard.cpp: the messages of guard.h and missing.h.
#include <Python.h>

#include "context/guard.h"

#include "context/missing.h"

#include <cstdio>
#include <cstdlib>

namespace hpystate::context {

void raise_null_operand(Slot slot, std::size_t index) noexcept {
    // An exception that is set already is the better one: it tells why the operand is null.
    if (PyErr_Occurred() != nullptr) return;
    PyErr_Format(PyExc_SystemError,
                 "%s: parameter %zu is HPy_NULL, a handle was expected. Check what the call that "
                 "gave it returned; HPyGlobal_Load gives HPy_NULL where this interpreter stored "
                 "nothing.",
                 name_of(slot), index);
}

void raise_missing(Slot slot) noexcept {
    PyErr_Format(PyExc_NotImplementedError,
                 "%s: this version of hpystate does not have it yet; "
                 "`python -m hpystate abi --missing` lists what it lacks.",
                 name_of(slot));
}

void stop_missing(Slot slot) noexcept {
    static_cast<void>(std::fprintf(
        stderr,
        "hpystate: %s: this version of hpystate does not have it yet, and a function that "
        "returns nothing cannot raise; `python -m hpystate abi --missing` lists what it "
        "lacks.\n",
        name_of(slot)));
    std::abort();
}

} // namespace hpystate::context
