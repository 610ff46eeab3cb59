/* hpy/src/argparse.c: behind hpy/argparse.h; compiled into every extension.
 *
 * Long: one reader of formats; its parts share the state of the arguments.
 *
 * One loop over the units of the format serves all three functions; they differ in where a value
 * that was given by name is found.
 */
#include "hpy.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    HPyContext* ctx;
    HPyTracker* tracker; /* or NULL */
    const HPy* args;
    HPy_ssize_t count;     /* of positional arguments */
    HPy kwnames;           /* a tuple, whose values follow the positional ones; or HPy_NULL */
    HPy kw;                /* a dict; or HPy_NULL */
    const char** keywords; /* NULL: positional only */
    const char* at;        /* in the format */
    const char* end;       /* of its units */
    HPy_ssize_t index;     /* of the unit that is read */
    HPy_ssize_t named;     /* how many values were found by name */
    int optional;
    int name_only;
    int keeps; /* handles and texts outlive the arguments: the tracker has handles of its own */
    va_list targets;
} Parser;

/* ---- messages ---- */

static int fail(const Parser* self, HPy type, const char* what) {
    char text[400];
    if (*self->end == ';') {
        HPyErr_SetString(self->ctx, type, self->end + 1);
    } else if (*self->end == ':') {
        snprintf(text, sizeof(text), "%.150s() %s", self->end + 1, what);
        HPyErr_SetString(self->ctx, type, text);
    } else {
        snprintf(text, sizeof(text), "function %s", what);
        HPyErr_SetString(self->ctx, type, text);
    }
    return 0;
}

static int fail_type(const Parser* self, const char* what) {
    return fail(self, self->ctx->h_TypeError, what);
}

static int fail_name(const Parser* self, const char* what, const char* name) {
    char text[200];
    snprintf(text, sizeof(text), "%s '%.100s'", what, name);
    return fail_type(self, text);
}

/* ---- conversion: 1; 0 with an exception set ---- */

static int check_range(const Parser* self, long value, long least, long most, const char* kind) {
    char text[100];
    if (value >= least && value <= most) {
        return 1;
    }
    snprintf(text, sizeof(text), "%s integer is %s than %s", kind,
             value < least ? "less" : "greater", value < least ? "minimum" : "maximum");
    return fail(self, self->ctx->h_OverflowError, text);
}

/* -1 may be an error, or the value. */
static int as_long(const Parser* self, HPy value, long* number) {
    *number = HPyLong_AsLong(self->ctx, value);
    return *number != -1 || !HPyErr_Occurred(self->ctx);
}

static int convert_checked(Parser* self, char unit, HPy value) {
    long number;
    if (!as_long(self, value, &number)) {
        return 0;
    }
    if (unit == 'b') {
        unsigned char* const target = va_arg(self->targets, unsigned char*);
        if (!check_range(self, number, 0, UCHAR_MAX, "unsigned byte")) {
            return 0;
        }
        *target = (unsigned char)number;
    } else if (unit == 'h') {
        short* const target = va_arg(self->targets, short*);
        if (!check_range(self, number, SHRT_MIN, SHRT_MAX, "signed short")) {
            return 0;
        }
        *target = (short)number;
    } else if (unit == 'i') {
        int* const target = va_arg(self->targets, int*);
        if (!check_range(self, number, INT_MIN, INT_MAX, "signed")) {
            return 0;
        }
        *target = (int)number;
    } else {
        *va_arg(self->targets, long*) = number;
    }
    return 1;
}

static int convert_masked(Parser* self, char unit, HPy value) {
    const unsigned long number = HPyLong_AsUnsignedLongMask(self->ctx, value);
    if (number == (unsigned long)-1 && HPyErr_Occurred(self->ctx)) {
        return 0;
    }
    if (unit == 'B') {
        *va_arg(self->targets, unsigned char*) = (unsigned char)number;
    } else if (unit == 'H') {
        *va_arg(self->targets, unsigned short*) = (unsigned short)number;
    } else if (unit == 'I') {
        *va_arg(self->targets, unsigned int*) = (unsigned int)number;
    } else {
        *va_arg(self->targets, unsigned long*) = number;
    }
    return 1;
}

static int convert_wide(Parser* self, char unit, HPy value) {
    HPyContext* const ctx = self->ctx;
    if (unit == 'L') {
        const long long number = HPyLong_AsLongLong(ctx, value);
        *va_arg(self->targets, long long*) = number;
        return number != -1 || !HPyErr_Occurred(ctx);
    }
    if (unit == 'K') {
        const unsigned long long number = HPyLong_AsUnsignedLongLongMask(ctx, value);
        *va_arg(self->targets, unsigned long long*) = number;
        return number != (unsigned long long)-1 || !HPyErr_Occurred(ctx);
    }
    {
        const HPy_ssize_t number = HPyLong_AsSsize_t(ctx, value);
        *va_arg(self->targets, HPy_ssize_t*) = number;
        return number != -1 || !HPyErr_Occurred(ctx);
    }
}

