/* digits.h: numbers of many decimal digits, without a sign: what number.h calculates with.
 *
 * A number is limbs of nine digits, the lowest first, without a zero at the top; 0 has none. A
 * function that writes to a Digits returns 0, or -1 where memory is missing. No Python here. */
#ifndef PYGLOBAL_DIGITS_H
#define PYGLOBAL_DIGITS_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LIMB_DIGITS 9
#define LIMB_BASE 1000000000u
#define FEW_LIMBS 24

static const uint32_t powers_of_ten[LIMB_DIGITS + 1] = {
    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000};

/* Limbs that a number owns; few of them need no memory. `drop` it in the end. */
typedef struct {
    size_t count;
    uint32_t* limbs;
    uint32_t few[FEW_LIMBS];
} Digits;

/* Limbs that are another's. */
typedef struct {
    size_t count;
    const uint32_t* limbs;
} View;

static inline void start(Digits* digits) {
    digits->count = 0;
    digits->limbs = digits->few;
}
static inline void drop(Digits* digits) {
    if (digits->limbs != digits->few) free(digits->limbs);
}
/* Makes room for so many limbs; what was there is lost. */
static inline int reserve(Digits* digits, size_t count) {
    uint32_t* room;
    if (count <= FEW_LIMBS) return 0;
    room = (uint32_t*)malloc(count * sizeof(uint32_t));
    if (room == NULL) return -1;
    drop(digits);
    digits->limbs = room;
    return 0;
}
static inline View view_of(const Digits* digits) {
    const View view = {digits->count, digits->limbs};
    return view;
}
static inline void trim(Digits* digits) {
    while (digits->count > 0 && digits->limbs[digits->count - 1] == 0)
        digits->count--;
}

/* How many decimal digits; 0 for 0. */
static inline int64_t length_of(View a) {
    int digits = 1;
    if (a.count == 0) return 0;
    while (digits < LIMB_DIGITS && a.limbs[a.count - 1] >= powers_of_ten[digits])
        digits++;
    return (int64_t)(a.count - 1) * LIMB_DIGITS + digits;
}

static inline int compare_digits(View a, View b) {
    if (a.count != b.count) return a.count < b.count ? -1 : 1;
    for (size_t i = a.count; i-- > 0;)
        if (a.limbs[i] != b.limbs[i]) return a.limbs[i] < b.limbs[i] ? -1 : 1;
    return 0;
}

static inline int set_small(Digits* out, uint64_t value) {
    out->count = 0;
    for (; value != 0; value /= LIMB_BASE)
        out->limbs[out->count++] = (uint32_t)(value % LIMB_BASE);
    return 0;
}

static inline int add_digits(Digits* out, View a, View b) {
    uint32_t carry = 0;
    size_t i;
    if (a.count < b.count) {
        const View other = a;
        a = b;
        b = other;
    }
    if (reserve(out, a.count + 1) < 0) return -1;
    for (i = 0; i < a.count; i++) {
        uint32_t sum = a.limbs[i] + (i < b.count ? b.limbs[i] : 0) + carry;
        carry = sum >= LIMB_BASE;
        out->limbs[i] = carry ? sum - LIMB_BASE : sum;
    }
    out->limbs[i] = carry;
    out->count = a.count + 1;
    trim(out);
    return 0;
}

/* a - b, where a is not less. */
static inline int subtract_digits(Digits* out, View a, View b) {
    uint32_t borrow = 0;
    if (reserve(out, a.count) < 0) return -1;
    for (size_t i = 0; i < a.count; i++) {
        const uint32_t taken = (i < b.count ? b.limbs[i] : 0) + borrow;
        borrow = a.limbs[i] < taken;
        out->limbs[i] = a.limbs[i] + (borrow ? LIMB_BASE : 0) - taken;
    }
    out->count = a.count;
    trim(out);
    return 0;
}

static inline int multiply_digits(Digits* out, View a, View b) {
    if (reserve(out, a.count + b.count) < 0) return -1;
    memset(out->limbs, 0, (a.count + b.count) * sizeof(uint32_t));
    for (size_t i = 0; i < a.count; i++) {
        uint64_t carry = 0;
        for (size_t j = 0; j < b.count; j++) {
            carry += out->limbs[i + j] + (uint64_t)a.limbs[i] * b.limbs[j];
            out->limbs[i + j] = (uint32_t)(carry % LIMB_BASE);
            carry /= LIMB_BASE;
        }
        out->limbs[i + b.count] = (uint32_t)carry;
    }
    out->count = a.count + b.count;
    trim(out);
    return 0;
}

/* Divides limbs in place by one limb; the remainder. */
static inline uint32_t divide_by_limb(uint32_t* limbs, size_t count, uint32_t by) {
    uint64_t rest = 0;
    for (size_t i = count; i-- > 0;) {
        rest = rest * LIMB_BASE + limbs[i];
        limbs[i] = (uint32_t)(rest / by);
        rest %= by;
    }
    return (uint32_t)rest;
}

