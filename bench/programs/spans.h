/* spans.h: spans of numbers with a stride, and what is computed with them. No Python: array_c.c and
 * array_hpy.c are two bindings of it.
 */
#pragma once

#include <stddef.h>
#include <stdlib.h>

typedef struct {
    double* data;
    ptrdiff_t length;
    ptrdiff_t stride; /* in numbers; 0: one number, as often as it is needed */
} Span;

/* For the caller to free; `data` is NULL if there is no memory. */
static inline Span span_new(ptrdiff_t length) {
    Span made = {NULL, length, 1};
    const size_t count = length > 0 ? (size_t)length : 1;
    if (count <= (size_t)-1 / sizeof(double)) made.data = (double*)malloc(count * sizeof(double));
    return made;
}

static inline Span span_of_number(double* number, ptrdiff_t length) {
    const Span made = {number, length, 0};
    return made;
}

static inline Span span_slice(Span from, ptrdiff_t start, ptrdiff_t length, ptrdiff_t step) {
    const Span made = {from.data + start * from.stride, length, from.stride * step};
    return made;
}

/* The spans of each of these have one length. */

static inline void span_copy(Span to, Span from) {
    for (ptrdiff_t i = 0; i < to.length; i++)
        to.data[i * to.stride] = from.data[i * from.stride];
}

static inline void span_add(Span to, Span a, Span b) {
    for (ptrdiff_t i = 0; i < to.length; i++)
        to.data[i * to.stride] = a.data[i * a.stride] + b.data[i * b.stride];
}

static inline void span_subtract(Span to, Span a, Span b) {
    for (ptrdiff_t i = 0; i < to.length; i++)
        to.data[i * to.stride] = a.data[i * a.stride] - b.data[i * b.stride];
}

static inline void span_multiply(Span to, Span a, Span b) {
    for (ptrdiff_t i = 0; i < to.length; i++)
        to.data[i * to.stride] = a.data[i * a.stride] * b.data[i * b.stride];
}

static inline double span_dot(Span a, Span b) {
    double sum = 0.0;
    for (ptrdiff_t i = 0; i < a.length; i++)
        sum += a.data[i * a.stride] * b.data[i * b.stride];
    return sum;
}

static inline double span_sum(Span a) {
    double sum = 0.0;
    for (ptrdiff_t i = 0; i < a.length; i++)
        sum += a.data[i * a.stride];
    return sum;
}

/* Whether memory of the two may be the same. */
static inline int span_overlaps(Span a, Span b) {
    const double* const a_first = a.stride < 0 ? a.data + (a.length - 1) * a.stride : a.data;
    const double* const a_last = a.stride < 0 ? a.data : a.data + (a.length - 1) * a.stride;
    const double* const b_first = b.stride < 0 ? b.data + (b.length - 1) * b.stride : b.data;
    const double* const b_last = b.stride < 0 ? b.data : b.data + (b.length - 1) * b.stride;
    return a.length > 0 && b.length > 0 && a_first <= b_last && b_first <= a_last;
}