static int convert_float(Parser* self, char unit, HPy value) {
    const double number = HPyFloat_AsDouble(self->ctx, value);
    if (unit == 'f') {
        *va_arg(self->targets, float*) = (float)number;
    } else {
        *va_arg(self->targets, double*) = number;
    }
    return number != -1.0 || !HPyErr_Occurred(self->ctx);
}

static int convert_text(Parser* self, HPy value) {
    const char** const target = va_arg(self->targets, const char**);
    HPy_ssize_t size = 0;
    const char* text;
    if (!HPyUnicode_Check(self->ctx, value)) {
        return fail_type(self, "a str is required");
    }
    text = HPyUnicode_AsUTF8AndSize(self->ctx, value, &size);
    if (text == NULL) {
        return 0;
    }
    if (strlen(text) != (size_t)size) {
        return fail(self, self->ctx->h_ValueError, "embedded null character");
    }
    *target = text;
    return 1;
}

static int convert(Parser* self, char unit, HPy value) {
    int truth;
    switch (unit) {
    case 'b':
    case 'h':
    case 'i':
    case 'l':
        return convert_checked(self, unit, value);
    case 'B':
    case 'H':
    case 'I':
    case 'k':
        return convert_masked(self, unit, value);
    case 'L':
    case 'K':
    case 'n':
        return convert_wide(self, unit, value);
    case 'f':
    case 'd':
        return convert_float(self, unit, value);
    case 's':
        return convert_text(self, value);
    case 'p':
        truth = HPy_IsTrue(self->ctx, value);
        *va_arg(self->targets, int*) = truth;
        return truth >= 0;
    default: /* 'O': check_units has seen all others */
        *va_arg(self->targets, HPy*) = value;
        return 1;
    }
}

/* An argument that is not given: its variable stays as it is. */
static void skip_target(Parser* self) {
    (void)va_arg(self->targets, void*);
}

/* ---- values ---- */

/* The value behind the positional ones that has this name; HPy_NULL, without an exception: none. */
static HPy find_in_array(Parser* self, const char* name, int* failed) {
    const HPy_ssize_t count = HPy_IsNull(self->kwnames) ? 0 : HPy_Length(self->ctx, self->kwnames);
    HPy_ssize_t i;
    for (i = 0; i < count; i++) {
        const HPy given = HPy_GetItem_i(self->ctx, self->kwnames, i);
        const char* const text =
            HPy_IsNull(given) ? NULL : HPyUnicode_AsUTF8AndSize(self->ctx, given, NULL);
        const int same = text != NULL && strcmp(text, name) == 0;
        if (!HPy_IsNull(given)) {
            HPy_Close(self->ctx, given);
        }
        if (text == NULL) {
            break;
        }
        if (same) {
            self->named++;
            return self->args[self->count + i];
        }
    }
    *failed = i < count;
    return HPy_NULL;
}

/* The same in the dict: a new handle. */
static HPy find_in_dict(Parser* self, const char* name, int* failed) {
    HPyContext* const ctx = self->ctx;
    HPy key, value = HPy_NULL;
    int there;
    if (HPy_IsNull(self->kw)) {
        return HPy_NULL;
    }
    key = HPyUnicode_FromString(ctx, name);
    if (HPy_IsNull(key)) {
        *failed = 1;
        return HPy_NULL;
    }
    there = HPy_Contains(ctx, self->kw, key);
    if (there > 0) {
        value = HPy_GetItem(ctx, self->kw, key);
        self->named++;
    }
    *failed = there < 0 || (there > 0 && HPy_IsNull(value));
    HPy_Close(ctx, key);
    return value;
}

/* Converts a value, and keeps it with the tracker. Takes the handle. */
static int convert_own(Parser* self, char unit, HPy value) {
    int converted;
    if (self->tracker != NULL) {
        return HPyTracker_Add(self->ctx, *self->tracker, value) == 0 && convert(self, unit, value);
    }
    if (unit == 'O' || unit == 's') {
        converted = fail(self, self->ctx->h_SystemError,
                         "the format needs a tracker: pass the address of an HPyTracker");
    } else {
        converted = convert(self, unit, value);
    }
    HPy_Close(self->ctx, value);
    return converted;
}

/* One argument: 1 if it was put into its variable, or is optional and not given. */
static int parse_argument(Parser* self, char unit, const char* name) {
    const int positional = self->index < self->count;
    int failed = 0;
    HPy value = HPy_NULL;
    if (name != NULL && *name != '\0') {
        value = HPy_IsNull(self->kw) ? find_in_array(self, name, &failed)
                                     : find_in_dict(self, name, &failed);
    }
    if (failed) {
        return 0;
    }
    if (positional) {
        if (!HPy_IsNull(value)) {
            if (!HPy_IsNull(self->kw)) {
                HPy_Close(self->ctx, value);
            }
            return fail_name(self, "got two values, by position and by name, for argument", name);
        }
        if (self->name_only) {
            return fail_type(self, "keyword only argument passed as positional argument");
        }
        value = self->args[self->index];
        if (!self->keeps || self->tracker == NULL || (unit != 'O' && unit != 's')) {
            return convert(self, unit, value);
        }
        value = HPy_Dup(self->ctx, value);
        return !HPy_IsNull(value) && convert_own(self, unit, value);
    }
    if (!HPy_IsNull(value)) {
        return HPy_IsNull(self->kw) ? convert(self, unit, value) : convert_own(self, unit, value);
    }
    if (!self->optional) {
        return fail_type(self, self->keywords != NULL ? "no value for required argument"
                                                      : "required positional argument missing");
    }
    skip_target(self);
    return 1;
}

