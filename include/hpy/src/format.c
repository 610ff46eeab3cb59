/* hpy/src/format.c: behind hpy/format.h; compiled into every extension.
 *
 * Long: one reader of formats; its parts share the state of a field.
 *
 * Text grows as UTF-8 in a buffer of our own; widths are counted in code points.
 */
#include "hpy.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST = 0x10FFFF };

/* Room that grows. `failed`: an exception is set. */
typedef struct {
    HPyContext* ctx;
    const char* format;
    const char* at; /* behind the percent sign */
    char* text;
    size_t size;
    size_t room;
    int failed;
    va_list values;
} Writer;

/* What is between a percent sign and its letter. */
typedef struct {
    int zeros;
    HPy_ssize_t width;     /* -1: none */
    HPy_ssize_t precision; /* -1: none */
    int longs;             /* 0, 1, 2 */
    int is_size;
    char letter;
} Unit;

static void fail(Writer* self, HPy type, const char* text) {
    if (!HPyErr_Occurred(self->ctx)) {
        HPyErr_SetString(self->ctx, type, text);
    }
    self->failed = 1;
}

static void fail_memory(Writer* self) {
    HPyErr_NoMemory(self->ctx);
    self->failed = 1;
}

static void fail_format(Writer* self) {
    char text[300];
    snprintf(text, sizeof(text),
             "HPyUnicode_FromFormat: invalid format string, at position %d of '%.100s'; see "
             "hpy/format.h.",
             (int)(self->at - self->format), self->format);
    fail(self, self->ctx->h_SystemError, text);
}

/* ---- writing ---- */

/* NULL where there is nothing to be written, or no memory. */
static char* reserve(Writer* self, size_t more) {
    if (self->failed || more == 0) {
        return NULL;
    }
    if (more > (size_t)HPY_SSIZE_T_MAX - self->size) {
        fail_memory(self);
        return NULL;
    }
    if (self->size + more > self->room) {
        const size_t wanted = self->size + more;
        const size_t room = wanted > (size_t)HPY_SSIZE_T_MAX / 2 ? wanted : wanted * 2;
        char* const text = (char*)realloc(self->text, room);
        if (text == NULL) {
            fail_memory(self);
            return NULL;
        }
        self->text = text;
        self->room = room;
    }
    return self->text + self->size;
}

static void write_text(Writer* self, const char* text, size_t size) {
    char* const place = reserve(self, size);
    if (place != NULL) {
        memcpy(place, text, size);
        self->size += size;
    }
}

static void write_times(Writer* self, char character, HPy_ssize_t count) {
    char* const place = count > 0 ? reserve(self, (size_t)count) : NULL;
    if (place != NULL) {
        memset(place, character, (size_t)count);
        self->size += (size_t)count;
    }
}

/* ---- numbers ---- */

static void write_number(Writer* self, const Unit* unit, int negative, unsigned long long number) {
    char digits[32];
    const HPy_ssize_t count =
        snprintf(digits, sizeof(digits), unit->letter == 'x' ? "%llx" : "%llu", number);
    HPy_ssize_t zeros = unit->precision > count ? unit->precision - count : 0;
    HPy_ssize_t blanks = 0;
    /* Subtracted one after the other: no sum that could be too large. */
    HPy_ssize_t left = unit->width - zeros;
    left = left > 0 ? left - count - negative : 0;
    if (left > 0) {
        if (unit->zeros) {
            zeros += left;
        } else {
            blanks = left;
        }
    }
    write_times(self, ' ', blanks);
    if (negative) {
        write_text(self, "-", 1);
    }
    write_times(self, '0', zeros);
    write_text(self, digits, (size_t)count);
}

static void write_signed(Writer* self, const Unit* unit) {
    long long number;
    if (unit->is_size) {
        number = va_arg(self->values, HPy_ssize_t);
    } else if (unit->longs == 2) {
        number = va_arg(self->values, long long);
    } else {
        number = unit->longs == 1 ? va_arg(self->values, long) : va_arg(self->values, int);
    }
    write_number(self, unit, number < 0,
                 number < 0 ? 0ULL - (unsigned long long)number : (unsigned long long)number);
}

static void write_unsigned(Writer* self, const Unit* unit) {
    unsigned long long number;
    if (unit->is_size) {
        number = va_arg(self->values, size_t);
    } else if (unit->longs == 2) {
        number = va_arg(self->values, unsigned long long);
    } else {
        number = unit->longs == 1 ? va_arg(self->values, unsigned long)
                                  : va_arg(self->values, unsigned int);
    }
    write_number(self, unit, 0, number);
}

/* ---- characters and text ---- */

