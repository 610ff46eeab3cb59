/// runtime/context/call_function.cpp: HPy_SetCallFunction: sets the function that is called when an
/// instance is called.
///
/// Instances of a type with HPy_tp_call have a hidden place for it, which runtime/types/build.cpp
/// adds.
#include <Python.h>

#include "runtime/context/call_function.h"

#include "runtime/calls/handle.h"
#include "runtime/context/functions.h"
#include "runtime/context/guard.h"
#include "runtime/cpython/guarded.h"
#include "runtime/types/record.h"

#include <atomic>
#include <cstdint>

namespace hpystate::context {

namespace {

/// A cache of thunks of plain mode, by the extension's function. Asking the pool for one takes a
/// lock and memory, and an extension may call HPy_SetCallFunction for each instance that it makes.
///
/// An entry is written once, the thunk first. A thread that loses the race for an entry, or finds
/// another function there, asks the pool each time. Thunks are never freed, nor is the file whose
/// functions they call.
struct Known {
    std::atomic<HPyCFunction> impl;
    std::atomic<CFunction> thunk;
};
constexpr unsigned kKnown = 256;
constinit Known known[kKnown]{};

[[nodiscard]] Known& known_for(HPyCFunction impl) noexcept {
    return known[(reinterpret_cast<std::uintptr_t>(impl) >> 4U) % kKnown];
}

void remember(HPyCFunction impl, CFunction thunk) noexcept {
    Known& entry = known_for(impl);
    CFunction none = nullptr;
    if (!entry.thunk.compare_exchange_strong(none, thunk)) return;
    // release: a thread that sees the function also sees its thunk.
    entry.impl.store(impl, std::memory_order_release);
}

/// Whether instances have a place for an HPyCallFunction: the type that added the place must be an
/// HPy type, since others have room for a vectorcallfunc only. The flag Py_TPFLAGS_HAVE_VECTORCALL
/// does not tell: CPython removes it from a class with a `__call__` in Python, although that may
/// call its base's.
bool has_call_place(const PyTypeObject* type) noexcept {
    const Py_ssize_t place = type->tp_vectorcall_offset;
    if (place <= 0) return false;
    while (type->tp_base != nullptr && type->tp_base->tp_vectorcall_offset == place)
        type = type->tp_base;
    return is_from_spec(type);
}

[[nodiscard]] HPyCFunction impl_of(const HPyCallFunction& function) noexcept {
    return reinterpret_cast<HPyCFunction>(reinterpret_cast<void (*)()>(function.impl));
}

void put(PyObject* object, const HPyCallFunction& function, CFunction thunk) noexcept {
    auto* const field = reinterpret_cast<HPyCallFunction*>(reinterpret_cast<char*>(object) +
                                                           Py_TYPE(object)->tp_vectorcall_offset);
    field->impl = function.impl;
    field->cpy_trampoline = reinterpret_cast<cpy_vectorcallfunc>(thunk);
}

int set_call_function(PyObject* object, const HPyCallFunction* function, Site site) {
    PyTypeObject* const type = Py_TYPE(object);
    if (function == nullptr || function->impl == nullptr) {
        PyErr_SetString(PyExc_SystemError, "HPy_SetCallFunction: the call function is NULL. Define "
                                           "one with HPyDef_CALL_FUNCTION and pass its address.");
        return -1;
    }
    if (!has_call_place(type)) {
        PyErr_Format(PyExc_TypeError,
                     "HPy_SetCallFunction: type '%s' does not implement HPy's call protocol; it "
                     "needs an HPy_tp_call slot or a member __vectorcalloffset__.",
                     type->tp_name);
        return -1;
    }
    const HPyCFunction impl = impl_of(*function);
    CFunction const trampoline = reinterpret_cast<CFunction>(function->cpy_trampoline);
    CFunction const called =
        thunk_or_trampoline(HPyFunc_VECTORCALLFUNC, impl, trampoline, site,
                            {"HPy_SetCallFunction: type", type->tp_name, "its call function"});
    if (called == nullptr) return -1;
    // A trampoline is not remembered: the function may be set again with another one.
    if (called != trampoline && !is_layered(site)) remember(impl, called);
    put(object, *function, called);
    return 0;
}

} // namespace

int set_call_function_or_fail(HPy h, const HPyCallFunction* function, Site site) noexcept {
    if (h._i == 0) {
        raise_null_operand(ContextFunction::SetCallFunction, 1);
        return -1;
    }
    return guarded(-1, [=] { return set_call_function(as_object(h), function, site); });
}

int ctx_SetCallFunction(HPyContext*, HPy h, HPyCallFunction* func) noexcept {
    if (h._i != 0 && func != nullptr && func->impl != nullptr) [[likely]] {
        const HPyCFunction impl = impl_of(*func);
        const Known& entry = known_for(impl);
        // acquire: pairs with the release in remember().
        if (entry.impl.load(std::memory_order_acquire) == impl &&
            has_call_place(Py_TYPE(as_object(h)))) {
            put(as_object(h), *func, entry.thunk.load(std::memory_order_relaxed));
            return 0;
        }
    }
    return set_call_function_or_fail(h, func, kObjectSite);
}

} // namespace hpystate::context
