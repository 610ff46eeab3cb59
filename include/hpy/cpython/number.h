/* hpy/cpython/number.h: for the CPython ABI: inline forms of operators, int, float and bool. C11,
 * C++17.
 *
 * Included by hpy/context.h. What an inline form is: hpy/cpython/convert.h. The contracts are in
 * the header of each topic.
 */
#pragma once

#if defined(HPY_ABI_CPYTHON)

#include "hpy/cpython/convert.h"
#include "hpy/layout.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- operators ---- */

_HPY_CPY_2(HPy, Add, PyNumber_Add, _hpy_cpy_handle)
_HPY_CPY_2(HPy, Subtract, PyNumber_Subtract, _hpy_cpy_handle)
_HPY_CPY_2(HPy, Multiply, PyNumber_Multiply, _hpy_cpy_handle)
_HPY_CPY_2(HPy, MatrixMultiply, PyNumber_MatrixMultiply, _hpy_cpy_handle)
_HPY_CPY_2(HPy, FloorDivide, PyNumber_FloorDivide, _hpy_cpy_handle)
_HPY_CPY_2(HPy, TrueDivide, PyNumber_TrueDivide, _hpy_cpy_handle)
_HPY_CPY_2(HPy, Remainder, PyNumber_Remainder, _hpy_cpy_handle)
_HPY_CPY_2(HPy, Divmod, PyNumber_Divmod, _hpy_cpy_handle)
_HPY_CPY_2(HPy, Lshift, PyNumber_Lshift, _hpy_cpy_handle)
_HPY_CPY_2(HPy, Rshift, PyNumber_Rshift, _hpy_cpy_handle)
_HPY_CPY_2(HPy, And, PyNumber_And, _hpy_cpy_handle)
_HPY_CPY_2(HPy, Xor, PyNumber_Xor, _hpy_cpy_handle)
_HPY_CPY_2(HPy, Or, PyNumber_Or, _hpy_cpy_handle)
_HPY_CPY_2(HPy, InPlaceAdd, PyNumber_InPlaceAdd, _hpy_cpy_handle)
_HPY_CPY_2(HPy, InPlaceSubtract, PyNumber_InPlaceSubtract, _hpy_cpy_handle)
_HPY_CPY_2(HPy, InPlaceMultiply, PyNumber_InPlaceMultiply, _hpy_cpy_handle)
_HPY_CPY_2(HPy, InPlaceMatrixMultiply, PyNumber_InPlaceMatrixMultiply, _hpy_cpy_handle)
_HPY_CPY_2(HPy, InPlaceFloorDivide, PyNumber_InPlaceFloorDivide, _hpy_cpy_handle)
_HPY_CPY_2(HPy, InPlaceTrueDivide, PyNumber_InPlaceTrueDivide, _hpy_cpy_handle)
_HPY_CPY_2(HPy, InPlaceRemainder, PyNumber_InPlaceRemainder, _hpy_cpy_handle)
_HPY_CPY_2(HPy, InPlaceLshift, PyNumber_InPlaceLshift, _hpy_cpy_handle)
_HPY_CPY_2(HPy, InPlaceRshift, PyNumber_InPlaceRshift, _hpy_cpy_handle)
_HPY_CPY_2(HPy, InPlaceAnd, PyNumber_InPlaceAnd, _hpy_cpy_handle)
_HPY_CPY_2(HPy, InPlaceXor, PyNumber_InPlaceXor, _hpy_cpy_handle)
_HPY_CPY_2(HPy, InPlaceOr, PyNumber_InPlaceOr, _hpy_cpy_handle)
_HPY_CPY_3(HPy, Power, PyNumber_Power, _hpy_cpy_handle)
_HPY_CPY_3(HPy, InPlacePower, PyNumber_InPlacePower, _hpy_cpy_handle)
_HPY_CPY_1(HPy, Negative, PyNumber_Negative, _hpy_cpy_handle)
_HPY_CPY_1(HPy, Positive, PyNumber_Positive, _hpy_cpy_handle)
_HPY_CPY_1(HPy, Absolute, PyNumber_Absolute, _hpy_cpy_handle)
_HPY_CPY_1(HPy, Invert, PyNumber_Invert, _hpy_cpy_handle)
_HPY_CPY_1(HPy, Index, PyNumber_Index, _hpy_cpy_handle)
_HPY_CPY_1(HPy, Long, PyNumber_Long, _hpy_cpy_handle)
_HPY_CPY_1(HPy, Float, PyNumber_Float, _hpy_cpy_handle)