/* ---- the format ---- */

/* Counts the units, not the marks `|` and `$`. An unknown unit is found before any argument is
 * read. */
static int check_units(const Parser* self, HPy_ssize_t* units) {
    const char* at;
    *units = 0;
    for (at = self->at; at != self->end; at++) {
        if (*at == '|' || (*at == '$' && self->keywords != NULL)) {
            continue;
        }
        if (strchr("bBhHiIlkLKnfdspO", *at) == NULL) {
            return fail(self, self->ctx->h_SystemError, "unknown arg format code");
        }
        ++*units;
    }
    return 1;
}

static int check_keywords(const Parser* self, HPy_ssize_t units) {
    HPy_ssize_t count = 0;
    int has_name = 0;
    for (; self->keywords[count] != NULL; count++) {
        if (*self->keywords[count] != '\0') {
            has_name = 1;
        } else if (has_name) {
            return fail(self, self->ctx->h_SystemError, "empty keyword parameter name");
        }
    }
    if (count < units) {
        return fail_type(self, "mismatched args (too few keywords for fmt)");
    }
    return count == units || fail_type(self, "mismatched args (too many keywords for fmt)");
}

/* Checks that every name is one that the function has. */
static int check_all_named(const Parser* self) {
    HPyContext* const ctx = self->ctx;
    HPy_ssize_t given = 0;
    if (!HPy_IsNull(self->kw)) {
        given = HPy_Length(ctx, self->kw);
    } else if (!HPy_IsNull(self->kwnames)) {
        given = HPy_Length(ctx, self->kwnames);
    }
    if (given < 0) {
        return 0;
    }
    return given <= self->named || fail_type(self, "got a keyword argument that it does not have");
}

static int parse_units(Parser* self) {
    HPy_ssize_t units;
    if (!check_units(self, &units) || (self->keywords != NULL && !check_keywords(self, units))) {
        return 0;
    }
    for (; self->at != self->end; self->at++) {
        if (*self->at == '|') {
            self->optional = 1;
        } else if (*self->at == '$') {
            self->name_only = 1;
        } else {
            const char* const name = self->keywords != NULL ? self->keywords[self->index] : NULL;
            if (!parse_argument(self, *self->at, name)) {
                return 0;
            }
            self->index++;
        }
    }
    if (self->index < self->count) {
        return fail_type(self, "mismatched args (too many arguments for fmt)");
    }
    return check_all_named(self);
}

/* ---- the three functions ---- */

static void begin(Parser* self, HPyContext* ctx, HPyTracker* tracker, const HPy* args,
                  HPy_ssize_t count, const char* format) {
    self->ctx = ctx;
    self->tracker = tracker;
    self->args = args;
    self->count = count;
    self->kwnames = self->kw = HPy_NULL;
    self->keywords = NULL;
    self->at = format;
    self->end = format + strcspn(format, ":;");
    self->index = self->named = 0;
    self->optional = self->name_only = self->keeps = 0;
}

static int parse(Parser* self) {
    int parsed;
    if (self->tracker != NULL) {
        *self->tracker = HPyTracker_New(self->ctx, 0);
        if (self->tracker->_i == 0) {
            return 0;
        }
    }
    parsed = parse_units(self);
    if (!parsed && self->tracker != NULL) {
        HPyTracker_Close(self->ctx, *self->tracker);
    }
    return parsed;
}

int HPyArg_Parse(HPyContext* ctx, HPyTracker* ht, const HPy* args, size_t nargs, const char* fmt,
                 ...) {
    Parser self;
    int parsed;
    begin(&self, ctx, ht, args, (HPy_ssize_t)nargs, fmt);
    va_start(self.targets, fmt);
    parsed = parse(&self);
    va_end(self.targets);
    return parsed;
}

int HPyArg_ParseKeywords(HPyContext* ctx, HPyTracker* ht, const HPy* args, size_t nargs,
                         HPy kwnames, const char* fmt, const char* keywords[], ...) {
    Parser self;
    int parsed;
    begin(&self, ctx, ht, args, (HPy_ssize_t)nargs, fmt);
    self.kwnames = kwnames;
    self.keywords = keywords;
    va_start(self.targets, keywords);
    parsed = parse(&self);
    va_end(self.targets);
    return parsed;
}

int HPyArg_ParseKeywordsDict(HPyContext* ctx, HPyTracker* ht, const HPy* args, HPy_ssize_t nargs,
                             HPy kw, const char* fmt, const char* keywords[], ...) {
    Parser self;
    int parsed;
    begin(&self, ctx, ht, args, nargs, fmt);
    self.kw = kw;
    self.keeps = 1;
    self.keywords = keywords;
    va_start(self.targets, keywords);
    parsed = parse(&self);
    va_end(self.targets);
    return parsed;
}
