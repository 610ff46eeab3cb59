/// runtime/cpython/private_symbols.cpp: the weak declarations.
#include "runtime/cpython/private_symbols.h"

#include "runtime/cpython/attached.h"

// Exported, for CPython's own extensions, but not in its public headers.
// NOLINTBEGIN(bugprone-reserved-identifier): CPython's names
extern "C" [[gnu::weak]] PyInterpreterState* _PyInterpreterState_LookUpID(std::int64_t id);
extern "C" [[gnu::weak]] int _Py_IsInterpreterFinalizing(PyInterpreterState* interpreter);
// NOLINTEND(bugprone-reserved-identifier)

namespace hpystate {

constinit PrivateSymbols private_symbols{&_PyInterpreterState_LookUpID,
                                         &_Py_IsInterpreterFinalizing};

const PyInterpreterState* interpreter_with_id(std::int64_t id) noexcept {
    HPYSTATE_CHECK(may_run_python()); // CPython takes its own lock, and makes an exception
    HPYSTATE_CHECK(can_look_up_interpreters());
    PyObject* const raised = PyErr_GetRaisedException();
    const PyInterpreterState* const found = private_symbols.look_up_interpreter(id);
    PyErr_SetRaisedException(raised); // drops the one for an unknown id
    return found;
}

} // namespace hpystate