static inline int hpy_cpy_Number_Check(HPyContext* ctx, HPy h) {
    (void)ctx;
    return PyNumber_Check(_hpy_cpy_object(h)); /* of HPy_NULL: 0 */
}

/* ---- int, from C ---- */

static inline HPy hpy_cpy_Long_FromInt32_t(HPyContext* ctx, int32_t value) {
    (void)ctx;
    return _hpy_cpy_handle(PyLong_FromLong(value));
}

static inline HPy hpy_cpy_Long_FromUInt32_t(HPyContext* ctx, uint32_t value) {
    (void)ctx;
    return _hpy_cpy_handle(PyLong_FromUnsignedLong(value));
}

static inline HPy hpy_cpy_Long_FromInt64_t(HPyContext* ctx, int64_t value) {
    (void)ctx;
    return _hpy_cpy_handle(PyLong_FromLongLong(value));
}

static inline HPy hpy_cpy_Long_FromUInt64_t(HPyContext* ctx, uint64_t value) {
    (void)ctx;
    return _hpy_cpy_handle(PyLong_FromUnsignedLongLong(value));
}

static inline HPy hpy_cpy_Long_FromSize_t(HPyContext* ctx, size_t value) {
    (void)ctx;
    return _hpy_cpy_handle(PyLong_FromSize_t(value));
}

static inline HPy hpy_cpy_Long_FromSsize_t(HPyContext* ctx, HPy_ssize_t value) {
    (void)ctx;
    return _hpy_cpy_handle(PyLong_FromSsize_t(value));
}

/* ---- int, to C ---- */

/* A value that does not fit is refused by the context's function. An object that is not an int goes
 * there too: its __index__ must be called once. */
static inline int32_t hpy_cpy_Long_AsInt32_t(HPyContext* ctx, HPy h) {
    if (_HPY_CPY_GIVEN(h) && PyLong_Check(_hpy_cpy_object(h))) {
        const long value = PyLong_AsLong(_hpy_cpy_object(h));
        if (value >= INT32_MIN && value <= INT32_MAX) {
            return (
                int32_t)value; /* -1 with an exception set for one that does not fit into long */
        }
    }
    return ctx->ctx_Long_AsInt32_t(ctx, h);
}

static inline uint32_t hpy_cpy_Long_AsUInt32_tMask(HPyContext* ctx, HPy h) {
    if (!_HPY_CPY_GIVEN(h)) return ctx->ctx_Long_AsUInt32_tMask(ctx, h);
    return (uint32_t)PyLong_AsUnsignedLongMask(_hpy_cpy_object(h));
}

_HPY_CPY_1(int64_t, Long_AsInt64_t, PyLong_AsLongLong, )
_HPY_CPY_1(uint64_t, Long_AsUInt64_t, PyLong_AsUnsignedLongLong, )
_HPY_CPY_1(uint64_t, Long_AsUInt64_tMask, PyLong_AsUnsignedLongLongMask, )
_HPY_CPY_1(size_t, Long_AsSize_t, PyLong_AsSize_t, )
_HPY_CPY_1(HPy_ssize_t, Long_AsSsize_t, PyLong_AsSsize_t, )
_HPY_CPY_1(void*, Long_AsVoidPtr, PyLong_AsVoidPtr, )
_HPY_CPY_1(double, Long_AsDouble, PyLong_AsDouble, )

/* ---- float, bool ---- */

static inline HPy hpy_cpy_Float_FromDouble(HPyContext* ctx, double value) {
    (void)ctx;
    return _hpy_cpy_handle(PyFloat_FromDouble(value));
}

static inline double hpy_cpy_Float_AsDouble(HPyContext* ctx, HPy h) {
    if (!_HPY_CPY_GIVEN(h)) return ctx->ctx_Float_AsDouble(ctx, h);
    if (PyFloat_CheckExact(_hpy_cpy_object(h))) return PyFloat_AS_DOUBLE(_hpy_cpy_object(h));
    return PyFloat_AsDouble(_hpy_cpy_object(h));
}

static inline HPy hpy_cpy_Bool_FromBool(HPyContext* ctx, bool value) {
    (void)ctx;
    return _hpy_cpy_handle(Py_NewRef(value ? Py_True : Py_False));
}

/* ---- the inline forms of this file ---- */

