/// runtime/images/bound.cpp: PyGILState_Ensure, PyGILState_Release, Py_AddPendingCall,
/// PyModule_Create2.
#include <Python.h>

#include "runtime/images/bound.h"

#include "runtime/cpython/enter.h"
#include "runtime/images/owner.h"

#include <cstring>
#include <memory>
#include <new>
#include <string_view>

namespace hpystate::images {

thread_local const char* module_being_made = nullptr;

namespace {

/// What one PyGILState_Ensure of this thread did; its Release undoes it.
struct Ensured {
    Owner* owner;
    Entered entered;
    Ensured* outer;
};

/// The last one; only this thread reads and writes it. It has no destructor: destructors of keys
/// and of other thread-local variables may call PyGILState_Ensure after it.
thread_local Ensured* ensured = nullptr;

/// As PyGILState_Ensure, of the owner's interpreter.
PyGILState_STATE ensure(Owner* owner) noexcept {
    if (owner->view.is_attached_here()) return PyGILState_LOCKED;
    auto* const made = new (std::nothrow) Ensured{owner, {}, ensured};
    if (made == nullptr)
        Py_FatalError("PyGILState_Ensure: no memory to remember what the thread was attached to");
    if (!owner->view.enter(made->entered)) {
        delete made;
        stop_thread();
    }
    ensured = made;
    return PyGILState_UNLOCKED;
}

/// As PyGILState_Release.
void release(PyGILState_STATE state, Owner* owner) noexcept {
    if (state == PyGILState_LOCKED) return;
    Ensured* const last = ensured;
    if (last == nullptr || last->owner != owner)
        Py_FatalError("PyGILState_Release: this thread called PyGILState_Ensure of another "
                      "extension last; each call must be undone in the reverse order");
    ensured = last->outer;
    owner->view.leave(last->entered);
    delete last;
}

struct Pending {
    int (*function)(void*);
    void* argument;
    Owner* owner;
};

/// Runs in the main interpreter. A call for an interpreter that has begun to end is dropped: what
/// it would release goes with the interpreter.
int run_pending(void* data) noexcept {
    const std::unique_ptr<Pending> call(static_cast<Pending*>(data));
    Entered entered{};
    if (!call->owner->view.enter(entered)) return 0;
    const int result = call->function(call->argument);
    if (result != 0) PyErr_WriteUnraisable(nullptr); // of that interpreter: it ends here
    call->owner->view.leave(entered);
    return 0;
}

/// As Py_AddPendingCall, but the function runs in the owner's interpreter. CPython has pending
/// calls of the main interpreter only.
int add_pending_call(int (*function)(void*), void* argument, Owner* owner) noexcept {
    auto call = std::unique_ptr<Pending>(new (std::nothrow) Pending{function, argument, owner});
    if (!call || Py_AddPendingCall(&run_pending, call.get()) != 0) return -1;
    static_cast<void>(call.release());
    return 0;
}

/// As PyModule_Create2: the module gets the dotted name that CPython's import machinery would have
/// given it. The definition belongs to an image of this interpreter, so nobody else reads it.
PyObject* create_module(PyModuleDef* definition, int api_version, Owner* /*owner*/) noexcept {
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
