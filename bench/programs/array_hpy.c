/* array_hpy.c: arrays of numbers: items, slices that share memory, buffers, arithmetic: HPy.
 *
 * array_c.c line by line, but for what HPy does otherwise: the type is in a global, the array that
 * the memory belongs to in a field, and what a buffer is to have is known by CPython's numbers.
 */
#include "globals.h"
#include "spans.h"

static HPyGlobal Array_Type;

typedef struct {
    Span span;
    HPy_ssize_t bytes; /* between two numbers, for buffers */
    double* owned;     /* the memory, which this array frees; NULL: it belongs to the base */
    HPyField base;     /* the array that the memory belongs to; null: this one */
} Array;
HPyType_HELPERS(Array)

static Span span_of(HPyContext* ctx, HPy array) {
    return Array_AsStruct(ctx, array)->span;
}

/* ---- making arrays ---- */

static void fill(Array* array, Span span) {
    array->span = span;
    array->bytes = span.stride * (HPy_ssize_t)sizeof(double);
}

/* Takes the memory of `span`; frees it if the array cannot be made. */
static HPy make_owner(HPyContext* ctx, Span span) {
    Array* array;
    HPy made;
    if (span.data == NULL) return HPyErr_NoMemory(ctx);
    made = NEW(Array_Type, &array);
    if (HPy_IsNull(made)) {
        free(span.data);
        return HPy_NULL;
    }
    fill(array, span);
    array->owned = span.data;
    return made;
}

static HPy make_slice(HPyContext* ctx, HPy self, Span span) {
    const HPyField its_base = Array_AsStruct(ctx, self)->base;
    Array* array;
    HPy made = NEW(Array_Type, &array);
    if (HPy_IsNull(made)) return HPy_NULL;
    fill(array, span);
    if (HPyField_IsNull(its_base)) {
        HPyField_Store(ctx, made, &array->base, self);
    } else {
        HPy base = HPyField_Load(ctx, self, its_base);
        HPyField_Store(ctx, made, &array->base, base);
        HPy_Close(ctx, base);
    }
    return made;
}

/* Array(list) */
HPyDef_SLOT(Array_new, HPy_tp_new)
static HPy Array_new_impl(HPyContext* ctx, HPy type, const HPy* args, HPy_ssize_t nargs, HPy kw) {
    Array* array;
    Span span;
    HPy made;
    if (nargs != 1 || (!HPy_IsNull(kw) && HPy_Length(ctx, kw) != 0) ||
        !HPyList_Check(ctx, args[0])) {
        HPyErr_SetString(ctx, ctx->h_TypeError, "Array: a list of numbers was expected");
        return HPy_NULL;
    }
    span = span_new(HPy_Length(ctx, args[0]));
    if (span.data == NULL) return HPyErr_NoMemory(ctx);
    for (HPy_ssize_t i = 0; i < span.length; i++) {
        HPy item = HPy_GetItem_i(ctx, args[0], i); /* the list may have become shorter */
        if (HPy_IsNull(item)) goto failed;
        span.data[i] = HPyFloat_AsDouble(ctx, item);
        HPy_Close(ctx, item);
        if (span.data[i] == -1.0 && HPyErr_Occurred(ctx)) goto failed;
    }
    made = HPy_New(ctx, type, &array);
    if (HPy_IsNull(made)) goto failed;
    fill(array, span);
    array->owned = span.data;
    return made;
failed:
    free(span.data);
    return HPy_NULL;
}

/* ---- items and slices ---- */

HPyDef_SLOT(Array_length, HPy_mp_length)
static HPy_ssize_t Array_length_impl(HPyContext* ctx, HPy self) {
    return span_of(ctx, self).length;
}

/* The place of an item: 0; -1 with an exception set. */
static int read_index(HPyContext* ctx, HPy key, HPy_ssize_t length, HPy_ssize_t* index) {
    if (HPy_TypeCheck(ctx, key, ctx->h_LongType)) {
        *index = HPyLong_AsSsize_t(ctx, key);
    } else {
        HPy number = HPy_Index(ctx, key);
        if (HPy_IsNull(number)) return -1;
        *index = HPyLong_AsSsize_t(ctx, number);
        HPy_Close(ctx, number);
    }
    if (*index == -1 && HPyErr_Occurred(ctx)) return -1;
    if (*index < 0) *index += length;
    if (*index >= 0 && *index < length) return 0;
    HPyErr_SetString(ctx, ctx->h_IndexError, "Array: the index is out of range");
    return -1;
}

static int is_slice(HPyContext* ctx, HPy key) {
    return HPy_TypeCheck(ctx, key, ctx->h_SliceType);
}

static int read_slice(HPyContext* ctx, HPy array, HPy key, Span* span) {
    const Span whole = span_of(ctx, array);
    HPy_ssize_t start, stop, step, length;
    if (HPySlice_Unpack(ctx, key, &start, &stop, &step) < 0) return -1;
    length = HPySlice_AdjustIndices(ctx, whole.length, &start, &stop, step);
    *span = span_slice(whole, start, length, step);
    return 0;
}

