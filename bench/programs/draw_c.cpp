// draw_c.cpp: a canvas for Python, as the back end of a plotting package: the C API.
//
//     canvas.set_pen((0.1, 0.4, 0.8, 1.0), 2.0)
//     canvas.line((0.0, 0.0), view.point(3.0, 4.0))
//
// Colours and points are tuples of floats. draw_hpy.cpp is the same against HPy.
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "canvas.h"

#include <new>

using drawing::Affine;
using drawing::Canvas;
using drawing::Colour;
using drawing::Point;

static PyTypeObject *Canvas_Type, *Transform_Type;

struct CanvasObject {
    PyObject_HEAD Canvas canvas;
};
struct TransformObject {
    PyObject_HEAD Affine affine;
};

static Canvas& canvas_of(PyObject* self) {
    return reinterpret_cast<CanvasObject*>(self)->canvas;
}
static Affine& affine_of(PyObject* self) {
    return reinterpret_cast<TransformObject*>(self)->affine;
}

// ---- what arguments are: false with an exception set ----

static bool expect(const char* function, Py_ssize_t given, Py_ssize_t wanted) {
    if (given == wanted) return true;
    PyErr_Format(PyExc_TypeError, "%s: %zd arguments were expected, not %zd", function, wanted,
                 given);
    return false;
}

static bool read_number(PyObject* from, double& number) {
    number = PyFloat_AsDouble(from);
    return number != -1.0 || !PyErr_Occurred();
}

/// The items of a tuple of `count` numbers.
static bool read_tuple(PyObject* from, double* numbers, Py_ssize_t count, const char* what) {
    if (!PyTuple_Check(from) || PyTuple_GET_SIZE(from) != count) {
        PyErr_Format(PyExc_TypeError, "%s: a tuple of %zd numbers was expected", what, count);
        return false;
    }
    for (Py_ssize_t i = 0; i < count; i++)
        if (!read_number(PyTuple_GET_ITEM(from, i), numbers[i])) return false;
    return true;
}

static bool read_point(PyObject* from, Point& point) {
    double numbers[2];
    if (!read_tuple(from, numbers, 2, "point")) return false;
    point = {numbers[0], numbers[1]};
    return true;
}

static bool read_colour(PyObject* from, Colour& colour) {
    double numbers[4];
    if (!read_tuple(from, numbers, 4, "colour")) return false;
    colour = {numbers[0], numbers[1], numbers[2], numbers[3]};
    if (colour.valid()) return true;
    PyErr_SetString(PyExc_ValueError, "colour: the numbers must be 0 to 1");
    return false;
}

/// A transform, or None for one that changes nothing.
static bool read_transform(PyObject* from, const Affine*& affine) {
    static const Affine same = {1.0, 0.0, 0.0, 1.0, 0.0, 0.0};
    if (from == Py_None) {
        affine = &same;
    } else if (PyObject_TypeCheck(from, Transform_Type)) {
        affine = &affine_of(from);
    } else {
        PyErr_SetString(PyExc_TypeError, "transform: a Transform or None was expected");
        return false;
    }
    return true;
}

/// Runs what may throw std::bad_alloc, or return false with an exception set; None if it did
/// neither.
template <class Draw>
static PyObject* drawn(Draw draw) {
    try {
        if (!draw()) return nullptr;
    } catch (const std::bad_alloc&) {
        return PyErr_NoMemory();
    }
    Py_RETURN_NONE;
}

/// A tuple of floats.
static PyObject* make_tuple(const double* numbers, Py_ssize_t count) {
    PyObject* made = PyTuple_New(count);
    for (Py_ssize_t i = 0; made != nullptr && i < count; i++) {
        PyObject* number = PyFloat_FromDouble(numbers[i]);
        if (number == nullptr) {
            Py_CLEAR(made);
        } else {
            PyTuple_SET_ITEM(made, i, number);
        }
    }
    return made;
}

// ---- Transform ----

static PyObject* make_transform(const Affine& affine) {
    PyObject* made = Transform_Type->tp_alloc(Transform_Type, 0);
    if (made != nullptr) affine_of(made) = affine;
    return made;
}

static PyObject* Transform_new(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
    Affine read;
    PyObject* made;
    if (kwargs != nullptr && PyDict_GET_SIZE(kwargs) != 0) {
        PyErr_SetString(PyExc_TypeError, "Transform: no arguments by name were expected");
        return nullptr;
    }
    if (!PyArg_ParseTuple(args, "dddddd:Transform", &read.a, &read.b, &read.c, &read.d, &read.e,
                          &read.f)) {
        return nullptr;
    }
    made = type->tp_alloc(type, 0);
    if (made != nullptr) affine_of(made) = read;
    return made;
}

