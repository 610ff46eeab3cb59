/// context/field.cpp: references from an object's struct to other objects.
#include <Python.h>

#include "context/functions.h"
#include "context/handle.h"

#include <utility>

namespace hpystate::context {

void ctx_Field_Store(HPyContext*, HPy, HPyField* target_field, HPy h) noexcept {
    PyObject* const object = as_object(h);
    Py_XINCREF(object);
    // The new value stands before the old one is released, whose destructor may read this field.
    PyObject* const old = as_object(HPy{std::exchange(target_field->_i, h._i)});
    Py_XDECREF(old);
}

HPy ctx_Field_Load(HPyContext*, HPy, HPyField source_field) noexcept {
    return as_handle(Py_XNewRef(as_object(HPy{source_field._i})));
}

} // namespace hpystate::context