HPyDef_SLOT(Array_subscript, HPy_mp_subscript)
static HPy Array_subscript_impl(HPyContext* ctx, HPy self, HPy key) {
    Span span = span_of(ctx, self);
    HPy_ssize_t index;
    if (is_slice(ctx, key)) {
        if (read_slice(ctx, self, key, &span) < 0) return HPy_NULL;
        return make_slice(ctx, self, span);
    }
    if (read_index(ctx, key, span.length, &index) < 0) return HPy_NULL;
    return HPyFloat_FromDouble(ctx, span.data[index * span.stride]);
}

/* Makes a span of an array, or of a number, that has `length`: 1; 0: it is neither; -1 with an
 * exception set. `number` must live as long as the span. */
static int read_operand(HPyContext* ctx, HPy operand, HPy_ssize_t length, double* number,
                        Span* span) {
    if (IS_INSTANCE(operand, Array_Type)) {
        *span = span_of(ctx, operand);
        if (span->length == length) return 1;
        HPyErr_Format(ctx, ctx->h_ValueError, "Array: %zd numbers were expected, not %zd", length,
                      (HPy_ssize_t)span->length);
        return -1;
    }
    if (!HPy_TypeCheck(ctx, operand, ctx->h_FloatType) &&
        !HPy_TypeCheck(ctx, operand, ctx->h_LongType)) {
        return 0;
    }
    *number = HPyFloat_AsDouble(ctx, operand);
    if (*number == -1.0 && HPyErr_Occurred(ctx)) return -1;
    *span = span_of_number(number, length);
    return 1;
}

