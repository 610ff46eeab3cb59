/* array_c.c: arrays of numbers: items, slices that share memory, buffers, arithmetic: the C API.
 *
 *     a[1:-1] = (a[:-2] + a[2:]) * 0.5
 *
 * array_hpy.c is the same against HPy.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "spans.h"

static PyTypeObject* Array_Type;

typedef struct {
    PyObject_HEAD Span span;
    Py_ssize_t bytes; /* between two numbers, for buffers */
    double* owned;    /* the memory, which this array frees; NULL: it belongs to the base */
    PyObject* base;   /* the array that the memory belongs to; NULL: this one */
} Array;

static Span span_of(PyObject* array) {
    return ((Array*)array)->span;
}

/* ---- making arrays ---- */

static void fill(Array* array, Span span) {
    array->span = span;
    array->bytes = span.stride * (Py_ssize_t)sizeof(double);
}

/* Takes the memory of `span`; frees it if the array cannot be made. */
static PyObject* make_owner(PyTypeObject* type, Span span) {
    PyObject* made;
    if (span.data == NULL) return PyErr_NoMemory();
    made = type->tp_alloc(type, 0);
    if (made == NULL) {
        free(span.data);
        return NULL;
    }
    fill((Array*)made, span);
    ((Array*)made)->owned = span.data;
    return made;
}

static PyObject* make_slice(PyObject* array, Span span) {
    PyObject* base = ((Array*)array)->base;
    PyObject* made = Array_Type->tp_alloc(Array_Type, 0);
    if (made == NULL) return NULL;
    fill((Array*)made, span);
    ((Array*)made)->base = Py_NewRef(base != NULL ? base : array);
    return made;
}

/* Array(list) */
static PyObject* Array_new(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
    PyObject* items;
    Span span;
    if (PyTuple_GET_SIZE(args) != 1 || (kwargs != NULL && PyDict_GET_SIZE(kwargs) != 0) ||
        !PyList_Check(PyTuple_GET_ITEM(args, 0))) {
        PyErr_SetString(PyExc_TypeError, "Array: a list of numbers was expected");
        return NULL;
    }
    items = PyTuple_GET_ITEM(args, 0);
    span = span_new(PyList_GET_SIZE(items));
    if (span.data == NULL) return PyErr_NoMemory();
    for (Py_ssize_t i = 0; i < span.length; i++) {
        PyObject* item = PyList_GetItem(items, i); /* the list may have become shorter */
        if (item == NULL) goto failed;
        Py_INCREF(item); /* __float__ may take it out of the list */
        span.data[i] = PyFloat_AsDouble(item);
        Py_DECREF(item);
        if (span.data[i] == -1.0 && PyErr_Occurred()) goto failed;
    }
    return make_owner(type, span);
failed:
    free(span.data);
    return NULL;
}

/* ---- items and slices ---- */

static Py_ssize_t Array_length(PyObject* self) {
    return span_of(self).length;
}

/* The place of an item: 0; -1 with an exception set. */
static int read_index(PyObject* key, Py_ssize_t length, Py_ssize_t* index) {
    if (PyLong_Check(key)) {
        *index = PyLong_AsSsize_t(key);
    } else {
        PyObject* number = PyNumber_Index(key);
        if (number == NULL) return -1;
        *index = PyLong_AsSsize_t(number);
        Py_DECREF(number);
    }
    if (*index == -1 && PyErr_Occurred()) return -1;
    if (*index < 0) *index += length;
    if (*index >= 0 && *index < length) return 0;
    PyErr_SetString(PyExc_IndexError, "Array: the index is out of range");
    return -1;
}

static int read_slice(PyObject* array, PyObject* key, Span* span) {
    Py_ssize_t start, stop, step, length;
    if (PySlice_Unpack(key, &start, &stop, &step) < 0) return -1;
    length = PySlice_AdjustIndices(span_of(array).length, &start, &stop, step);
    *span = span_slice(span_of(array), start, length, step);
    return 0;
}

