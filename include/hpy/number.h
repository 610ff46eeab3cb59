/* hpy/number.h: arithmetic. C11, C++17.
 *
 * Long: a contract for each function of one topic.
 *
 * A handle or a text may be HPy_NULL or NULL only where its line allows that. Otherwise the
 * function returns its error value and sets a SystemError that names the function, or keeps the
 * exception that is set already; `raises` does not repeat this.
 *
 * The functions in place change the object of `h1` if its type supports that, and return a handle
 * to it; otherwise they return a handle to a new object. `h1` stays the caller's in both cases.
 */
#pragma once

#include "hpy/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Tells whether an object has a numeric value: it has `__index__`, `__int__` or `__float__`, or is
 * a complex.
 *
 *  ctx      the caller's context
 *  h        borrowed; HPy_NULL has none
 *  returns  1 or 0
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyNumber_Check of the C API
 */
static inline int HPyNumber_Check(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, Number_Check)(ctx, h);
}

/* ---- two operands ---- */

/** Adds two objects: `h1 + h2`.
 *
 *  ctx      the caller's context
 *  h1       borrowed
 *  h2       borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyNumber_Add of the C API
 */
static inline HPy HPy_Add(HPyContext* ctx, HPy h1, HPy h2) {
    return HPY_FUNCTION(ctx, Add)(ctx, h1, h2);
}

/** Subtracts an object from another: `h1 - h2`.
 *
 *  ctx      the caller's context
 *  h1       borrowed
 *  h2       borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyNumber_Subtract of the C API
 */
static inline HPy HPy_Subtract(HPyContext* ctx, HPy h1, HPy h2) {
    return HPY_FUNCTION(ctx, Subtract)(ctx, h1, h2);
}

/** Multiplies two objects: `h1 * h2`.
 *
 *  ctx      the caller's context
 *  h1       borrowed
 *  h2       borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyNumber_Multiply of the C API
 */
static inline HPy HPy_Multiply(HPyContext* ctx, HPy h1, HPy h2) {
    return HPY_FUNCTION(ctx, Multiply)(ctx, h1, h2);
}

/** Multiplies two matrices: `h1 @ h2`.
 *
 *  ctx      the caller's context
 *  h1       borrowed
 *  h2       borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyNumber_MatrixMultiply of the C API
 */
static inline HPy HPy_MatrixMultiply(HPyContext* ctx, HPy h1, HPy h2) {
    return HPY_FUNCTION(ctx, MatrixMultiply)(ctx, h1, h2);
}

/** Divides, and rounds towards minus infinity: `h1 // h2`.
 *
 *  ctx      the caller's context
 *  h1       borrowed
 *  h2       borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyNumber_FloorDivide of the C API
 */
static inline HPy HPy_FloorDivide(HPyContext* ctx, HPy h1, HPy h2) {
    return HPY_FUNCTION(ctx, FloorDivide)(ctx, h1, h2);
}

/** Divides: `h1 / h2`.
 *
 *  ctx      the caller's context
 *  h1       borrowed
 *  h2       borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyNumber_TrueDivide of the C API
 */
static inline HPy HPy_TrueDivide(HPyContext* ctx, HPy h1, HPy h2) {
    return HPY_FUNCTION(ctx, TrueDivide)(ctx, h1, h2);
}

/** Returns the remainder of a division, or formats a str: `h1 % h2`.
 *
 *  ctx      the caller's context
 *  h1       borrowed
 *  h2       borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyNumber_Remainder of the C API
 */
static inline HPy HPy_Remainder(HPyContext* ctx, HPy h1, HPy h2) {
    return HPY_FUNCTION(ctx, Remainder)(ctx, h1, h2);
}

/** Returns quotient and remainder as a tuple: `divmod(h1, h2)`.
 *
 *  ctx      the caller's context
 *  h1       borrowed
 *  h2       borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyNumber_Divmod of the C API
 */
static inline HPy HPy_Divmod(HPyContext* ctx, HPy h1, HPy h2) {
    return HPY_FUNCTION(ctx, Divmod)(ctx, h1, h2);
}

/** Raises to a power: `pow(h1, h2, h3)`.
 *
 *  ctx      the caller's context
 *  h1       borrowed
 *  h2       borrowed
 *  h3       the modulus, borrowed; None for no modulus
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyNumber_Power of the C API
 */
static inline HPy HPy_Power(HPyContext* ctx, HPy h1, HPy h2, HPy h3) {
    return HPY_FUNCTION(ctx, Power)(ctx, h1, h2, h3);
}

/** Shifts to the left: `h1 << h2`.
 *
 *  ctx      the caller's context
 *  h1       borrowed
 *  h2       borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyNumber_Lshift of the C API
 */