HPyDef_SLOT(Array_ass_subscript, HPy_mp_ass_subscript)
static int Array_ass_subscript_impl(HPyContext* ctx, HPy self, HPy key, HPy value) {
    Span span = span_of(ctx, self), from;
    double number;
    int is_operand;
    if (HPy_IsNull(value)) {
        HPyErr_SetString(ctx, ctx->h_TypeError, "Array: items cannot be deleted");
        return -1;
    }
    if (is_slice(ctx, key)) {
        if (read_slice(ctx, self, key, &span) < 0) return -1;
    } else {
        HPy_ssize_t index;
        if (read_index(ctx, key, span.length, &index) < 0) return -1;
        number = HPyFloat_AsDouble(ctx, value);
        if (number == -1.0 && HPyErr_Occurred(ctx)) return -1;
        span.data[index * span.stride] = number;
        return 0;
    }
    is_operand = read_operand(ctx, value, span.length, &number, &from);
    if (is_operand == 0) {
        HPyErr_SetString(ctx, ctx->h_TypeError, "Array: an Array or a number was expected");
    }
    if (is_operand <= 0) return -1;
    if (from.stride != 0 && span_overlaps(span, from)) {
        const Span between = span_new(span.length);
        if (between.data == NULL) {
            HPyErr_NoMemory(ctx);
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

static HPy not_implemented(HPyContext* ctx) {
    return HPy_Dup(ctx, ctx->h_NotImplemented);
}

static HPy compute(HPyContext* ctx, HPy a, HPy b, void (*operation)(Span, Span, Span)) {
    const int a_is_array = IS_INSTANCE(a, Array_Type);
    const HPy_ssize_t length = span_of(ctx, a_is_array ? a : b).length;
    Span left, right, made;
    double left_number, right_number;
    int is_operand = read_operand(ctx, a, length, &left_number, &left);
    if (is_operand == 1) is_operand = read_operand(ctx, b, length, &right_number, &right);
    if (is_operand < 0) return HPy_NULL;
    if (is_operand == 0) return not_implemented(ctx);
    made = span_new(length);
    if (made.data == NULL) return HPyErr_NoMemory(ctx);
    operation(made, left, right);
    return make_owner(ctx, made);
}

HPyDef_SLOT(Array_add, HPy_nb_add)
static HPy Array_add_impl(HPyContext* ctx, HPy a, HPy b) {
    return compute(ctx, a, b, span_add);
}
HPyDef_SLOT(Array_subtract, HPy_nb_subtract)
static HPy Array_subtract_impl(HPyContext* ctx, HPy a, HPy b) {
    return compute(ctx, a, b, span_subtract);
}
HPyDef_SLOT(Array_multiply, HPy_nb_multiply)
static HPy Array_multiply_impl(HPyContext* ctx, HPy a, HPy b) {
    return compute(ctx, a, b, span_multiply);
}

HPyDef_SLOT(Array_inplace_add, HPy_nb_inplace_add)
static HPy Array_inplace_add_impl(HPyContext* ctx, HPy self, HPy other) {
    const Span span = span_of(ctx, self);
    double number;
    Span right;
    const int is_operand = read_operand(ctx, other, span.length, &number, &right);
    if (is_operand < 0) return HPy_NULL;
    if (is_operand == 0) return not_implemented(ctx);
    span_add(span, span, right);
    return HPy_Dup(ctx, self);
}

HPyDef_SLOT(Array_dot, HPy_nb_matrix_multiply)
static HPy Array_dot_impl(HPyContext* ctx, HPy a, HPy b) {
    double number;
    Span left, right;
    if (!IS_INSTANCE(a, Array_Type) || !IS_INSTANCE(b, Array_Type)) return not_implemented(ctx);
    left = span_of(ctx, a);
    if (read_operand(ctx, b, left.length, &number, &right) < 0) return HPy_NULL;
    return HPyFloat_FromDouble(ctx, span_dot(left, right));
}

HPyDef_METH(Array_sum, "sum", HPyFunc_NOARGS)
static HPy Array_sum_impl(HPyContext* ctx, HPy self) {
    return HPyFloat_FromDouble(ctx, span_sum(span_of(ctx, self)));
}

HPyDef_METH(Array_list, "list", HPyFunc_NOARGS)
static HPy Array_list_impl(HPyContext* ctx, HPy self) {
    const Span span = span_of(ctx, self);
    HPyListBuilder made = HPyListBuilder_New(ctx, span.length);
    for (HPy_ssize_t i = 0; i < span.length; i++) {
        HPy item = HPyFloat_FromDouble(ctx, span.data[i * span.stride]);
        if (HPy_IsNull(item)) {
            HPyListBuilder_Cancel(ctx, made);
            return HPy_NULL;
        }
        HPyListBuilder_Set(ctx, made, i, item);
        HPy_Close(ctx, item);
    }
    return HPyListBuilder_Build(ctx, made);
}

/* ---- buffers ---- */

/* HPy 0.9 has no names for the numbers that CPython's documentation gives. */
enum { BUFFER_FORMAT = 0x4, BUFFER_ND = 0x8, BUFFER_STRIDES = 0x18 };

HPyDef_SLOT(Array_getbuffer, HPy_bf_getbuffer)
static int Array_getbuffer_impl(HPyContext* ctx, HPy self, HPy_buffer* view, int flags) {
    Array* array = Array_AsStruct(ctx, self);
    if ((flags & BUFFER_STRIDES) != BUFFER_STRIDES && array->span.stride != 1) {
        view->obj = HPy_NULL;
        HPyErr_SetString(ctx, ctx->h_BufferError,
                         "Array: a slice with a step needs a buffer with strides");
        return -1;
    }
    view->buf = array->span.data;
    view->obj = HPy_Dup(ctx, self);
    view->len = array->span.length * (HPy_ssize_t)sizeof(double);
    view->itemsize = sizeof(double);
    view->readonly = 0;
    view->ndim = 1;
    view->format = (flags & BUFFER_FORMAT) == BUFFER_FORMAT ? (char*)"d" : NULL;
    view->shape = (flags & BUFFER_ND) == BUFFER_ND ? &array->span.length : NULL;
    view->strides = (flags & BUFFER_STRIDES) == BUFFER_STRIDES ? &array->bytes : NULL;
    view->suboffsets = NULL;
    view->internal = NULL;
    return 0;
}

/* ---- type and module ---- */

HPyDef_SLOT(Array_traverse, HPy_tp_traverse)
static int Array_traverse_impl(void* self, HPyFunc_visitproc visit, void* arg) {
    HPy_VISIT(&((Array*)self)->base);
    return 0;
}

HPyDef_SLOT(Array_destroy, HPy_tp_destroy)
static void Array_destroy_impl(void* self) {
    free(((Array*)self)->owned);
}

static HPyDef* array_defines[] = {
    &Array_new,      &Array_length,    &Array_subscript,   &Array_ass_subscript, &Array_add,
    &Array_subtract, &Array_multiply,  &Array_inplace_add, &Array_dot,           &Array_sum,
    &Array_list,     &Array_getbuffer, &Array_traverse,    &Array_destroy,       NULL};
static HPyType_Spec spec = {.name = "array_hpy.Array",
                            .basicsize = sizeof(Array),
                            .builtin_shape = Array_SHAPE,
                            .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_HAVE_GC,
                            .defines = array_defines};

HPyDef_SLOT(execute, HPy_mod_exec)
static int execute_impl(HPyContext* ctx, HPy module) {
    HPy type = HPyType_FromSpec(ctx, &spec, NULL);
    int failed;
    if (HPy_IsNull(type)) return -1;
    HPyGlobal_Store(ctx, &Array_Type, type);
    failed = HPy_SetAttr_s(ctx, module, "Array", type) < 0;
    HPy_Close(ctx, type);
    return failed ? -1 : 0;
}

static HPyDef* defines[] = {&execute, NULL};
static HPyGlobal* globals[] = {&Array_Type, NULL};
static HPyModuleDef definition = {.defines = defines, .globals = globals};
HPy_MODINIT(array_hpy, definition)
