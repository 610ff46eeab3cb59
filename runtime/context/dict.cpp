/// runtime/context/dict.cpp: dicts. Items are those of every mapping: runtime/context/object.cpp.
#include <Python.h>

#include "runtime/calls/handle.h"
#include "runtime/context/functions.h"

namespace hpystate::context {

int ctx_Dict_Check(HPyContext*, HPy h) noexcept {
    return PyDict_Check(as_object(h));
}

HPy ctx_Dict_New(HPyContext*) noexcept {
    return as_handle(PyDict_New());
}

HPy ctx_Dict_Keys(HPyContext*, HPy h) noexcept {
    return as_handle(PyDict_Keys(as_object(h)));
}

HPy ctx_Dict_Copy(HPyContext*, HPy h) noexcept {
    return as_handle(PyDict_Copy(as_object(h)));
}

} // namespace hpystate::context