/* a * 10**by */
static inline int shift_up(Digits* out, View a, int64_t by) {
    const size_t limbs = (size_t)by / LIMB_DIGITS;
    const uint64_t factor = powers_of_ten[by % LIMB_DIGITS];
    uint64_t carry = 0;
    if (a.count == 0) return set_small(out, 0);
    if (reserve(out, a.count + limbs + 1) < 0) return -1;
    memset(out->limbs, 0, limbs * sizeof(uint32_t));
    for (size_t i = 0; i < a.count; i++) {
        carry += a.limbs[i] * factor;
        out->limbs[limbs + i] = (uint32_t)(carry % LIMB_BASE);
        carry /= LIMB_BASE;
    }
    out->limbs[limbs + a.count] = (uint32_t)carry;
    out->count = a.count + limbs + 1;
    trim(out);
    return 0;
}

/* In place: divides by 10**by. What is lost: 0 nothing, 1 less than half, 2 half, 3 more. */
static inline int shift_down(Digits* digits, int64_t by) {
    size_t limbs = (size_t)by / LIMB_DIGITS;
    const int part = (int)(by % LIMB_DIGITS);
    uint32_t lost, half;
    int below = 0;
    if (by == 0 || digits->count == 0) return 0;
    if (limbs >= digits->count && (limbs > digits->count || part > 0)) {
        digits->count = 0; /* all of it is below the highest digit that is lost */
        return 1;
    }
    if (part == 0) limbs--; /* the highest limb that is lost decides */
    for (size_t i = 0; i < limbs; i++)
        below |= digits->limbs[i] != 0;
    digits->count -= limbs;
    memmove(digits->limbs, digits->limbs + limbs, digits->count * sizeof(uint32_t));
    if (part == 0) {
        lost = digits->limbs[0];
        digits->count--;
        memmove(digits->limbs, digits->limbs + 1, digits->count * sizeof(uint32_t));
        half = LIMB_BASE / 2;
    } else {
        lost = divide_by_limb(digits->limbs, digits->count, powers_of_ten[part]);
        half = powers_of_ten[part] / 2;
    }
    trim(digits);
    if (lost == half) return below ? 3 : 2;
    return lost > half ? 3 : (lost != 0 || below);
}

/* In place: adds 1. There is room, since digits were dropped before, or the top limb is not full.
 */
static inline void add_one(Digits* digits) {
    size_t i = 0;
    while (i < digits->count && ++digits->limbs[i] == LIMB_BASE)
        digits->limbs[i++] = 0;
    if (i == digits->count) digits->limbs[digits->count++] = 1;
}

/* Knuth's algorithm D: a / b and the rest, b not 0. `rest` may be NULL. 1 where there is a rest. */
static inline int divide_digits(Digits* out, Digits* rest, View a, View b) {
    Digits u, v;
    const size_t n = b.count, m = a.count >= b.count ? a.count - b.count : 0;
    const uint32_t scale = LIMB_BASE / (b.limbs[n - 1] + 1);
    uint64_t carry = 0;
    int result = -1;
    start(&u);
    start(&v);
    if (reserve(&u, (a.count > n ? a.count : n) + 1) < 0 || reserve(&v, n) < 0 ||
        reserve(out, m + 1) < 0 || (rest != NULL && reserve(rest, n + 1) < 0))
        goto done;
    for (size_t i = 0; i < n; i++) {
        carry += (uint64_t)b.limbs[i] * scale;
        v.limbs[i] = (uint32_t)(carry % LIMB_BASE);
        carry /= LIMB_BASE;
    }
    for (size_t i = 0; i <= m + n; i++) {
        carry += i < a.count ? (uint64_t)a.limbs[i] * scale : 0;
        u.limbs[i] = (uint32_t)(carry % LIMB_BASE);
        carry /= LIMB_BASE;
    }
    for (size_t j = m + 1; j-- > 0;) {
        const uint64_t top = (uint64_t)u.limbs[j + n] * LIMB_BASE + u.limbs[j + n - 1];
        uint64_t guess = top / v.limbs[n - 1], left = top % v.limbs[n - 1], product = 0;
        int64_t borrow = 0;
        while (guess >= LIMB_BASE ||
               (n > 1 && guess * v.limbs[n - 2] > left * LIMB_BASE + u.limbs[j + n - 2])) {
            guess--;
            left += v.limbs[n - 1];
            if (left >= LIMB_BASE) break;
        }
        for (size_t i = 0; i <= n; i++) {
            int64_t digit;
            product += i < n ? guess * v.limbs[i] : 0;
            digit = (int64_t)u.limbs[i + j] - (int64_t)(product % LIMB_BASE) - borrow;
            product /= LIMB_BASE;
            borrow = digit < 0;
            u.limbs[i + j] = (uint32_t)(digit + (borrow ? (int64_t)LIMB_BASE : 0));
        }
        if (borrow) { /* one too much: add it back */
            uint32_t over = 0;
            guess--;
            for (size_t i = 0; i <= n; i++) {
                const uint32_t sum = u.limbs[i + j] + (i < n ? v.limbs[i] : 0) + over;
                over = sum >= LIMB_BASE;
                u.limbs[i + j] = over ? sum - LIMB_BASE : sum;
            }
        }
        out->limbs[j] = (uint32_t)guess;
    }
    out->count = m + 1;
    trim(out);
    result = 0;
    for (size_t i = 0; i < n; i++)
        result |= u.limbs[i] != 0;
    if (rest != NULL) {
        divide_by_limb(u.limbs, n, scale);
        memcpy(rest->limbs, u.limbs, n * sizeof(uint32_t));
        rest->count = n;
        trim(rest);
    }
done:
    drop(&u);
    drop(&v);
    return result;
}

#endif
