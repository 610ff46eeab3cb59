/// runtime/context/field.cpp: HPyField_Store and HPyField_Load.
#include <Python.h>

#include "runtime/types/field.h"

#include "globals/gil.h"
#include "runtime/calls/handle.h"
#include "runtime/context/functions.h"

#include <utility>

namespace hpystate::context {

void ctx_Field_Store(HPyContext*, HPy target_object, HPyField* target_field, HPy h) noexcept {
    PyObject* old = nullptr;
    // The new value is stored before the old one is released, since the destructor may read this
    // field.
    if constexpr (!kNoGil) { // hot: no call
        Py_XINCREF(as_object(h));
        old = as_object(HPy{std::exchange(target_field->_i, h._i)});
        Py_XDECREF(old);
        return;
    }
    if (store_field(as_object(target_object), target_field, as_object(h), old)) Py_XDECREF(old);
}

HPy ctx_Field_Load(HPyContext*, HPy source_object, HPyField source_field) noexcept {
    if constexpr (!kNoGil) return as_handle(Py_XNewRef(as_object(HPy{source_field._i})));
    return as_handle(load_field(as_object(source_object), source_field));
}

} // namespace hpystate::context
