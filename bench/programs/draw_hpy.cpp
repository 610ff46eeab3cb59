// draw_hpy.cpp: a canvas for Python, as the back end of a plotting package: HPy.
//
// draw_c.cpp line by line, but for what HPy does otherwise: the type is in a global, and the items
// of tuples and lists are handles to close.
#include "canvas.h"
#include "globals.h"

#include <new>

using drawing::Affine;
using drawing::Canvas;
using drawing::Colour;
using drawing::Point;

static HPyGlobal Transform_Type;

HPyType_HELPERS(Canvas)
HPyType_HELPERS(Affine)

// ---- what arguments are: false with an exception set ----

static bool expect(HPyContext* ctx, const char* function, size_t given, size_t wanted) {
    if (given == wanted) return true;
    HPyErr_Format(ctx, ctx->h_TypeError, "%s: %zd arguments were expected, not %zd", function,
                  static_cast<HPy_ssize_t>(wanted), static_cast<HPy_ssize_t>(given));
    return false;
}

static bool read_number(HPyContext* ctx, HPy from, double& number) {
    number = HPyFloat_AsDouble(ctx, from);
    return number != -1.0 || !HPyErr_Occurred(ctx);
}

/// The items of a tuple of `count` numbers.
static bool read_tuple(HPyContext* ctx, HPy from, double* numbers, HPy_ssize_t count,
                       const char* what) {
    if (!HPyTuple_Check(ctx, from) || HPy_Length(ctx, from) != count) {
        HPyErr_Format(ctx, ctx->h_TypeError, "%s: a tuple of %zd numbers was expected", what,
                      count);
        return false;
    }
    for (HPy_ssize_t i = 0; i < count; i++) {
        const HPy item = HPy_GetItem_i(ctx, from, i);
        if (HPy_IsNull(item)) return false;
        const bool read = read_number(ctx, item, numbers[i]);
        HPy_Close(ctx, item);
        if (!read) return false;
    }
    return true;
}

static bool read_point(HPyContext* ctx, HPy from, Point& point) {
    double numbers[2];
    if (!read_tuple(ctx, from, numbers, 2, "point")) return false;
    point = {numbers[0], numbers[1]};
    return true;
}

static bool read_colour(HPyContext* ctx, HPy from, Colour& colour) {
    double numbers[4];
    if (!read_tuple(ctx, from, numbers, 4, "colour")) return false;
    colour = {numbers[0], numbers[1], numbers[2], numbers[3]};
    if (colour.valid()) return true;
    HPyErr_SetString(ctx, ctx->h_ValueError, "colour: the numbers must be 0 to 1");
    return false;
}

/// A transform, or None for one that changes nothing.
static bool read_transform(HPyContext* ctx, HPy from, const Affine*& affine) {
    static const Affine same = {1.0, 0.0, 0.0, 1.0, 0.0, 0.0};
    if (HPy_Is(ctx, from, ctx->h_None)) {
        affine = &same;
    } else if (IS_INSTANCE(from, Transform_Type)) {
        affine = Affine_AsStruct(ctx, from);
    } else {
        HPyErr_SetString(ctx, ctx->h_TypeError, "transform: a Transform or None was expected");
        return false;
    }
    return true;
}

static HPy none(HPyContext* ctx) {
    return HPy_Dup(ctx, ctx->h_None);
}

/// Runs what may throw std::bad_alloc, or return false with an exception set; None if it did
/// neither.
template <class Draw>
static HPy drawn(HPyContext* ctx, Draw draw) {
    try {
        if (!draw()) return HPy_NULL;
    } catch (const std::bad_alloc&) {
        return HPyErr_NoMemory(ctx);
    }
    return none(ctx);
}

/// A tuple of two floats.
static HPy make_pair(HPyContext* ctx, double first, double second) {
    HPy made = HPy_NULL;
    HPy items[] = {HPyFloat_FromDouble(ctx, first), HPyFloat_FromDouble(ctx, second)};
    if (!HPy_IsNull(items[0]) && !HPy_IsNull(items[1])) made = HPyTuple_FromArray(ctx, items, 2);
    for (const HPy item : items)
        if (!HPy_IsNull(item)) HPy_Close(ctx, item);
    return made;
}

// ---- Transform ----

static HPy make_transform(HPyContext* ctx, const Affine& affine) {
    Affine* data;
    const HPy made = NEW(Transform_Type, &data);
    if (!HPy_IsNull(made)) *data = affine;
    return made;
}

HPyDef_SLOT(Transform_new, HPy_tp_new)
static HPy Transform_new_impl(HPyContext* ctx, HPy type, const HPy* args, HPy_ssize_t nargs,
                              HPy kw) {
    Affine read, *data;
    if (!HPy_IsNull(kw) && HPy_Length(ctx, kw) != 0) {
        HPyErr_SetString(ctx, ctx->h_TypeError, "Transform: no arguments by name were expected");
        return HPy_NULL;
    }
    if (!HPyArg_Parse(ctx, nullptr, args, nargs, "dddddd:Transform", &read.a, &read.b, &read.c,
                      &read.d, &read.e, &read.f)) {
        return HPy_NULL;
    }
    const HPy made = HPy_New(ctx, type, &data);
    if (!HPy_IsNull(made)) *data = read;
    return made;
}

