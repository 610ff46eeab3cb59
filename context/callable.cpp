/// context/callable.cpp: which function an instance is called with: HPy's call protocol.
///
/// context/typespec.cpp gives types with HPy_tp_call a hidden place for it in every instance.
#include <Python.h>

#include "context/functions.h"
#include "context/handle.h"
#include "context/trampoline.h"
#include "context/typedata.h"

#include <new>

namespace hpystate::context {

int ctx_SetCallFunction(HPyContext*, HPy h, HPyCallFunction* func) noexcept try {
    PyObject* const object = as_object(h);
    PyTypeObject* const type = Py_TYPE(object);
    if (func == nullptr || func->impl == nullptr) {
        PyErr_SetString(PyExc_SystemError, "ctx_SetCallFunction: there is no call function.");
        return -1;
    }
    if (!PyType_HasFeature(type, Py_TPFLAGS_HAVE_VECTORCALL) || record_of(type) == nullptr) {
        PyErr_Format(PyExc_TypeError,
                     "ctx_SetCallFunction: type '%s' does not implement HPy's call protocol; it "
                     "needs an HPy_tp_call slot or a member __vectorcalloffset__.",
                     type->tp_name);
        return -1;
    }
    const auto impl = reinterpret_cast<HPyCFunction>(reinterpret_cast<void (*)()>(func->impl));
    CFunction thunk = thunk_for(HPyFunc_VECTORCALLFUNC, impl, Site::kThread);
    // The pool is used up: the file's own trampoline serves, through the dispatcher.
    if (thunk == nullptr) thunk = reinterpret_cast<CFunction>(func->cpy_trampoline);
    auto* const field = reinterpret_cast<HPyCallFunction*>(reinterpret_cast<char*>(object) +
                                                           type->tp_vectorcall_offset);
    field->impl = func->impl;
    field->cpy_trampoline = reinterpret_cast<cpy_vectorcallfunc>(thunk);
    return 0;
} catch (const std::bad_alloc&) {
    PyErr_NoMemory();
    return -1;
}

} // namespace hpystate::context
