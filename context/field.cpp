/// context/field.cpp: references from an object's struct to other objects.
///
/// Without the GIL a store holds the owner's critical section, so of two stores each old object is
/// released once. A load is given the field by value: what it says was read by the extension before
/// any lock could be taken, so an extension that says it is safe must not load a field in one
/// thread while another stores to it. A word that is not the object's address cannot help:
/// CPython's members (HPyMember_OBJECT) read and write the same field.
#include <Python.h>

#include "context/critical_section.h"
#include "context/functions.h"
#include "context/handle.h"

#include <utility>

namespace hpystate::context {

void ctx_Field_Store(HPyContext*, HPy target_object, HPyField* target_field, HPy h) noexcept {
    PyObject* const object = as_object(h);
    PyObject* old = nullptr;
    Py_XINCREF(object);
    {
        const CriticalSection section(as_object(target_object));
        old = as_object(HPy{std::exchange(target_field->_i, h._i)});
    }
    // The new value stands before the old one is released, whose destructor may read this field.
    Py_XDECREF(old);
}

HPy ctx_Field_Load(HPyContext*, HPy source_object, HPyField source_field) noexcept {
    const CriticalSection section(as_object(source_object));
    return as_handle(Py_XNewRef(as_object(HPy{source_field._i})));
}

} // namespace hpystate::context
