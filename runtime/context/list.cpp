/// runtime/context/list.cpp: lists.
#include <Python.h>

#include "runtime/calls/handle.h"
#include "runtime/context/functions.h"
#include "runtime/cpython/items.h"
#include "runtime/cpython/new_list.h"

namespace hpystate::context {

int ctx_List_Check(HPyContext*, HPy h) noexcept {
    return PyList_Check(as_object(h));
}

HPy ctx_List_New(HPyContext*, HPy_ssize_t len) noexcept {
    if (len < 0) {
        PyErr_Format(PyExc_SystemError, "HPyList_New: the length %zd is negative.", len);
        return kNullHandle;
    }
    PyObject* const list = new_list(len);
    // In CPython the items are NULL until they are set. No function of HPy can handle a NULL item,
    // so fill the list with None.
    for (HPy_ssize_t i = 0; list != nullptr && i < len; ++i) {
        PyList_SET_ITEM(list, i, Py_NewRef(Py_None));
    }
    return as_handle(list);
}

int ctx_List_Append(HPyContext*, HPy h_list, HPy h_item) noexcept {
    if (append_to_exact(as_object(h_list), as_object(h_item))) return 0;
    return PyList_Append(as_object(h_list), as_object(h_item));
}

int ctx_List_Insert(HPyContext*, HPy h_list, HPy_ssize_t index, HPy h_item) noexcept {
    return PyList_Insert(as_object(h_list), index, as_object(h_item));
}

} // namespace hpystate::context
