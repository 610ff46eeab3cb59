/// runtime/context/slice.cpp: slices.
#include <Python.h>

#include "runtime/calls/handle.h"
#include "runtime/context/functions.h"
#include "runtime/context/pointers.h"

namespace hpystate::context {

int ctx_Slice_Unpack(HPyContext*, HPy slice, HPy_ssize_t* start, HPy_ssize_t* stop,
                     HPy_ssize_t* step) noexcept {
    if (!PySlice_Check(as_object(slice))) {
        PyErr_Format(PyExc_SystemError,
                     "HPySlice_Unpack: a '%s' was given where a slice was expected.",
                     Py_TYPE(as_object(slice))->tp_name);
        return -1;
    }
    if (!require_pointer(start, "HPySlice_Unpack", "start")) return -1;
    if (!require_pointer(stop, "HPySlice_Unpack", "stop")) return -1;
    if (!require_pointer(step, "HPySlice_Unpack", "step")) return -1;
    return PySlice_Unpack(as_object(slice), start, stop, step);
}

HPy ctx_Slice_New(HPyContext*, HPy start, HPy stop, HPy step) noexcept {
    return as_handle(PySlice_New(as_object(start), as_object(stop), as_object(step)));
}

} // namespace hpystate::context
