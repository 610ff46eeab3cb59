/// runtime/images/bound.cpp: PyGILState_Ensure, PyGILState_Release, Py_AddPendingCall,
/// PyModule_Create2.
#include <Python.h>

#include "runtime/images/bound.h"

#include "runtime/cpython/versions.h"
#include "runtime/images/owner.h"

#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace hpystate::images {

thread_local const char* module_being_made = nullptr;

namespace {

/// What one PyGILState_Ensure of this thread did; its Release undoes it.
struct Entered {
    const Owner* owner;
#if PY_VERSION_HEX >= 0x030F0000
    PyThreadStateToken* token; ///< nullptr: the thread was attached already
#else
    PyThreadState* made;   ///< a new state for the owner's interpreter; nullptr: none was needed
    PyThreadState* before; ///< the state that was attached before; nullptr: none
#endif
};

/// Only this thread reads and writes it.
thread_local std::vector<Entered> entered;

/// What CPython does with a thread that comes too late: it stops for good. To return would let it
/// touch objects that are gone.
[[noreturn]] void stop_thread() noexcept {
    for (;;)
        pause();
}

bool is_attached_to_owner(const PyInterpreterState* interpreter) noexcept {
    const PyThreadState* const now = thread_state_or_null();
    return now != nullptr && now->interp == interpreter;
}

PyInterpreterState* interpreter_of(const Owner* owner) noexcept {
    return owner->interpreter.load(std::memory_order_acquire);
}

#if PY_VERSION_HEX >= 0x030F0000

bool enter(Entered& entry) noexcept {
    entry.token = PyThreadState_EnsureFromView(entry.owner->view);
    return entry.token != nullptr;
}

void leave(const Entered& entry) noexcept {
    PyThreadState_Release(entry.token);
}

#else

/// The thread's own state for that interpreter, if it has one: it is detached, or this is not
/// asked. CPython remembers the last one that a thread was attached to.
PyThreadState* detached_state_for(const PyInterpreterState* interpreter) noexcept {
    PyThreadState* const last = PyGILState_GetThisThreadState();
    return last != nullptr && last->interp == interpreter ? last : nullptr;
}

/// Before 3.15 nothing keeps an interpreter from ending between the check and the call: that is a
/// race of CPython's own PyGILState_Ensure too.
bool enter(Entered& entry) noexcept {
    PyInterpreterState* const interpreter = interpreter_of(entry.owner);
    if (interpreter == nullptr) return false;
    entry.before = thread_state_or_null() != nullptr ? PyEval_SaveThread() : nullptr;
    PyThreadState* state = detached_state_for(interpreter);
    if (state == nullptr) {
        state = entry.made = PyThreadState_New(interpreter);
        if (state == nullptr) Py_FatalError("PyGILState_Ensure: no memory for a thread state");
    }
    PyEval_RestoreThread(state);
    return true;
}

void leave(const Entered& entry) noexcept {
    if (entry.made != nullptr) {
        PyThreadState_Clear(entry.made);
        PyThreadState_DeleteCurrent();
    } else {
        PyEval_SaveThread();
    }
    if (entry.before != nullptr) PyEval_RestoreThread(entry.before);
}

#endif

/// As PyGILState_Ensure, of the owner's interpreter.
PyGILState_STATE ensure(const Owner* owner) noexcept {
    PyInterpreterState* const interpreter = interpreter_of(owner);
    if (interpreter != nullptr && is_attached_to_owner(interpreter)) return PyGILState_LOCKED;
    Entered entry{};
    entry.owner = owner;
    try {
        entered.push_back(entry); // before the thread is attached: nothing is to be undone then
    } catch (const std::bad_alloc&) {
        Py_FatalError("PyGILState_Ensure: no memory to remember what the thread was attached to");
    }
    if (!enter(entered.back())) stop_thread();
    return PyGILState_UNLOCKED;
}

/// As PyGILState_Release.
void release(PyGILState_STATE state, const Owner* owner) noexcept {
    if (state == PyGILState_LOCKED) return;
    if (entered.empty() || entered.back().owner != owner)
        Py_FatalError("PyGILState_Release: this thread called PyGILState_Ensure of another "
                      "extension last; each call must be undone in the reverse order");
    const Entered entry = entered.back();
    entered.pop_back();
    leave(entry);
}

struct Pending {
    int (*function)(void*);
    void* argument;
    const Owner* owner;
};

/// Runs in the main interpreter. A call that meets an interpreter that has ended is dropped: what
/// it would free is gone.
int run_pending(void* data) noexcept {
    const std::unique_ptr<Pending> call(static_cast<Pending*>(data));
    if (interpreter_of(call->owner) == nullptr) return 0;
    const PyGILState_STATE state = ensure(call->owner);
    const int result = call->function(call->argument);
    if (result != 0) PyErr_WriteUnraisable(nullptr); // of that interpreter: it ends here
    release(state, call->owner);
    return 0;
}

/// As Py_AddPendingCall, but the function runs in the owner's interpreter. CPython has pending
/// calls of the main interpreter only.
int add_pending_call(int (*function)(void*), void* argument, const Owner* owner) noexcept {
    auto call = std::unique_ptr<Pending>(new (std::nothrow) Pending{function, argument, owner});
    if (!call || Py_AddPendingCall(&run_pending, call.get()) != 0) return -1;
    static_cast<void>(call.release());
    return 0;
}

/// As PyModule_Create2: the module gets the dotted name that CPython's import machinery would have
/// given it. The definition belongs to an image of this interpreter, so nobody else reads it.
PyObject* create_module(PyModuleDef* definition, int api_version, const Owner* /*owner*/) noexcept {
    const char* const whole = module_being_made;
    const char* const own = definition->m_name;
    if (whole == nullptr || own == nullptr) return PyModule_Create2(definition, api_version);
    const char* const dot = std::strrchr(whole, '.');
    if (std::string_view(dot == nullptr ? whole : dot + 1) != own)
        return PyModule_Create2(definition, api_version);
    module_being_made = nullptr; // for one module, as CPython does
    definition->m_name = whole;
    PyObject* const module = PyModule_Create2(definition, api_version);
    definition->m_name = own;
    return module;
}

template <typename Function>
void* address_of(Function* function) noexcept {
    return reinterpret_cast<void*>(function);
}

} // namespace

std::span<const Bound> bound_functions() noexcept {
    static const Bound functions[] = {
        {"PyGILState_Ensure", address_of(&ensure), 0},
        {"PyGILState_Release", address_of(&release), 1},
        {"Py_AddPendingCall", address_of(&add_pending_call), 2},
        {"PyModule_Create2", address_of(&create_module), 2},
    };
    return functions;
}

} // namespace hpystate::images
