/* context.h: the type Context of decimal_like.c: a precision, and what happened. */
#ifndef PYGLOBAL_CONTEXT_H
#define PYGLOBAL_CONTEXT_H

#include <Python.h>

#include "back_ends.h"
#include "number.h"

typedef struct {
    PyObject_HEAD Py_ssize_t precision;
    unsigned status;
} Context;

static PyObject* make_context(PyTypeObject* type, Py_ssize_t precision) {
    Context* self;
    if (precision < 1 || precision > MAX_PRECISION) {
        PyErr_Format(PyExc_ValueError, "a precision from 1 to %d was expected, not %zd",
                     MAX_PRECISION, precision);
        return NULL;
    }
    self = (Context*)type->tp_alloc(type, 0);
    if (self != NULL) self->precision = precision;
    return (PyObject*)self;
}

/* The context of the calling thread, a new reference: 1; 0: there is none yet; -1. */
static inline int find_context(PyObject* context_var, Context** context) {
    PyObject* found = NULL;
    const int result = PyContextVar_Get(context_var, NULL, &found);
    *context = (Context*)found;
    return result < 0 ? -1 : found != NULL;
}
static Context* first_context(PyObject* context_var, PyObject* context_type) {
    PyObject *token, *context = make_context((PyTypeObject*)context_type, 28);
    if (context == NULL) return NULL;
    token = PyContextVar_Set(context_var, context);
    if (token == NULL) Py_CLEAR(context);
    Py_XDECREF(token);
    return (Context*)context;
}
/* Sets `context` to it, or to NULL. */
#define CURRENT_CONTEXT(context)                                                                   \
    do {                                                                                           \
        if (find_context(GET(context_var), &(context)) == 0)                                       \
            (context) = first_context(GET(context_var), GET(Context));                             \
    } while (0)

static PyObject* new_context(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
    static char* names[] = {"prec", NULL};
    Py_ssize_t precision = 28;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|n", names, &precision)) return NULL;
    return make_context(type, precision);
}
static PyObject* context_precision(PyObject* self, void* ignored) {
    return PyLong_FromSsize_t(((Context*)self)->precision);
}
static int set_context_precision(PyObject* self, PyObject* value, void* ignored) {
    const Py_ssize_t precision = value != NULL ? PyLong_AsSsize_t(value) : 0;
    if (precision == -1 && PyErr_Occurred()) return -1;
    if (precision < 1 || precision > MAX_PRECISION) {
        PyErr_Format(PyExc_ValueError, "a precision from 1 to %d was expected, not %zd",
                     MAX_PRECISION, precision);
        return -1;
    }
    ((Context*)self)->precision = precision;
    return 0;
}
static PyObject* context_inexact(PyObject* self, void* ignored) {
    return PyBool_FromLong(((Context*)self)->status & INEXACT);
}
static PyGetSetDef context_getsets[] = {
    {"prec", context_precision, set_context_precision, NULL, NULL},
    {"inexact", context_inexact, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL}};
static PyType_Slot context_slots[] = {
    {Py_tp_new, new_context}, {Py_tp_getset, context_getsets}, {0, NULL}};
static PyType_Spec context_spec = {MODULE_NAME ".Context", sizeof(Context), 0, Py_TPFLAGS_DEFAULT,
                                   context_slots};

#endif