/// point(x, y): where the point is moved to
static PyObject* Transform_point(PyObject* self, PyObject* const* args, Py_ssize_t nargs) {
    Point at;
    if (!expect("point", nargs, 2) || !read_number(args[0], at.x) || !read_number(args[1], at.y)) {
        return nullptr;
    }
    at = affine_of(self).apply(at);
    const double numbers[] = {at.x, at.y};
    return make_tuple(numbers, 2);
}

/// moved(x, y): the same transform, and then a move
static PyObject* Transform_moved(PyObject* self, PyObject* const* args, Py_ssize_t nargs) {
    Affine affine = affine_of(self);
    double x, y;
    if (!expect("moved", nargs, 2) || !read_number(args[0], x) || !read_number(args[1], y)) {
        return nullptr;
    }
    affine.e += x;
    affine.f += y;
    return make_transform(affine);
}

/// outer @ inner: first inner, then outer
static PyObject* Transform_matmul(PyObject* outer, PyObject* inner) {
    if (!PyObject_TypeCheck(outer, Transform_Type) || !PyObject_TypeCheck(inner, Transform_Type)) {
        Py_RETURN_NOTIMPLEMENTED;
    }
    return make_transform(affine_of(outer).after(affine_of(inner)));
}

static void Transform_dealloc(PyObject* self) {
    PyTypeObject* type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

// ---- Canvas ----

static PyObject* Canvas_new(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
    double width, height;
    PyObject* made;
    if (kwargs != nullptr && PyDict_GET_SIZE(kwargs) != 0) {
        PyErr_SetString(PyExc_TypeError, "Canvas: no arguments by name were expected");
        return nullptr;
    }
    if (!PyArg_ParseTuple(args, "dd:Canvas", &width, &height)) return nullptr;
    made = type->tp_alloc(type, 0);
    if (made != nullptr) new (&canvas_of(made)) Canvas(width, height);
    return made;
}

static PyObject* Canvas_clear(PyObject* self, PyObject*) {
    canvas_of(self).clear();
    Py_RETURN_NONE;
}

/// set_pen(colour, width)
static PyObject* Canvas_set_pen(PyObject* self, PyObject* const* args, Py_ssize_t nargs) {
    Colour colour;
    double width;
    if (!expect("set_pen", nargs, 2) || !read_colour(args[0], colour) ||
        !read_number(args[1], width)) {
        return nullptr;
    }
    canvas_of(self).set_pen(colour, width);
    Py_RETURN_NONE;
}

/// line(from, to)
static PyObject* Canvas_line(PyObject* self, PyObject* const* args, Py_ssize_t nargs) {
    Point from, to;
    if (!expect("line", nargs, 2) || !read_point(args[0], from) || !read_point(args[1], to)) {
        return nullptr;
    }
    return drawn([&] {
        canvas_of(self).line(from, to);
        return true;
    });
}

/// rectangle(x, y, width, height)
static PyObject* Canvas_rectangle(PyObject* self, PyObject* const* args, Py_ssize_t nargs) {
    double numbers[4];
    if (!expect("rectangle", nargs, 4)) return nullptr;
    for (int i = 0; i < 4; i++)
        if (!read_number(args[i], numbers[i])) return nullptr;
    return drawn([&] {
        canvas_of(self).rectangle(numbers[0], numbers[1], numbers[2], numbers[3]);
        return true;
    });
}

/// marker(point, size, transform)
static PyObject* Canvas_marker(PyObject* self, PyObject* const* args, Py_ssize_t nargs) {
    const Affine* affine;
    Point at;
    double size;
    if (!expect("marker", nargs, 3) || !read_point(args[0], at) || !read_number(args[1], size) ||
        !read_transform(args[2], affine)) {
        return nullptr;
    }
    return drawn([&] {
        canvas_of(self).marker(affine->apply(at), size);
        return true;
    });
}

static PyObject* draw_path(Canvas& canvas, PyObject* points, PyObject* transform, bool closed) {
    const Affine* affine;
    if (!read_transform(transform, affine)) return nullptr;
    if (!PyList_Check(points)) {
        PyErr_SetString(PyExc_TypeError, "path: a list of points was expected");
        return nullptr;
    }
    return drawn([&] {
        Point first = {0.0, 0.0}, last = first, next;
        // To read a number may run Python code, which may change the list.
        for (Py_ssize_t i = 0; i < PyList_GET_SIZE(points); i++) {
            PyObject* item = Py_NewRef(PyList_GET_ITEM(points, i));
            const bool read = read_point(item, next);
            Py_DECREF(item);
            if (!read) return false;
            next = affine->apply(next);
            if (i == 0) {
                first = next;
            } else {
                canvas.line(last, next);
            }
            last = next;
        }
        if (closed) canvas.line(last, first);
        return true;
    });
}

/// path(points, transform=None, closed=False): a line through a list of points
static PyObject* Canvas_path(PyObject* self, PyObject* args, PyObject* kwargs) {
    static const char* const names[] = {"points", "transform", "closed", nullptr};
    PyObject *points, *transform = Py_None;
    int closed = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|Oi:path", const_cast<char**>(names), &points,
                                     &transform, &closed)) {
        return nullptr;
    }
    return draw_path(canvas_of(self), points, transform, closed != 0);
}