static inline HPy HPy_Lshift(HPyContext* ctx, HPy h1, HPy h2) {
    return HPY_FUNCTION(ctx, Lshift)(ctx, h1, h2);
}

/** Shifts to the right: `h1 >> h2`.
 *
 *  ctx      the caller's context
 *  h1       borrowed
 *  h2       borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyNumber_Rshift of the C API
 */
static inline HPy HPy_Rshift(HPyContext* ctx, HPy h1, HPy h2) {
    return HPY_FUNCTION(ctx, Rshift)(ctx, h1, h2);
}

/** Returns the bits, or elements, that both have: `h1 & h2`.
 *
 *  ctx      the caller's context
 *  h1       borrowed
 *  h2       borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyNumber_And of the C API
 */
static inline HPy HPy_And(HPyContext* ctx, HPy h1, HPy h2) {
    return HPY_FUNCTION(ctx, And)(ctx, h1, h2);
}

/** Returns the bits, or elements, that exactly one of the two has: `h1 ^ h2`.
 *
 *  ctx      the caller's context
 *  h1       borrowed
 *  h2       borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyNumber_Xor of the C API
 */
static inline HPy HPy_Xor(HPyContext* ctx, HPy h1, HPy h2) {
    return HPY_FUNCTION(ctx, Xor)(ctx, h1, h2);
}

/** Returns the bits, or elements, that one or both have: `h1 | h2`.
 *
 *  ctx      the caller's context
 *  h1       borrowed
 *  h2       borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyNumber_Or of the C API
 */
static inline HPy HPy_Or(HPyContext* ctx, HPy h1, HPy h2) {
    return HPY_FUNCTION(ctx, Or)(ctx, h1, h2);
}

/* ---- one operand ---- */

/** Negates: `-h1`.
 *
 *  ctx      the caller's context
 *  h1       borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyNumber_Negative of the C API
 */
static inline HPy HPy_Negative(HPyContext* ctx, HPy h1) {
    return HPY_FUNCTION(ctx, Negative)(ctx, h1);
}

/** Applies the plus sign: `+h1`.
 *
 *  ctx      the caller's context
 *  h1       borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyNumber_Positive of the C API
 */
static inline HPy HPy_Positive(HPyContext* ctx, HPy h1) {
    return HPY_FUNCTION(ctx, Positive)(ctx, h1);
}

/** Returns the absolute value: `abs(h1)`.
 *
 *  ctx      the caller's context
 *  h1       borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyNumber_Absolute of the C API
 */
static inline HPy HPy_Absolute(HPyContext* ctx, HPy h1) {
    return HPY_FUNCTION(ctx, Absolute)(ctx, h1);
}

/** Inverts the bits: `~h1`.
 *
 *  ctx      the caller's context
 *  h1       borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyNumber_Invert of the C API
 */
static inline HPy HPy_Invert(HPyContext* ctx, HPy h1) {
    return HPY_FUNCTION(ctx, Invert)(ctx, h1);
}

/** Converts to an int without loss: `operator.index(h1)`.
 *
 *  ctx      the caller's context
 *  h1       borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything; TypeError if it is not an int and has no `__index__`
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyNumber_Index of the C API
 */
static inline HPy HPy_Index(HPyContext* ctx, HPy h1) {
    return HPY_FUNCTION(ctx, Index)(ctx, h1);
}

/** Converts to an int: `int(h1)`. A str or bytes object is parsed, a float is truncated.
 *
 *  ctx      the caller's context
 *  h1       borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyNumber_Long of the C API
 */
static inline HPy HPy_Long(HPyContext* ctx, HPy h1) {
    return HPY_FUNCTION(ctx, Long)(ctx, h1);
}

/** Converts to a float: `float(h1)`. A str or bytes object is parsed.
 *
 *  ctx      the caller's context
 *  h1       borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyNumber_Float of the C API
 */
static inline HPy HPy_Float(HPyContext* ctx, HPy h1) {
    return HPY_FUNCTION(ctx, Float)(ctx, h1);
}

/* ---- in place ---- */

/** Does `h1 += h2`, with the result in a new handle.
 *
 *  ctx      the caller's context
 *  h1       borrowed
 *  h2       borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyNumber_InPlaceAdd of the C API
 */
static inline HPy HPy_InPlaceAdd(HPyContext* ctx, HPy h1, HPy h2) {
    return HPY_FUNCTION(ctx, InPlaceAdd)(ctx, h1, h2);
}

/** Does `h1 -= h2`, with the result in a new handle.
 *
 *  ctx      the caller's context
 *  h1       borrowed
 *  h2       borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyNumber_InPlaceSubtract of the C API
 */
static inline HPy HPy_InPlaceSubtract(HPyContext* ctx, HPy h1, HPy h2) {
    return HPY_FUNCTION(ctx, InPlaceSubtract)(ctx, h1, h2);
}

