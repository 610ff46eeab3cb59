/* decimal_like.c: a decimal type like that of CPython's _decimal, with its objects in one of four
 * places (back_ends.h). What it gives is what `decimal` gives for finite numbers.
 *
 * Each operation does with objects what _decimal does: it checks the types of both operands, looks
 * up the context of the thread by a context variable, and makes an instance of the type. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "back_ends.h"
#include "context.h"
#include "number.h"
#include "text.h"

#include <stddef.h>

typedef struct {
    PyObject_VAR_HEAD int negative; /* ob_size: its limbs, and no sign */
    int64_t exponent;
    uint32_t limbs[];
} Decimal;

static Number number_in(PyObject* object) {
    const Decimal* const self = (Decimal*)object;
    const Number number = {self->negative, self->exponent, {(size_t)Py_SIZE(self), self->limbs}};
    return number;
}

/* ---- instances ---- */

static PyObject* make_decimal(PyTypeObject* type, const Number* number) {
    const Py_ssize_t count = (Py_ssize_t)number->digits.count;
    Decimal* const self = (Decimal*)type->tp_alloc(type, count);
    if (self == NULL) return NULL;
    self->negative = number->negative;
    self->exponent = number->exponent;
    memcpy(self->limbs, number->digits.limbs, number->digits.count * sizeof(uint32_t));
    return (PyObject*)self;
}