static void write_code_point(Writer* self, int code) {
    char text[4];
    size_t size = 0;
    if (code < 0 || code > LARGEST) {
        fail(self, self->ctx->h_OverflowError, "character argument not in range(0x110000)");
        return;
    }
    if (code >= 0xD800 && code <= 0xDFFF) {
        fail(
            self, self->ctx->h_ValueError,
            "HPyUnicode_FromFormat: the value for '%c' is a surrogate; a code point that UTF-8 can "
            "encode was expected.");
        return;
    }
    if (code < 0x80) {
        text[size++] = (char)code;
    } else {
        if (code < 0x800) {
            text[size++] = (char)(0xC0 | code >> 6);
        } else {
            if (code < 0x10000) {
                text[size++] = (char)(0xE0 | code >> 12);
            } else {
                text[size++] = (char)(0xF0 | code >> 18);
                text[size++] = (char)(0x80 | (code >> 12 & 0x3F));
            }
            text[size++] = (char)(0x80 | (code >> 6 & 0x3F));
        }
        text[size++] = (char)(0x80 | (code & 0x3F));
    }
    write_text(self, text, size);
}

static HPy_ssize_t count_characters(const char* text, size_t size) {
    HPy_ssize_t count = 0;
    size_t i;
    for (i = 0; i < size; i++) {
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    }
    return count;
}

/* How many bytes the first characters take. */
static size_t size_of_characters(const char* text, size_t size, HPy_ssize_t characters) {
    size_t i;
    for (i = 0; i < size; i++) {
        if (((unsigned char)text[i] & 0xC0) != 0x80 && characters-- == 0) {
            return i;
        }
    }
    return size;
}

static void write_padded(Writer* self, const Unit* unit, const char* text, size_t size) {
    const HPy_ssize_t characters = count_characters(text, size);
    write_times(self, ' ', unit->width > characters ? unit->width - characters : 0);
    write_text(self, text, size);
}

static void write_c_string(Writer* self, const Unit* unit, const char* text) {
    char message[100];
    size_t size = 0;
    if (text == NULL) {
        snprintf(message, sizeof(message),
                 "null c string passed as value for formatting unit '%%%c'", unit->letter);
        fail(self, self->ctx->h_SystemError, message);
        return;
    }
    /* With a precision the text need not end with a zero byte. */
    while ((unit->precision < 0 || size < (size_t)unit->precision) && text[size] != '\0') {
        size++;
    }
    write_padded(self, unit, text, size);
}

/* Takes `text`, a str or HPy_NULL with an exception set. */
static void write_str(Writer* self, const Unit* unit, HPy text) {
    HPy_ssize_t size = 0;
    const char* utf8;
    if (HPy_IsNull(text)) {
        self->failed = 1;
        return;
    }
    utf8 = HPyUnicode_AsUTF8AndSize(self->ctx, text, &size);
    if (utf8 == NULL) {
        self->failed = 1;
    } else {
        size_t taken = (size_t)size;
        if (unit->precision >= 0) {
            taken = size_of_characters(utf8, taken, unit->precision);
        }
        write_padded(self, unit, utf8, taken);
    }
    HPy_Close(self->ctx, text);
}

static void write_object(Writer* self, const Unit* unit, HPy object) {
    HPyContext* const ctx = self->ctx;
    char message[100];
    if (HPy_IsNull(object)) {
        snprintf(message, sizeof(message), "HPy_NULL passed as value for formatting unit '%%%c'",
                 unit->letter);
        fail(self, ctx->h_SystemError, message);
        return;
    }
    switch (unit->letter) {
    case 'S':
        write_str(self, unit, HPy_Str(ctx, object));
        return;
    case 'R':
        write_str(self, unit, HPy_Repr(ctx, object));
        return;
    case 'A':
        write_str(self, unit, HPy_ASCII(ctx, object));
        return;
    default:
        write_str(self, unit, HPy_Dup(ctx, object)); /* raises if it is not a str */
    }
}

static void write_pointer(Writer* self) {
    char text[64];
    const int size = snprintf(text, sizeof(text), "%p", va_arg(self->values, void*));
    if (text[0] != '0' || (text[1] != 'x' && text[1] != 'X')) { /* glibc: (nil) */
        write_text(self, "0x", 2);
        if (text[0] == '(') {
            write_text(self, "0", 1);
            return;
        }
    }
    write_text(self, text, (size_t)size);
}

/* ---- reading the format ---- */

/* -1: there is none; sets `failed` for one that is too large. */
static HPy_ssize_t read_count(Writer* self, const char* too_big) {
    HPy_ssize_t count = -1;
    while (*self->at >= '0' && *self->at <= '9') {
        const int digit = *self->at++ - '0';
        count = count < 0 ? 0 : count;
        if (count > (HPY_SSIZE_T_MAX - digit) / 10) {
            fail(self, self->ctx->h_ValueError, too_big);
            return -1;
        }
        count = count * 10 + digit;
    }
    return count;
}

static Unit read_unit(Writer* self) {
    Unit unit = {0, -1, -1, 0, 0, '\0'};
    if (*self->at == '0') {
        unit.zeros = 1;
        self->at++;
    }
    unit.width = read_count(self, "width too big");
    if (*self->at == '.' && !self->failed) {
        self->at++;
        unit.precision = read_count(self, "precision too big");
        if (unit.precision < 0) {
            unit.precision = 0; /* as in C */
        }
    }
    if (*self->at == 'z') {
        unit.is_size = 1;
        self->at++;
    }
    while (*self->at == 'l' && !unit.is_size && unit.longs < 2) {
        unit.longs++;
        self->at++;
    }
    unit.letter = *self->at;
    if (unit.letter != '\0') {
        self->at++;
    }
    return unit;
}

