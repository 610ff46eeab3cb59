/* number.h: decimal floating-point arithmetic by the General Decimal Arithmetic Specification,
 * rounded half to even, for finite numbers: what `decimal` gives for them. No Python here.
 *
 * A function writes its exact or correctly rounded result into a Result that was started, and adds
 * to `status` what happened. 0; -1 where memory is missing. */
#ifndef PYGLOBAL_NUMBER_H
#define PYGLOBAL_NUMBER_H

#include "digits.h"

enum {
    INEXACT = 1,
    ROUNDED = 2,
    OVERFLOWED = 4,
    UNDERFLOWED = 8,
    DIVIDED_BY_ZERO = 16,
    INVALID = 32
};
#define MAX_PRECISION 1000000
#define MAX_EXPONENT 999999 /* of the first digit; the least is its negative */

typedef struct {
    int negative;
    int64_t exponent; /* of the last digit */
    View digits;
} Number;

typedef struct {
    int negative;
    int64_t exponent;
    Digits digits;
} Result;

static inline int is_zero(const Number* a) {
    return a->digits.count == 0;
}
static inline int64_t first_exponent(const Number* a) {
    return a->exponent + length_of(a->digits) - 1;
}
static inline Number number_of(const Result* result) {
    const Number number = {result->negative, result->exponent, view_of(&result->digits)};
    return number;
}
/* Rounds to the precision and checks the exponent. */
static inline void finish(Result* result, int64_t precision, unsigned* status) {
    Digits* const digits = &result->digits;
    int64_t length = length_of(view_of(digits));
    if (length > precision) {
        const int64_t dropped = length - precision;
        const int lost = shift_down(digits, dropped);
        result->exponent += dropped;
        *status |= ROUNDED | (lost ? INEXACT : 0);
        if (lost == 3 || (lost == 2 && digits->count > 0 && digits->limbs[0] % 2 == 1)) {
            add_one(digits);
            if (length_of(view_of(digits)) > precision) {
                shift_down(digits, 1);
                result->exponent++;
            }
        }
        length = precision;
    }
    if (digits->count == 0) {
        const int64_t least = -MAX_EXPONENT - precision + 1;
        if (result->exponent > MAX_EXPONENT) result->exponent = MAX_EXPONENT;
        if (result->exponent < least) result->exponent = least;
    } else if (result->exponent + length - 1 > MAX_EXPONENT) {
        *status |= OVERFLOWED;
    } else if (result->exponent + length - 1 < -MAX_EXPONENT) {
        *status |= UNDERFLOWED;
    }
}

/* a with a lower or equal exponent. */
static inline int rescale(Result* out, const Number* a, int64_t exponent) {
    out->negative = a->negative;
    out->exponent = exponent;
    return shift_up(&out->digits, a->digits, a->exponent - exponent);
}

/* Both have digits. A small one that is far behind the precision is replaced by 1 there, which
 * rounds the same: so the exponents may differ by any number. */
static inline int add_aligned(Result* out, const Number* a, const Number* b, int64_t precision) {
    const Number* high = a->exponent >= b->exponent ? a : b;
    Number low = high == a ? *b : *a;
    const uint32_t one = 1;
    const int64_t length = length_of(high->digits);
    const int64_t room = length - precision - 2 < -1 ? length - precision - 2 : -1;
    Digits aligned;
    int result = -1, order;
    if (first_exponent(&low) < high->exponent + room) {
        low.digits.count = 1;
        low.digits.limbs = &one;
        low.exponent = high->exponent + room;
    }
    start(&aligned);
    if (shift_up(&aligned, high->digits, high->exponent - low.exponent) < 0) goto done;
    out->exponent = low.exponent;
    if (high->negative == low.negative) {
        out->negative = high->negative;
        result = add_digits(&out->digits, view_of(&aligned), low.digits);
        goto done;
    }
    order = compare_digits(view_of(&aligned), low.digits);
    if (order == 0) {
        out->negative = 0;
        out->exponent = a->exponent < b->exponent ? a->exponent : b->exponent;
        result = set_small(&out->digits, 0);
    } else if (order > 0) {
        out->negative = high->negative;
        result = subtract_digits(&out->digits, view_of(&aligned), low.digits);
    } else {
        out->negative = low.negative;
        result = subtract_digits(&out->digits, low.digits, view_of(&aligned));
    }
done:
    drop(&aligned);
    return result;
}

static inline int add(Result* out, const Number* a, const Number* b, int64_t precision,
                      unsigned* status) {
    int64_t exponent = a->exponent < b->exponent ? a->exponent : b->exponent;
    int result;
    if (is_zero(a) && is_zero(b)) {
        out->negative = a->negative && b->negative;
        out->exponent = exponent;
        result = set_small(&out->digits, 0);
    } else if (is_zero(a) || is_zero(b)) {
        const Number* const other = is_zero(a) ? b : a;
        if (exponent < other->exponent - precision - 1) exponent = other->exponent - precision - 1;
        result = rescale(out, other, exponent);
    } else {
        result = add_aligned(out, a, b, precision);
    }
    if (result == 0) finish(out, precision, status);
    return result;
}