/// point(x, y): where the point is moved to
HPyDef_METH(Transform_point, "point", HPyFunc_VARARGS)
static HPy Transform_point_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs) {
    Point at;
    if (!expect(ctx, "point", nargs, 2) || !read_number(ctx, args[0], at.x) ||
        !read_number(ctx, args[1], at.y)) {
        return HPy_NULL;
    }
    at = Affine_AsStruct(ctx, self)->apply(at);
    return make_pair(ctx, at.x, at.y);
}

/// moved(x, y): the same transform, and then a move
HPyDef_METH(Transform_moved, "moved", HPyFunc_VARARGS)
static HPy Transform_moved_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs) {
    Affine affine = *Affine_AsStruct(ctx, self);
    double x, y;
    if (!expect(ctx, "moved", nargs, 2) || !read_number(ctx, args[0], x) ||
        !read_number(ctx, args[1], y)) {
        return HPy_NULL;
    }
    affine.e += x;
    affine.f += y;
    return make_transform(ctx, affine);
}

/// outer @ inner: first inner, then outer
HPyDef_SLOT(Transform_matmul, HPy_nb_matrix_multiply)
static HPy Transform_matmul_impl(HPyContext* ctx, HPy outer, HPy inner) {
    if (!IS_INSTANCE(outer, Transform_Type) || !IS_INSTANCE(inner, Transform_Type)) {
        return HPy_Dup(ctx, ctx->h_NotImplemented);
    }
    return make_transform(ctx, Affine_AsStruct(ctx, outer)->after(*Affine_AsStruct(ctx, inner)));
}

// ---- Canvas ----

HPyDef_SLOT(Canvas_new, HPy_tp_new)
static HPy Canvas_new_impl(HPyContext* ctx, HPy type, const HPy* args, HPy_ssize_t nargs, HPy kw) {
    double width, height;
    Canvas* data;
    if (!HPy_IsNull(kw) && HPy_Length(ctx, kw) != 0) {
        HPyErr_SetString(ctx, ctx->h_TypeError, "Canvas: no arguments by name were expected");
        return HPy_NULL;
    }
    if (!HPyArg_Parse(ctx, nullptr, args, nargs, "dd:Canvas", &width, &height)) return HPy_NULL;
    const HPy made = HPy_New(ctx, type, &data);
    if (!HPy_IsNull(made)) new (data) Canvas(width, height);
    return made;
}

HPyDef_METH(Canvas_clear, "clear", HPyFunc_NOARGS)
static HPy Canvas_clear_impl(HPyContext* ctx, HPy self) {
    Canvas_AsStruct(ctx, self)->clear();
    return none(ctx);
}

/// set_pen(colour, width)
HPyDef_METH(Canvas_set_pen, "set_pen", HPyFunc_VARARGS)
static HPy Canvas_set_pen_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs) {
    Colour colour;
    double width;
    if (!expect(ctx, "set_pen", nargs, 2) || !read_colour(ctx, args[0], colour) ||
        !read_number(ctx, args[1], width)) {
        return HPy_NULL;
    }
    Canvas_AsStruct(ctx, self)->set_pen(colour, width);
    return none(ctx);
}

/// line(from, to)
HPyDef_METH(Canvas_line, "line", HPyFunc_VARARGS)
static HPy Canvas_line_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs) {
    Point from, to;
    if (!expect(ctx, "line", nargs, 2) || !read_point(ctx, args[0], from) ||
        !read_point(ctx, args[1], to)) {
        return HPy_NULL;
    }
    return drawn(ctx, [&] {
        Canvas_AsStruct(ctx, self)->line(from, to);
        return true;
    });
}

/// rectangle(x, y, width, height)
HPyDef_METH(Canvas_rectangle, "rectangle", HPyFunc_VARARGS)
static HPy Canvas_rectangle_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs) {
    double numbers[4];
    if (!expect(ctx, "rectangle", nargs, 4)) return HPy_NULL;
    for (int i = 0; i < 4; i++)
        if (!read_number(ctx, args[i], numbers[i])) return HPy_NULL;
    return drawn(ctx, [&] {
        Canvas_AsStruct(ctx, self)->rectangle(numbers[0], numbers[1], numbers[2], numbers[3]);
        return true;
    });
}

/// marker(point, size, transform)
HPyDef_METH(Canvas_marker, "marker", HPyFunc_VARARGS)
static HPy Canvas_marker_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs) {
    const Affine* affine;
    Point at;
    double size;
    if (!expect(ctx, "marker", nargs, 3) || !read_point(ctx, args[0], at) ||
        !read_number(ctx, args[1], size) || !read_transform(ctx, args[2], affine)) {
        return HPy_NULL;
    }
    return drawn(ctx, [&] {
        Canvas_AsStruct(ctx, self)->marker(affine->apply(at), size);
        return true;
    });
}