/* Whether the letter can be combined with what is before it; otherwise an exception is set. */
static int check_unit(Writer* self, const Unit* unit) {
    char message[120];
    const int number = strchr("diux", unit->letter) != NULL;
    const int plain = unit->letter == 'c' || unit->letter == 'p';
    if (unit->letter == '\0' || strchr("diuxcpsUVSRA", unit->letter) == NULL ||
        (!number && (unit->longs != 0 || unit->is_size))) {
        fail_format(self);
        return 0;
    }
    if (!number && unit->zeros) {
        snprintf(message, sizeof(message), "formatting unit '%%%c' does not support 0-padding",
                 unit->letter);
    } else if (plain && (unit->width >= 0 || unit->precision >= 0)) {
        snprintf(message, sizeof(message),
                 "formatting unit '%%%c' does not support width nor precision", unit->letter);
    } else {
        return 1;
    }
    fail(self, self->ctx->h_SystemError, message);
    return 0;
}

static void write_either(Writer* self, const Unit* unit) {
    const HPy object = va_arg(self->values, HPy);
    const char* const text = va_arg(self->values, const char*);
    if (HPy_IsNull(object)) {
        write_c_string(self, unit, text);
    } else {
        write_object(self, unit, object);
    }
}

/* One unit, of which the percent sign was read. */
static void write_unit(Writer* self) {
    Unit unit;
    if (*self->at == '%') {
        self->at++;
        write_text(self, "%", 1);
        return;
    }
    unit = read_unit(self);
    if (self->failed || !check_unit(self, &unit)) {
        return;
    }
    switch (unit.letter) {
    case 'd':
    case 'i':
        write_signed(self, &unit);
        return;
    case 'u':
    case 'x':
        write_unsigned(self, &unit);
        return;
    case 'c':
        write_code_point(self, va_arg(self->values, int));
        return;
    case 'p':
        write_pointer(self);
        return;
    case 's':
        write_c_string(self, &unit, va_arg(self->values, const char*));
        return;
    case 'V':
        write_either(self, &unit);
        return;
    default:
        write_object(self, &unit, va_arg(self->values, HPy));
    }
}

/* Everything up to the next percent sign. */
static void write_literal(Writer* self) {
    char message[120];
    const char* const start = self->at;
    while (*self->at != '\0' && *self->at != '%') {
        if ((unsigned char)*self->at >= 0x80) {
            snprintf(message, sizeof(message),
                     "expected an ASCII-encoded format string, got a non-ASCII byte: 0x%02x",
                     (unsigned char)*self->at);
            fail(self, self->ctx->h_ValueError, message);
            return;
        }
        self->at++;
    }
    write_text(self, start, (size_t)(self->at - start));
}

/* A %s that was cut may end within a character: such bytes are replaced. */
static HPy finish(const Writer* self) {
    HPyContext* const ctx = self->ctx;
    HPy bytes, result;
    if (self->failed) {
        return HPy_NULL;
    }
    bytes = HPyBytes_FromStringAndSize(ctx, self->text != NULL ? self->text : "",
                                       (HPy_ssize_t)self->size);
    if (HPy_IsNull(bytes)) {
        return HPy_NULL;
    }
    result = HPyUnicode_FromEncodedObject(ctx, bytes, "utf-8", "replace");
    HPy_Close(ctx, bytes);
    return result;
}

HPy HPyUnicode_FromFormatV(HPyContext* ctx, const char* fmt, va_list vargs) {
    Writer self;
    HPy result;
    if (fmt == NULL) {
        return HPyErr_SetString(ctx, ctx->h_SystemError,
                                "HPyUnicode_FromFormat: the format is NULL; a string was "
                                "expected.");
    }
    self.ctx = ctx;
    self.format = self.at = fmt;
    self.text = NULL;
    self.size = self.room = 0;
    self.failed = 0;
    va_copy(self.values, vargs);
    while (*self.at != '\0' && !self.failed) {
        if (*self.at == '%') {
            self.at++;
            write_unit(&self);
        } else {
            write_literal(&self);
        }
    }
    va_end(self.values);
    result = finish(&self);
    free(self.text);
    return result;
}

HPy HPyUnicode_FromFormat(HPyContext* ctx, const char* fmt, ...) {
    va_list values;
    HPy result;
    va_start(values, fmt);
    result = HPyUnicode_FromFormatV(ctx, fmt, values);
    va_end(values);
    return result;
}

HPy HPyErr_Format(HPyContext* ctx, HPy h_type, const char* fmt, ...) {
    va_list values;
    HPy message;
    va_start(values, fmt);
    message = HPyUnicode_FromFormatV(ctx, fmt, values);
    va_end(values);
    if (!HPy_IsNull(message)) {
        HPyErr_SetObject(ctx, h_type, message);
        HPy_Close(ctx, message);
    }
    return HPy_NULL;
}