#define _HPY_CPY_Add ~, hpy_cpy_Add
#define _HPY_CPY_Subtract ~, hpy_cpy_Subtract
#define _HPY_CPY_Multiply ~, hpy_cpy_Multiply
#define _HPY_CPY_MatrixMultiply ~, hpy_cpy_MatrixMultiply
#define _HPY_CPY_FloorDivide ~, hpy_cpy_FloorDivide
#define _HPY_CPY_TrueDivide ~, hpy_cpy_TrueDivide
#define _HPY_CPY_Remainder ~, hpy_cpy_Remainder
#define _HPY_CPY_Divmod ~, hpy_cpy_Divmod
#define _HPY_CPY_Lshift ~, hpy_cpy_Lshift
#define _HPY_CPY_Rshift ~, hpy_cpy_Rshift
#define _HPY_CPY_And ~, hpy_cpy_And
#define _HPY_CPY_Xor ~, hpy_cpy_Xor
#define _HPY_CPY_Or ~, hpy_cpy_Or
#define _HPY_CPY_InPlaceAdd ~, hpy_cpy_InPlaceAdd
#define _HPY_CPY_InPlaceSubtract ~, hpy_cpy_InPlaceSubtract
#define _HPY_CPY_InPlaceMultiply ~, hpy_cpy_InPlaceMultiply
#define _HPY_CPY_InPlaceMatrixMultiply ~, hpy_cpy_InPlaceMatrixMultiply
#define _HPY_CPY_InPlaceFloorDivide ~, hpy_cpy_InPlaceFloorDivide
#define _HPY_CPY_InPlaceTrueDivide ~, hpy_cpy_InPlaceTrueDivide
#define _HPY_CPY_InPlaceRemainder ~, hpy_cpy_InPlaceRemainder
#define _HPY_CPY_InPlaceLshift ~, hpy_cpy_InPlaceLshift
#define _HPY_CPY_InPlaceRshift ~, hpy_cpy_InPlaceRshift
#define _HPY_CPY_InPlaceAnd ~, hpy_cpy_InPlaceAnd
#define _HPY_CPY_InPlaceXor ~, hpy_cpy_InPlaceXor
#define _HPY_CPY_InPlaceOr ~, hpy_cpy_InPlaceOr
#define _HPY_CPY_Power ~, hpy_cpy_Power
#define _HPY_CPY_InPlacePower ~, hpy_cpy_InPlacePower
#define _HPY_CPY_Negative ~, hpy_cpy_Negative
#define _HPY_CPY_Positive ~, hpy_cpy_Positive
#define _HPY_CPY_Absolute ~, hpy_cpy_Absolute
#define _HPY_CPY_Invert ~, hpy_cpy_Invert
#define _HPY_CPY_Index ~, hpy_cpy_Index
#define _HPY_CPY_Long ~, hpy_cpy_Long
#define _HPY_CPY_Float ~, hpy_cpy_Float
#define _HPY_CPY_Number_Check ~, hpy_cpy_Number_Check
#define _HPY_CPY_Long_FromInt32_t ~, hpy_cpy_Long_FromInt32_t
#define _HPY_CPY_Long_FromUInt32_t ~, hpy_cpy_Long_FromUInt32_t
#define _HPY_CPY_Long_FromInt64_t ~, hpy_cpy_Long_FromInt64_t
#define _HPY_CPY_Long_FromUInt64_t ~, hpy_cpy_Long_FromUInt64_t
#define _HPY_CPY_Long_FromSize_t ~, hpy_cpy_Long_FromSize_t
#define _HPY_CPY_Long_FromSsize_t ~, hpy_cpy_Long_FromSsize_t
#define _HPY_CPY_Long_AsInt32_t ~, hpy_cpy_Long_AsInt32_t
#define _HPY_CPY_Long_AsUInt32_tMask ~, hpy_cpy_Long_AsUInt32_tMask
#define _HPY_CPY_Long_AsInt64_t ~, hpy_cpy_Long_AsInt64_t
#define _HPY_CPY_Long_AsUInt64_t ~, hpy_cpy_Long_AsUInt64_t
#define _HPY_CPY_Long_AsUInt64_tMask ~, hpy_cpy_Long_AsUInt64_tMask
#define _HPY_CPY_Long_AsSize_t ~, hpy_cpy_Long_AsSize_t
#define _HPY_CPY_Long_AsSsize_t ~, hpy_cpy_Long_AsSsize_t
#define _HPY_CPY_Long_AsVoidPtr ~, hpy_cpy_Long_AsVoidPtr
#define _HPY_CPY_Long_AsDouble ~, hpy_cpy_Long_AsDouble
#define _HPY_CPY_Float_FromDouble ~, hpy_cpy_Float_FromDouble
#define _HPY_CPY_Float_AsDouble ~, hpy_cpy_Float_AsDouble
#define _HPY_CPY_Bool_FromBool ~, hpy_cpy_Bool_FromBool

#ifdef __cplusplus
}
#endif

#endif /* HPY_ABI_CPYTHON */
