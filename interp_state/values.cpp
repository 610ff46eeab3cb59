/// interp_state/values.cpp: unlisted slots, and the message for a slot that holds nothing.
#include <Python.h>

#include "interp_state/values.h"

#include "globals/registry.h"
#include "globals/throwing.h"
#include "runtime/cpython/guarded.h"
#include "runtime/elf/symbol_name.h"

#include <new>
#include <string>

namespace hpystate {

bool write_unlisted(std::uintptr_t* slot) noexcept {
    if (!can_throw()) return false;
    try {
        registry().add_unlisted(slot);
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

void raise_unset(const Region& region, const char* function, Token token) noexcept {
    PyObject* const pending = PyErr_GetRaisedException();
    const bool closed = region.window.closed();
    static_cast<void>(guarded(0, [&] {
        std::string text = std::string(function) + ": " + describe_slot(token.bits());
        text += closed ? " no longer holds a value: this interpreter is ending and has released "
                         "the values of its globals. Keep what a destructor needs in the object."
                       : " holds nothing in this interpreter, a value was expected. Store one "
                         "first, in the module's HPy_mod_exec.";
        PyErr_SetString(PyExc_SystemError, text.c_str());
        return 0;
    }));
    if (pending == nullptr) return;
    PyObject* const raised = PyErr_GetRaisedException();
    PyException_SetContext(raised, pending); // takes the reference
    PyErr_SetRaisedException(raised);
}

} // namespace hpystate