static PyObject* Array_subscript(PyObject* self, PyObject* key) {
    Span span = span_of(self);
    Py_ssize_t index;
    if (PySlice_Check(key)) {
        if (read_slice(self, key, &span) < 0) return NULL;
        return make_slice(self, span);
    }
    if (read_index(key, span.length, &index) < 0) return NULL;
    return PyFloat_FromDouble(span.data[index * span.stride]);
}

/* Makes a span of an array, or of a number, that has `length`: 1; 0: it is neither; -1 with an
 * exception set. `number` must live as long as the span. */
static int read_operand(PyObject* operand, Py_ssize_t length, double* number, Span* span) {
    if (PyObject_TypeCheck(operand, Array_Type)) {
        *span = span_of(operand);
        if (span->length == length) return 1;
        PyErr_Format(PyExc_ValueError, "Array: %zd numbers were expected, not %zd", length,
                     span->length);
        return -1;
    }
    if (!PyFloat_Check(operand) && !PyLong_Check(operand)) return 0;
    *number = PyFloat_AsDouble(operand);
    if (*number == -1.0 && PyErr_Occurred()) return -1;
    *span = span_of_number(number, length);
    return 1;
}

static int Array_ass_subscript(PyObject* self, PyObject* key, PyObject* value) {
    Span span = span_of(self), from;
    double number;
    int is_operand;
    if (value == NULL) {
        PyErr_SetString(PyExc_TypeError, "Array: items cannot be deleted");
        return -1;
    }
    if (PySlice_Check(key)) {
        if (read_slice(self, key, &span) < 0) return -1;
    } else {
        Py_ssize_t index;
        if (read_index(key, span.length, &index) < 0) return -1;
        number = PyFloat_AsDouble(value);
        if (number == -1.0 && PyErr_Occurred()) return -1;
        span.data[index * span.stride] = number;
        return 0;
    }
    is_operand = read_operand(value, span.length, &number, &from);
    if (is_operand == 0) {
        PyErr_SetString(PyExc_TypeError, "Array: an Array or a number was expected");
    }
    if (is_operand <= 0) return -1;
    if (from.stride != 0 && span_overlaps(span, from)) {
        const Span between = span_new(span.length);
        if (between.data == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        span_copy(between, from);
        span_copy(span, between);
        free(between.data);
    } else {
        span_copy(span, from);
    }
    return 0;
}

/* ---- arithmetic ---- */

static PyObject* compute(PyObject* a, PyObject* b, void (*operation)(Span, Span, Span)) {
    const int a_is_array = PyObject_TypeCheck(a, Array_Type);
    const Py_ssize_t length = span_of(a_is_array ? a : b).length;
    Span left, right, made;
    double left_number, right_number;
    int is_operand = read_operand(a, length, &left_number, &left);
    if (is_operand == 1) is_operand = read_operand(b, length, &right_number, &right);
    if (is_operand < 0) return NULL;
    if (is_operand == 0) return Py_NewRef(Py_NotImplemented);
    made = span_new(length);
    if (made.data == NULL) return PyErr_NoMemory();
    operation(made, left, right);
    return make_owner(Array_Type, made);
}

static PyObject* Array_add(PyObject* a, PyObject* b) {
    return compute(a, b, span_add);
}
static PyObject* Array_subtract(PyObject* a, PyObject* b) {
    return compute(a, b, span_subtract);
}
static PyObject* Array_multiply(PyObject* a, PyObject* b) {
    return compute(a, b, span_multiply);
}

static PyObject* Array_inplace_add(PyObject* self, PyObject* other) {
    const Span span = span_of(self);
    double number;
    Span right;
    const int is_operand = read_operand(other, span.length, &number, &right);
    if (is_operand < 0) return NULL;
    if (is_operand == 0) return Py_NewRef(Py_NotImplemented);
    span_add(span, span, right);
    return Py_NewRef(self);
}

static PyObject* Array_dot(PyObject* a, PyObject* b) {
    double number;
    Span right;
    if (!PyObject_TypeCheck(a, Array_Type) || !PyObject_TypeCheck(b, Array_Type)) {
        return Py_NewRef(Py_NotImplemented);
    }
    if (read_operand(b, span_of(a).length, &number, &right) < 0) return NULL;
    return PyFloat_FromDouble(span_dot(span_of(a), right));
}

static PyObject* Array_sum(PyObject* self, PyObject* unused) {
    return PyFloat_FromDouble(span_sum(span_of(self)));
}

static PyObject* Array_list(PyObject* self, PyObject* unused) {
    const Span span = span_of(self);
    PyObject* made = PyList_New(span.length);
    for (Py_ssize_t i = 0; made != NULL && i < span.length; i++) {
        PyObject* item = PyFloat_FromDouble(span.data[i * span.stride]);
        if (item == NULL) {
            Py_CLEAR(made);
        } else {
            PyList_SET_ITEM(made, i, item);
        }
    }
    return made;
}

/* ---- buffers ---- */

static int Array_getbuffer(PyObject* self, Py_buffer* view, int flags) {
    Array* array = (Array*)self;
    if ((flags & PyBUF_STRIDES) != PyBUF_STRIDES && array->span.stride != 1) {
        view->obj = NULL;
        PyErr_SetString(PyExc_BufferError,
                        "Array: a slice with a step needs a buffer with strides");
        return -1;
    }
    view->buf = array->span.data;
    view->obj = Py_NewRef(self);
    view->len = array->span.length * (Py_ssize_t)sizeof(double);
    view->itemsize = sizeof(double);
    view->readonly = 0;
    view->ndim = 1;
    view->format = (flags & PyBUF_FORMAT) == PyBUF_FORMAT ? "d" : NULL;
    view->shape = (flags & PyBUF_ND) == PyBUF_ND ? &array->span.length : NULL;
    view->strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES ? &array->bytes : NULL;
    view->suboffsets = NULL;
    view->internal = NULL;
    return 0;
}

/* ---- type and module ---- */

static int Array_traverse(PyObject* self, visitproc visit, void* arg) {
    Py_VISIT(((Array*)self)->base);
    Py_VISIT(Py_TYPE(self));
    return 0;
}

static void Array_dealloc(PyObject* self) {
    PyTypeObject* type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    free(((Array*)self)->owned);
    Py_CLEAR(((Array*)self)->base);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef array_methods[] = {{"sum", Array_sum, METH_NOARGS, NULL},
                                      {"list", Array_list, METH_NOARGS, NULL},
                                      {NULL, NULL, 0, NULL}};
static PyType_Slot array_slots[] = {{Py_tp_new, Array_new},
                                    {Py_tp_traverse, Array_traverse},
                                    {Py_tp_dealloc, Array_dealloc},
                                    {Py_tp_methods, array_methods},
                                    {Py_mp_length, Array_length},
                                    {Py_mp_subscript, Array_subscript},
                                    {Py_mp_ass_subscript, Array_ass_subscript},
                                    {Py_nb_add, Array_add},
                                    {Py_nb_subtract, Array_subtract},
                                    {Py_nb_multiply, Array_multiply},
                                    {Py_nb_inplace_add, Array_inplace_add},
                                    {Py_nb_matrix_multiply, Array_dot},
                                    {Py_bf_getbuffer, Array_getbuffer},
                                    {0, NULL}};
static PyType_Spec spec = {"array_c.Array", sizeof(Array), 0,
                           Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, array_slots};

static int execute(PyObject* module) {
    Array_Type = (PyTypeObject*)PyType_FromModuleAndSpec(module, &spec, NULL);
    return Array_Type != NULL ? PyModule_AddType(module, Array_Type) : -1;
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, execute}, {0, NULL}};
static PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT, .m_name = "array_c", .m_slots = slots};
PyMODINIT_FUNC PyInit_array_c(void) {
    return PyModuleDef_Init(&definition);
}
