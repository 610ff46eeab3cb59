/* text.h: numbers as text. No Python here. */
#ifndef PYGLOBAL_TEXT_H
#define PYGLOBAL_TEXT_H

#include "number.h"

#include <inttypes.h>
#include <stdio.h>

/* In place: digits * by + plus. There is room for another limb. */
static inline void multiply_by_limb(Digits* digits, uint32_t by, uint32_t plus) {
    uint64_t carry = plus;
    for (size_t i = 0; i < digits->count; i++) {
        carry += (uint64_t)digits->limbs[i] * by;
        digits->limbs[i] = (uint32_t)(carry % LIMB_BASE);
        carry /= LIMB_BASE;
    }
    if (carry != 0) digits->limbs[digits->count++] = (uint32_t)carry;
}

/* An int of Python's as it writes it: -0x1f. 0, or -1 where memory is missing. */
static inline int read_hexadecimal(Result* out, const char* text) {
    out->negative = *text == '-';
    out->exponent = 0;
    text += 2 + out->negative;
    if (reserve(&out->digits, strlen(text) / 7 + 2) < 0) return -1; /* 16**7 < 10**9 */
    for (; *text != '\0'; text++)
        multiply_by_limb(&out->digits, 16,
                         (uint32_t)(*text <= '9' ? *text - '0' : *text - 'a' + 10));
    return 0;
}

static inline int is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* [sign] digits [. digits] [E [sign] digits]: 1; 0 for anything else; -1 where memory is missing.
 */
static inline int read_text(Result* out, const char* text) {
    int64_t exponent = 0, behind = 0, read = 0;
    int point = 0, negative = 0;
    out->negative = *text == '-';
    if (*text == '-' || *text == '+') text++;
    if (reserve(&out->digits, strlen(text) / LIMB_DIGITS + 2) < 0) return -1;
    for (; is_digit(*text) || (*text == '.' && !point); text++) {
        if (*text == '.') {
            point = 1;
            continue;
        }
        multiply_by_limb(&out->digits, 10, (uint32_t)(*text - '0'));
        behind += point;
        read++;
    }
    if (read == 0) return 0;
    if (*text == 'E' || *text == 'e') {
        text++;
        negative = *text == '-';
        if (*text == '-' || *text == '+') text++;
        if (!is_digit(*text)) return 0;
        for (; is_digit(*text); text++) {
            exponent = exponent * 10 + (*text - '0');
            if (exponent > 10 * MAX_EXPONENT) return 0;
        }
    }
    if (*text != '\0') return 0;
    out->exponent = (negative ? -exponent : exponent) - behind;
    return 1;
}

/* As the specification's to-scientific-string; to be freed. NULL where memory is missing. */
static inline char* write_text(const Number* a) {
    const size_t limbs = a->digits.count;
    char* const digits = (char*)malloc(limbs * LIMB_DIGITS + 2);
    int64_t length = length_of(a->digits), first;
    char *text, *to;
    if (digits == NULL) return NULL;
    if (limbs == 0) {
        strcpy(digits, "0");
        length = 1;
    } else {
        to = digits + snprintf(digits, LIMB_DIGITS + 1, "%" PRIu32, a->digits.limbs[limbs - 1]);
        for (size_t i = limbs - 1; i-- > 0; to += LIMB_DIGITS)
            snprintf(to, LIMB_DIGITS + 1, "%09" PRIu32, a->digits.limbs[i]);
    }
    first = a->exponent + length - 1;
    text = to = (char*)malloc((size_t)length + 40);
    if (text == NULL) goto done;
    if (a->negative) *to++ = '-';
    if (a->exponent <= 0 && first >= -6) {
        const int64_t before = length + a->exponent; /* digits before the point */
        if (before > 0) {
            memcpy(to, digits, (size_t)before);
            to += before;
        } else {
            *to++ = '0';
        }
        if (a->exponent < 0) {
            *to++ = '.';
            for (int64_t i = before; i < 0; i++)
                *to++ = '0';
            strcpy(to, digits + (before > 0 ? before : 0));
        } else {
            *to = '\0';
        }
    } else {
        *to++ = digits[0];
        if (length > 1) *to++ = '.';
        to += sprintf(to, "%s", digits + 1);
        sprintf(to, "E%+" PRId64, first);
    }
done:
    free(digits);
    return text;
}

#endif