/// size() -> (width, height)
static PyObject* Canvas_size(PyObject* self, PyObject*) {
    const double numbers[] = {canvas_of(self).width, canvas_of(self).height};
    return make_tuple(numbers, 2);
}

static PyObject* Canvas_sum(PyObject* self, PyObject*) {
    return PyFloat_FromDouble(canvas_of(self).sum());
}

static PyObject* Canvas_get_count(PyObject* self, void*) {
    return PyLong_FromSize_t(canvas_of(self).count());
}

static PyObject* Canvas_get_width(PyObject* self, void*) {
    return PyFloat_FromDouble(canvas_of(self).pen_width());
}

static int Canvas_set_width(PyObject* self, PyObject* value, void*) {
    double width;
    if (value == nullptr) {
        PyErr_SetString(PyExc_AttributeError, "pen_width cannot be deleted");
        return -1;
    }
    if (!read_number(value, width)) return -1;
    canvas_of(self).set_pen_width(width);
    return 0;
}

static void Canvas_dealloc(PyObject* self) {
    PyTypeObject* type = Py_TYPE(self);
    canvas_of(self).~Canvas();
    type->tp_free(self);
    Py_DECREF(type);
}

// ---- types and module ----

template <class Function>
static PyCFunction function(Function* its) {
    return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(its));
}

static PyMethodDef transform_methods[] = {
    {"point", function(Transform_point), METH_FASTCALL, nullptr},
    {"moved", function(Transform_moved), METH_FASTCALL, nullptr},
    {nullptr, nullptr, 0, nullptr}};
static PyType_Slot transform_slots[] = {
    {Py_tp_new, reinterpret_cast<void*>(Transform_new)},
    {Py_tp_dealloc, reinterpret_cast<void*>(Transform_dealloc)},
    {Py_tp_methods, transform_methods},
    {Py_nb_matrix_multiply, reinterpret_cast<void*>(Transform_matmul)},
    {0, nullptr}};

static PyMethodDef canvas_methods[] = {
    {"clear", Canvas_clear, METH_NOARGS, nullptr},
    {"set_pen", function(Canvas_set_pen), METH_FASTCALL, nullptr},
    {"line", function(Canvas_line), METH_FASTCALL, nullptr},
    {"rectangle", function(Canvas_rectangle), METH_FASTCALL, nullptr},
    {"marker", function(Canvas_marker), METH_FASTCALL, nullptr},
    {"path", function(Canvas_path), METH_VARARGS | METH_KEYWORDS, nullptr},
    {"size", Canvas_size, METH_NOARGS, nullptr},
    {"sum", Canvas_sum, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr}};
static PyGetSetDef canvas_getset[] = {
    {"count", Canvas_get_count, nullptr, nullptr, nullptr},
    {"pen_width", Canvas_get_width, Canvas_set_width, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};
static PyType_Slot canvas_slots[] = {{Py_tp_new, reinterpret_cast<void*>(Canvas_new)},
                                     {Py_tp_dealloc, reinterpret_cast<void*>(Canvas_dealloc)},
                                     {Py_tp_methods, canvas_methods},
                                     {Py_tp_getset, canvas_getset},
                                     {0, nullptr}};

static PyType_Spec specs[] = {
    {"draw_c.Canvas", sizeof(CanvasObject), 0, Py_TPFLAGS_DEFAULT, canvas_slots},
    {"draw_c.Transform", sizeof(TransformObject), 0, Py_TPFLAGS_DEFAULT, transform_slots}};

static int execute(PyObject* module) {
    PyTypeObject** const types[] = {&Canvas_Type, &Transform_Type};
    for (int i = 0; i < 2; i++) {
        PyObject* made = PyType_FromModuleAndSpec(module, &specs[i], nullptr);
        *types[i] = reinterpret_cast<PyTypeObject*>(made);
        if (made == nullptr || PyModule_AddType(module, *types[i]) < 0) return -1;
    }
    return 0;
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, reinterpret_cast<void*>(execute)}, {0, nullptr}};
static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "draw_c", nullptr, 0, nullptr, slots, nullptr, nullptr, nullptr};
PyMODINIT_FUNC PyInit_draw_c() {
    return PyModuleDef_Init(&definition);
}