static void free_decimal(PyObject* self) {
    PyTypeObject* const type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

/* The exact value of an int. */
static int read_int(Result* out, PyObject* value) {
    int overflow, result = -1;
    const long long small = PyLong_AsLongLongAndOverflow(value, &overflow);
    PyObject *text, *base;
    out->exponent = 0;
    if (!overflow) {
        if (small == -1 && PyErr_Occurred()) return -1;
        out->negative = small < 0;
        return set_small(&out->digits, small < 0 ? 0 - (uint64_t)small : (uint64_t)small);
    }
    /* As text it has a limit of its own in Python; by hexadecimal digits it has none. */
    base = PyNumber_ToBase(value, 16);
    if (base == NULL) return -1;
    text = PyUnicode_AsUTF8String(base);
    Py_DECREF(base);
    if (text == NULL) return -1;
    if (read_hexadecimal(out, PyBytes_AS_STRING(text)) < 0)
        PyErr_NoMemory();
    else
        result = 0;
    Py_DECREF(text);
    return result;
}

/* ---- operations ---- */

/* What an operation works with; 1, 0 for NotImplemented, or -1. */
static inline int read_operand(Number* number, Result* made, PyObject* object, PyObject* type) {
    if (PyObject_TypeCheck(object, (PyTypeObject*)type)) {
        *number = number_in(object);
        return 1;
    }
    if (!PyLong_Check(object)) return 0;
    if (read_int(made, object) < 0) return -1;
    *number = number_of(made);
    return 1;
}

#define FAILURES (OVERFLOWED | UNDERFLOWED | DIVIDED_BY_ZERO | INVALID)
#define RAISE(status)                                                                              \
    raise(status, GET(InvalidOperation), GET(DivisionByZero), GET(Overflow), GET(Underflow))

static void raise(unsigned status, PyObject* invalid, PyObject* by_zero, PyObject* overflow,
                  PyObject* underflow) {
    PyErr_SetString(status & INVALID           ? invalid
                    : status & DIVIDED_BY_ZERO ? by_zero
                    : status & OVERFLOWED      ? overflow
                                               : underflow,
                    status & INVALID           ? "the operation has no result"
                    : status & DIVIDED_BY_ZERO ? "division by zero"
                    : status & OVERFLOWED      ? "the exponent of the result is too high"
                                               : "the exponent of the result is too low");
}

#define BINARY(name, function)                                                                     \
    static PyObject* name(PyObject* left, PyObject* right) {                                       \
        Number a, b;                                                                               \
        Result made_a, made_b, out;                                                                \
        PyObject* result = NULL;                                                                   \
        Context* context = NULL;                                                                   \
        int known;                                                                                 \
        BEGIN(left, right);                                                                        \
        PyObject* const type = GET(Decimal);                                                       \
        start(&made_a.digits);                                                                     \
        start(&made_b.digits);                                                                     \
        start(&out.digits);                                                                        \
        known = read_operand(&a, &made_a, left, type);                                             \
        if (known > 0) known = read_operand(&b, &made_b, right, type);                             \
        if (known == 0) result = Py_NewRef(Py_NotImplemented);                                     \
        if (known > 0) CURRENT_CONTEXT(context);                                                   \
        if (context != NULL) {                                                                     \
            unsigned status = 0;                                                                   \
            if (function(&out, &a, &b, context->precision, &status) < 0) {                         \
                PyErr_NoMemory();                                                                  \
            } else {                                                                               \
                const Number number = number_of(&out);                                             \
                context->status |= status;                                                         \
                if (status & FAILURES)                                                             \
                    RAISE(status);                                                                 \
                else                                                                               \
                    result = make_decimal((PyTypeObject*)type, &number);                           \
            }                                                                                      \
            Py_DECREF(context);                                                                    \
        }                                                                                          \
        drop(&made_a.digits);                                                                      \
        drop(&made_b.digits);                                                                      \
        drop(&out.digits);                                                                         \
        return result;                                                                             \
    }
BINARY(add_decimals, add)
BINARY(subtract_decimals, subtract)
BINARY(multiply_decimals, multiply)
BINARY(divide_decimals, divide)
BINARY(remain_decimals, remain)

static PyObject* round_decimal(PyObject* self, int negate) {
    const Number a = number_in(self);
    PyObject* result = NULL;
    unsigned status = 0;
    Result out;
    BEGIN(self, self);
    Context* context;
    CURRENT_CONTEXT(context);
    if (context == NULL) return NULL;
    start(&out.digits);
    if (round_number(&out, &a, negate, context->precision, &status) < 0) {
        PyErr_NoMemory();
    } else {
        const Number number = number_of(&out);
        context->status |= status;
        if (status & FAILURES)
            RAISE(status);
        else
            result = make_decimal((PyTypeObject*)GET(Decimal), &number);
    }
    drop(&out.digits);
    Py_DECREF(context);
    return result;
}
static PyObject* plus_decimal(PyObject* self) {
    return round_decimal(self, 0);
}
static PyObject* minus_decimal(PyObject* self) {
    return round_decimal(self, 1);
}
static int decimal_bool(PyObject* self) {
    return Py_SIZE(self) != 0;
}

static PyObject* times_power_of_ten(PyObject* value, int64_t exponent) {
    PyObject* const ten = PyLong_FromLong(10);
    PyObject* const times = PyLong_FromLongLong(exponent);
    PyObject* power = ten != NULL && times != NULL ? PyNumber_Power(ten, times, Py_None) : NULL;
    Py_XDECREF(ten);
    Py_XDECREF(times);
    if (power != NULL) Py_SETREF(power, PyNumber_Multiply(value, power));
    return power;
}

static PyObject* decimal_int(PyObject* self) {
    const Number a = number_in(self);
    PyObject *result = NULL, *base = NULL;
    Digits digits;
    start(&digits);
    if (integer_part(&digits, &a) < 0) {
        PyErr_NoMemory();
    } else if (digits.count <= 2) {
        long long value = digits.count > 1 ? (long long)digits.limbs[1] * LIMB_BASE : 0;
        if (digits.count > 0) value += digits.limbs[0];
        result = PyLong_FromLongLong(a.negative ? -value : value);
    } else {
        base = PyLong_FromLong(LIMB_BASE);
        result = base != NULL ? PyLong_FromLong(0) : NULL;
        for (size_t i = digits.count; i-- > 0 && result != NULL;) {
            PyObject* const limb = PyLong_FromLong((long)digits.limbs[i]);
            Py_SETREF(result, PyNumber_Multiply(result, base));
            if (result != NULL && limb != NULL)
                Py_SETREF(result, PyNumber_Add(result, limb));
            else
                Py_CLEAR(result);
            Py_XDECREF(limb);
        }
        if (result != NULL && a.negative) Py_SETREF(result, PyNumber_Negative(result));
        Py_XDECREF(base);
    }
    if (result != NULL && a.exponent > 0 && digits.count > 0)
        Py_SETREF(result, times_power_of_ten(result, a.exponent));
    drop(&digits);
    return result;
}

static PyObject* compare_decimals(PyObject* left, PyObject* right, int operator) {
    Number a, b;
    Result made_a, made_b;
    PyObject* result = NULL;
    int known, order;
    BEGIN(left, right);
    PyObject* const type = GET(Decimal);
    start(&made_a.digits);
    start(&made_b.digits);
    known = read_operand(&a, &made_a, left, type);
    if (known > 0) known = read_operand(&b, &made_b, right, type);
    if (known > 0) {
        Context* context; /* as _decimal, whose NaNs have a status */
        CURRENT_CONTEXT(context);
        if (context == NULL) {
            known = -1;
        } else if (compare(&a, &b, &order) < 0) {
            PyErr_NoMemory();
            known = -1;
        }
        Py_XDECREF(context);
    }
    if (known == 0) result = Py_NewRef(Py_NotImplemented);
    if (known > 0) {
        const int holds = operator== Py_EQ ? order == 0 :
                          operator== Py_NE ? order != 0
                          :
                          operator== Py_LT ? order < 0
                          :
                          operator== Py_LE ? order <= 0
                          :
                          operator== Py_GT ? order > 0
                                           : order >= 0;
        result = PyBool_FromLong(holds);
    }
    drop(&made_a.digits);
    drop(&made_b.digits);
    return result;
}

/* ---- text, and what is called from Python ---- */

static PyObject* decimal_str(PyObject* self) {
    const Number number = number_in(self);
    char* const text = write_text(&number);
    PyObject* result;
    if (text == NULL) return PyErr_NoMemory();
    result = PyUnicode_FromString(text);
    free(text);
    return result;
}
static PyObject* decimal_repr(PyObject* self) {
    return PyUnicode_FromFormat("Decimal('%S')", self);
}

static PyObject* new_decimal(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
    static char* names[] = {"value", NULL};
    PyObject *value, *result = NULL;
    Result made;
    Number number;
    int known = 0;
    BEGIN_FOR(type);
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O", names, &value)) return NULL;
    start(&made.digits);
    if (PyUnicode_Check(value)) {
        const char* const text = PyUnicode_AsUTF8(value);
        known = text != NULL ? read_text(&made, text) : -1;
        if (text != NULL && known < 0) PyErr_NoMemory();
        if (known == 0)
            PyErr_Format(GET(InvalidOperation), "a number such as '-1.5E+3' was expected, not %R",
                         value);
        if (known > 0) number = number_of(&made);
    } else {
        known = read_operand(&number, &made, value, GET(Decimal));
        if (known == 0)
            PyErr_Format(PyExc_TypeError, "a str, an int or a Decimal was expected, not %R", value);
    }
    if (known > 0) result = make_decimal(type, &number);
    drop(&made.digits);
    return result;
}

static PyType_Slot decimal_slots[] = {{Py_tp_new, new_decimal},
                                      {Py_tp_dealloc, free_decimal},
                                      {Py_tp_richcompare, compare_decimals},
                                      {Py_tp_hash, PyObject_HashNotImplemented},
                                      {Py_tp_str, decimal_str},
                                      {Py_tp_repr, decimal_repr},
                                      {Py_nb_add, add_decimals},
                                      {Py_nb_subtract, subtract_decimals},
                                      {Py_nb_multiply, multiply_decimals},
                                      {Py_nb_true_divide, divide_decimals},
                                      {Py_nb_remainder, remain_decimals},
                                      {Py_nb_positive, plus_decimal},
                                      {Py_nb_negative, minus_decimal},
                                      {Py_nb_int, decimal_int},
                                      {Py_nb_bool, decimal_bool},
                                      {0, NULL}};
static PyType_Spec decimal_spec = {MODULE_NAME ".Decimal", offsetof(Decimal, limbs),
                                   sizeof(uint32_t), Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
                                   decimal_slots};

static PyObject* getcontext(PyObject* module, PyObject* ignored) {
    Context* context;
    BEGIN_IN(module);
    CURRENT_CONTEXT(context);
    return (PyObject*)context;
}
static PyObject* setcontext(PyObject* module, PyObject* context) {
    PyObject* token;
    BEGIN_IN(module);
    if (!PyObject_TypeCheck(context, (PyTypeObject*)GET(Context)))
        return PyErr_Format(PyExc_TypeError, "a Context was expected, not %R", context);
    token = PyContextVar_Set(GET(context_var), context);
    if (token == NULL) return NULL;
    Py_DECREF(token);
    Py_RETURN_NONE;
}
static PyMethodDef methods[] = {{"getcontext", getcontext, METH_NOARGS, NULL},
                                {"setcontext", setcontext, METH_O, NULL},
                                {NULL, NULL, 0, NULL}};

/* Keeps an object and puts it into the module; NULL for it: an exception is set. */
#define KEEP(name, make)                                                                           \
    do {                                                                                           \
        PyObject* const object = make;                                                             \
        if (object == NULL || PyModule_AddObjectRef(module, #name, object) < 0) {                  \
            Py_XDECREF(object);                                                                    \
            return -1;                                                                             \
        }                                                                                          \
        SET(name, object);                                                                         \
        if (PyErr_Occurred()) return -1;                                                           \
    } while (0)

static int on_exec(PyObject* module) {
    if (IMPORT() < 0) return -1;
    BEGIN_IN(module);
    KEEP(Decimal, PyType_FromModuleAndSpec(module, &decimal_spec, NULL));
    KEEP(Context, PyType_FromModuleAndSpec(module, &context_spec, NULL));
    KEEP(context_var, PyContextVar_New(MODULE_NAME ".context", NULL));
    KEEP(InvalidOperation,
         PyErr_NewException(MODULE_NAME ".InvalidOperation", PyExc_ArithmeticError, NULL));
    KEEP(DivisionByZero,
         PyErr_NewException(MODULE_NAME ".DivisionByZero", PyExc_ZeroDivisionError, NULL));
    KEEP(Overflow, PyErr_NewException(MODULE_NAME ".Overflow", PyExc_ArithmeticError, NULL));
    KEEP(Underflow, PyErr_NewException(MODULE_NAME ".Underflow", PyExc_ArithmeticError, NULL));
    return 0;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, on_exec}, {Py_mod_multiple_interpreters, INTERPRETERS}, {0, NULL}};
static struct PyModuleDef definition = {.m_base = PyModuleDef_HEAD_INIT,
                                        .m_name = MODULE_NAME,
                                        .m_size = STATE_SIZE,
                                        .m_methods = methods,
                                        .m_slots = slots,
                                        .m_traverse = TRAVERSE_STATE,
                                        .m_clear = CLEAR_STATE};

PyMODINIT_FUNC INIT_NAME(void) {
    return PyModuleDef_Init(&definition);
}