/** Does `h1 *= h2`, with the result in a new handle.
 *
 *  ctx      the caller's context
 *  h1       borrowed
 *  h2       borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyNumber_InPlaceMultiply of the C API
 */
static inline HPy HPy_InPlaceMultiply(HPyContext* ctx, HPy h1, HPy h2) {
    return HPY_FUNCTION(ctx, InPlaceMultiply)(ctx, h1, h2);
}

/** Does `h1 @= h2`, with the result in a new handle.
 *
 *  ctx      the caller's context
 *  h1       borrowed
 *  h2       borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyNumber_InPlaceMatrixMultiply of the C API
 */
static inline HPy HPy_InPlaceMatrixMultiply(HPyContext* ctx, HPy h1, HPy h2) {
    return HPY_FUNCTION(ctx, InPlaceMatrixMultiply)(ctx, h1, h2);
}

/** Does `h1 //= h2`, with the result in a new handle.
 *
 *  ctx      the caller's context
 *  h1       borrowed
 *  h2       borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyNumber_InPlaceFloorDivide of the C API
 */
static inline HPy HPy_InPlaceFloorDivide(HPyContext* ctx, HPy h1, HPy h2) {
    return HPY_FUNCTION(ctx, InPlaceFloorDivide)(ctx, h1, h2);
}

/** Does `h1 /= h2`, with the result in a new handle.
 *
 *  ctx      the caller's context
 *  h1       borrowed
 *  h2       borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyNumber_InPlaceTrueDivide of the C API
 */
static inline HPy HPy_InPlaceTrueDivide(HPyContext* ctx, HPy h1, HPy h2) {
    return HPY_FUNCTION(ctx, InPlaceTrueDivide)(ctx, h1, h2);
}

/** Does `h1 %= h2`, with the result in a new handle.
 *
 *  ctx      the caller's context
 *  h1       borrowed
 *  h2       borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyNumber_InPlaceRemainder of the C API
 */
static inline HPy HPy_InPlaceRemainder(HPyContext* ctx, HPy h1, HPy h2) {
    return HPY_FUNCTION(ctx, InPlaceRemainder)(ctx, h1, h2);
}

/** Does `h1 **= h2`, with the result in a new handle.
 *
 *  ctx      the caller's context
 *  h1       borrowed
 *  h2       borrowed
 *  h3       the modulus, borrowed; None for no modulus
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyNumber_InPlacePower of the C API
 */
static inline HPy HPy_InPlacePower(HPyContext* ctx, HPy h1, HPy h2, HPy h3) {
    return HPY_FUNCTION(ctx, InPlacePower)(ctx, h1, h2, h3);
}

/** Does `h1 <<= h2`, with the result in a new handle.
 *
 *  ctx      the caller's context
 *  h1       borrowed
 *  h2       borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyNumber_InPlaceLshift of the C API
 */
static inline HPy HPy_InPlaceLshift(HPyContext* ctx, HPy h1, HPy h2) {
    return HPY_FUNCTION(ctx, InPlaceLshift)(ctx, h1, h2);
}

/** Does `h1 >>= h2`, with the result in a new handle.
 *
 *  ctx      the caller's context
 *  h1       borrowed
 *  h2       borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyNumber_InPlaceRshift of the C API
 */
static inline HPy HPy_InPlaceRshift(HPyContext* ctx, HPy h1, HPy h2) {
    return HPY_FUNCTION(ctx, InPlaceRshift)(ctx, h1, h2);
}

/** Does `h1 &= h2`, with the result in a new handle.
 *
 *  ctx      the caller's context
 *  h1       borrowed
 *  h2       borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyNumber_InPlaceAnd of the C API
 */
static inline HPy HPy_InPlaceAnd(HPyContext* ctx, HPy h1, HPy h2) {
    return HPY_FUNCTION(ctx, InPlaceAnd)(ctx, h1, h2);
}

/** Does `h1 ^= h2`, with the result in a new handle.
 *
 *  ctx      the caller's context
 *  h1       borrowed
 *  h2       borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyNumber_InPlaceXor of the C API
 */
static inline HPy HPy_InPlaceXor(HPyContext* ctx, HPy h1, HPy h2) {
    return HPY_FUNCTION(ctx, InPlaceXor)(ctx, h1, h2);
}

/** Does `h1 |= h2`, with the result in a new handle.
 *
 *  ctx      the caller's context
 *  h1       borrowed
 *  h2       borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyNumber_InPlaceOr of the C API
 */
static inline HPy HPy_InPlaceOr(HPyContext* ctx, HPy h1, HPy h2) {
    return HPY_FUNCTION(ctx, InPlaceOr)(ctx, h1, h2);
}

#ifdef __cplusplus
}
#endif
