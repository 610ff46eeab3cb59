/// runtime/context/call_function.cpp: HPy_SetCallFunction: sets the function that is called when an
/// instance is called.
///
/// Instances of a type with HPy_tp_call have a hidden place for it, which runtime/types/build.cpp
/// adds.
#include <Python.h>

#include "runtime/context/call_function.h"

#include "runtime/calls/anchor.h"
#include "runtime/calls/handle.h"
#include "runtime/context/functions.h"
#include "runtime/context/guard.h"
#include "runtime/context/slow_path.h"
#include "runtime/cpython/guarded.h"
#include "runtime/types/record.h"

#include <atomic>
#include <cstdint>

namespace hpystate::context {

namespace {

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

/// The same for most types, in a few loads: of a type that is marked, so that HPyType_FromSpec made
/// it, and that added the place itself. False: has_call_place() tells.
[[nodiscard]] bool adds_call_place(PyTypeObject* type) noexcept {
    return has_mark(type, &kTypeMark) &&
           type->tp_base->tp_vectorcall_offset != type->tp_vectorcall_offset;
}

using Impl = decltype(HPyCallFunction::impl);

/// `called` is what CPython finds. It may read `impl` there, so that is written first: without the
/// GIL another thread may call the instance now.
void put(PyObject* object, Impl impl, vectorcallfunc called) noexcept {
    auto* const field = reinterpret_cast<HPyCallFunction*>(reinterpret_cast<char*>(object) +
                                                           Py_TYPE(object)->tp_vectorcall_offset);
    // relaxed: a call that began before finds the old function or this one; both are code.
    std::atomic_ref(field->impl).store(impl, std::memory_order_relaxed);
    std::atomic_ref(field->cpy_trampoline)
        .store(reinterpret_cast<cpy_vectorcallfunc>(called), std::memory_order_release);
}

/// In debug and trace mode the instance is called through a thunk of that mode. Throws
/// std::bad_alloc. nullptr with an exception set.
[[nodiscard]] vectorcallfunc function_for(Impl impl, const char* type, Site site) {
    if (!is_layered(site)) return &call_function_of_instance;
    const auto function = reinterpret_cast<HPyCFunction>(reinterpret_cast<void (*)()>(impl));
    CFunction const thunk =
        thunk_or_trampoline(HPyFunc_VECTORCALLFUNC, function, nullptr, site,
                            {"HPy_SetCallFunction: type", type, "its call function"});
    return reinterpret_cast<vectorcallfunc>(reinterpret_cast<void (*)()>(thunk));
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
    const vectorcallfunc called = function_for(function->impl, type->tp_name, site);
    if (called == nullptr) return -1;
    put(object, function->impl, called);
    return 0;
}

HPYSTATE_SLOW_PATH int set_slowly(HPyContext*, HPy h, HPyCallFunction* function) noexcept {
    return set_call_function_or_fail(h, function, kObjectSite);
}

} // namespace

int set_call_function_or_fail(HPy h, const HPyCallFunction* function, Site site) noexcept {
    if (h._i == 0) {
        raise_null_operand(ContextFunction::SetCallFunction, 1);
        return -1;
    }
    return guarded(-1, [=] { return set_call_function(as_object(h), function, site); });
}

int ctx_SetCallFunction(HPyContext* ctx, HPy h, HPyCallFunction* func) noexcept {
    if (have_common_bit(h._i, reinterpret_cast<std::intptr_t>(func))) [[likely]] {
        const Impl impl = func->impl;
        if (have_common_bit(h._i, reinterpret_cast<std::intptr_t>(impl)) &&
            adds_call_place(Py_TYPE(as_object(h)))) [[likely]] {
            put(as_object(h), impl, &call_function_of_instance);
            return 0;
        }
    }
    return set_slowly(ctx, h, func);
}

} // namespace hpystate::context