static inline int subtract(Result* out, const Number* a, const Number* b, int64_t precision,
                           unsigned* status) {
    Number negated = *b;
    negated.negative = !b->negative;
    return add(out, a, &negated, precision, status);
}

static inline int multiply(Result* out, const Number* a, const Number* b, int64_t precision,
                           unsigned* status) {
    out->negative = a->negative != b->negative;
    out->exponent = a->exponent + b->exponent;
    if (multiply_digits(&out->digits, a->digits, b->digits) < 0) return -1;
    finish(out, precision, status);
    return 0;
}

static inline int divide(Result* out, const Number* a, const Number* b, int64_t precision,
                         unsigned* status) {
    const int64_t ideal = a->exponent - b->exponent;
    const int64_t shift = length_of(b->digits) - length_of(a->digits) + precision + 1;
    Digits above, below;
    int result = 0;
    out->negative = a->negative != b->negative;
    out->exponent = ideal;
    if (is_zero(b)) {
        *status |= is_zero(a) ? INVALID : DIVIDED_BY_ZERO;
        return 0;
    }
    if (is_zero(a)) {
        finish(out, precision, status);
        return 0;
    }
    start(&above);
    start(&below);
    out->exponent = ideal - shift;
    result = shift_up(&above, a->digits, shift > 0 ? shift : 0) < 0 ||
                     shift_up(&below, b->digits, shift < 0 ? -shift : 0) < 0
                 ? -1
                 : divide_digits(&out->digits, NULL, view_of(&above), view_of(&below));
    if (result == 1) {
        /* One digit more than is wanted: 0 or 5 there would hide what is left behind it. */
        if (out->digits.limbs[0] % 5 == 0) out->digits.limbs[0]++;
        result = 0;
    } else if (result == 0) {
        while (out->exponent < ideal && out->digits.limbs[0] % 10 == 0) {
            shift_down(&out->digits, 1);
            out->exponent++;
        }
    }
    drop(&above);
    drop(&below);
    if (result == 0) finish(out, precision, status);
    return result;
}

/* What is left of a division to an integer; of a's sign. */
static inline int remain(Result* out, const Number* a, const Number* b, int64_t precision,
                         unsigned* status) {
    const int64_t exponent = a->exponent < b->exponent ? a->exponent : b->exponent;
    const int64_t apart = first_exponent(a) - first_exponent(b);
    Digits above, below, quotient;
    int result = 0;
    if (is_zero(b) || (!is_zero(a) && apart > precision)) {
        *status |= INVALID;
        return 0;
    }
    if (is_zero(a) || apart <= -2) {
        /* The zeros that a gets are as many as the exponents are apart: no more than the digits. */
        result = rescale(out, a, exponent);
        if (result == 0) finish(out, precision, status);
        return result;
    }
    start(&above);
    start(&below);
    start(&quotient);
    out->negative = a->negative;
    out->exponent = exponent;
    result = shift_up(&above, a->digits, a->exponent - exponent) < 0 ||
                     shift_up(&below, b->digits, b->exponent - exponent) < 0
                 ? -1
                 : divide_digits(&quotient, &out->digits, view_of(&above), view_of(&below));
    if (result >= 0 && length_of(view_of(&quotient)) > precision) *status |= INVALID;
    drop(&above);
    drop(&below);
    drop(&quotient);
    if (result < 0) return -1;
    finish(out, precision, status);
    return 0;
}

/* Rounds a; a zero becomes positive. `negate`: -a. */
static inline int round_number(Result* out, const Number* a, int negate, int64_t precision,
                               unsigned* status) {
    if (rescale(out, a, a->exponent) < 0) return -1;
    out->negative = !is_zero(a) && a->negative != negate;
    finish(out, precision, status);
    return 0;
}

/* Exactly, whatever the precision: *order is -1, 0 or 1. */
static inline int compare(const Number* a, const Number* b, int* order) {
    const int sign = a->negative ? -1 : 1;
    int64_t exponent = a->exponent < b->exponent ? a->exponent : b->exponent;
    Digits left, right;
    int result;
    if (is_zero(a) || is_zero(b) || a->negative != b->negative) {
        *order = is_zero(a) ? (is_zero(b) ? 0 : b->negative ? 1 : -1) : sign;
        return 0;
    }
    if (first_exponent(a) != first_exponent(b)) {
        *order = first_exponent(a) < first_exponent(b) ? -sign : sign;
        return 0;
    }
    start(&left);
    start(&right);
    result = shift_up(&left, a->digits, a->exponent - exponent) < 0 ||
                     shift_up(&right, b->digits, b->exponent - exponent) < 0
                 ? -1
                 : 0;
    if (result == 0) *order = sign * compare_digits(view_of(&left), view_of(&right));
    drop(&left);
    drop(&right);
    return result;
}

/* The digits of the integer part, without the sign and without the zeros of a high exponent. */
static inline int integer_part(Digits* out, const Number* a) {
    if (shift_up(out, a->digits, 0) < 0) return -1;
    if (a->exponent < 0) shift_down(out, -a->exponent);
    return 0;
}

#endif