static HPy draw_path(HPyContext* ctx, Canvas& canvas, HPy points, HPy transform, bool closed) {
    const Affine* affine;
    if (!read_transform(ctx, transform, affine)) return HPy_NULL;
    if (!HPyList_Check(ctx, points)) {
        HPyErr_SetString(ctx, ctx->h_TypeError, "path: a list of points was expected");
        return HPy_NULL;
    }
    return drawn(ctx, [&] {
        Point first = {0.0, 0.0}, last = first, next;
        // To read a number may run Python code, which may change the list.
        for (HPy_ssize_t i = 0; i < HPy_Length(ctx, points); i++) {
            const HPy item = HPy_GetItem_i(ctx, points, i);
            if (HPy_IsNull(item)) return false;
            const bool read = read_point(ctx, item, next);
            HPy_Close(ctx, item);
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
HPyDef_METH(Canvas_path, "path", HPyFunc_KEYWORDS)
static HPy Canvas_path_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs, HPy kwnames) {
    static const char* names[] = {"points", "transform", "closed", nullptr};
    HPyTracker tracker;
    HPy points, transform = ctx->h_None;
    int closed = 0;
    if (!HPyArg_ParseKeywords(ctx, &tracker, args, nargs, kwnames, "O|Oi:path", names, &points,
                              &transform, &closed)) {
        return HPy_NULL;
    }
    const HPy result = draw_path(ctx, *Canvas_AsStruct(ctx, self), points, transform, closed != 0);
    HPyTracker_Close(ctx, tracker);
    return result;
}

/// size() -> (width, height)
HPyDef_METH(Canvas_size, "size", HPyFunc_NOARGS)
static HPy Canvas_size_impl(HPyContext* ctx, HPy self) {
    const Canvas& canvas = *Canvas_AsStruct(ctx, self);
    return make_pair(ctx, canvas.width, canvas.height);
}

HPyDef_METH(Canvas_sum, "sum", HPyFunc_NOARGS)
static HPy Canvas_sum_impl(HPyContext* ctx, HPy self) {
    return HPyFloat_FromDouble(ctx, Canvas_AsStruct(ctx, self)->sum());
}

HPyDef_GET(Canvas_count, "count")
static HPy Canvas_count_get(HPyContext* ctx, HPy self, void*) {
    return HPyLong_FromSize_t(ctx, Canvas_AsStruct(ctx, self)->count());
}

HPyDef_GETSET(Canvas_width, "pen_width")
static HPy Canvas_width_get(HPyContext* ctx, HPy self, void*) {
    return HPyFloat_FromDouble(ctx, Canvas_AsStruct(ctx, self)->pen_width());
}
static int Canvas_width_set(HPyContext* ctx, HPy self, HPy value, void*) {
    double width;
    if (HPy_IsNull(value)) {
        HPyErr_SetString(ctx, ctx->h_AttributeError, "pen_width cannot be deleted");
        return -1;
    }
    if (!read_number(ctx, value, width)) return -1;
    Canvas_AsStruct(ctx, self)->set_pen_width(width);
    return 0;
}

HPyDef_SLOT(Canvas_destroy, HPy_tp_destroy)
static void Canvas_destroy_impl(void* data) {
    static_cast<Canvas*>(data)->~Canvas();
}

// ---- types and module ----

static HPyDef* transform_defines[] = {&Transform_new, &Transform_point, &Transform_moved,
                                      &Transform_matmul, nullptr};
static HPyDef* canvas_defines[] = {
    &Canvas_new,    &Canvas_clear,   &Canvas_set_pen, &Canvas_line, &Canvas_rectangle,
    &Canvas_marker, &Canvas_path,    &Canvas_size,    &Canvas_sum,  &Canvas_count,
    &Canvas_width,  &Canvas_destroy, nullptr};

static HPyType_Spec canvas_spec = {.name = "draw_hpy.Canvas",
                                   .basicsize = sizeof(Canvas),
                                   .flags = HPy_TPFLAGS_DEFAULT,
                                   .builtin_shape = SHAPE(Canvas),
                                   .defines = canvas_defines};
static HPyType_Spec transform_spec = {.name = "draw_hpy.Transform",
                                      .basicsize = sizeof(Affine),
                                      .flags = HPy_TPFLAGS_DEFAULT,
                                      .builtin_shape = SHAPE(Affine),
                                      .defines = transform_defines};

HPyDef_SLOT(execute, HPy_mod_exec)
static int execute_impl(HPyContext* ctx, HPy module) {
    const HPy transform = HPyType_FromSpec(ctx, &transform_spec, nullptr);
    if (HPy_IsNull(transform)) return -1;
    HPyGlobal_Store(ctx, &Transform_Type, transform);
    const bool failed = HPy_SetAttr_s(ctx, module, "Transform", transform) < 0;
    HPy_Close(ctx, transform);
    if (failed || !HPyHelpers_AddType(ctx, module, "Canvas", &canvas_spec, nullptr)) return -1;
    return 0;
}

static HPyDef* defines[] = {&execute, nullptr};
static HPyGlobal* globals[] = {&Transform_Type, nullptr};
static HPyModuleDef definition = {.defines = defines, .globals = globals};
HPy_MODINIT(draw_hpy, definition)
