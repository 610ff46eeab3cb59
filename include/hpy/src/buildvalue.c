/* hpy/src/buildvalue.c: behind hpy/buildvalue.h; compiled into every extension. */
#include "hpy.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MOST_NESTED = 100 };

/* Where the format is read, and the values that are left. */
typedef struct {
    HPyContext* ctx;
    const char* format;
    const char* at;
    const char* outermost; /* bracket that is open */
    int depth;
    va_list values;
} Builder;

/* Raises a SystemError for the character at a place. Returns HPy_NULL, for the caller to return. */
static HPy refuse(const Builder* self, const char* what, char character, const char* place) {
    char text[300];
    snprintf(text, sizeof(text),
             "%s '%c' in the format string passed to HPy_BuildValue: position %d of '%.100s'; see "
             "hpy/buildvalue.h.",
             what, character, (int)(place - self->format), self->format);
    return HPyErr_SetString(self->ctx, self->ctx->h_SystemError, text);
}

static void skip_separators(Builder* self) {
    while (*self->at == ',' || *self->at == ' ' || *self->at == '\t') {
        self->at++;
    }
}

static void skip_blanks(Builder* self) {
    while (*self->at == ' ' || *self->at == '\t') {
        self->at++;
    }
}

static HPy build_item(Builder* self);

static HPy build_handle(Builder* self) {
    const HPy value = va_arg(self->values, HPy);
    if (!HPy_IsNull(value)) {
        return HPy_Dup(self->ctx, value);
    }
    if (!HPyErr_Occurred(self->ctx)) {
        HPyErr_SetString(self->ctx, self->ctx->h_SystemError,
                         "HPy_NULL object passed to HPy_BuildValue");
    }
    return HPy_NULL;
}

/* A bracket that is not closed. The message names the outermost one, since an inner one may only be
 * closed too late. */
static void refuse_open(const Builder* self) {
    const char* const place = self->depth > 0 ? self->outermost : self->at;
    refuse(self, "unmatched", *place, place);
}

/* The items up to `end`, as a list: new handle. */
static HPy build_items(Builder* self, char end) {
    HPyContext* const ctx = self->ctx;
    const HPy list = HPyList_New(ctx, 0);
    while (!HPy_IsNull(list)) {
        HPy item;
        int status;
        skip_separators(self);
        if (*self->at == end) {
            if (end != '\0') {
                self->at++;
            }
            return list;
        }
        if (*self->at == '\0' || strchr(")]}", *self->at) != NULL) {
            refuse_open(self);
            break;
        }
        item = build_item(self);
        if (HPy_IsNull(item)) {
            break;
        }
        status = HPyList_Append(ctx, list, item);
        HPy_Close(ctx, item);
        if (status < 0) {
            break;
        }
    }
    if (!HPy_IsNull(list)) {
        HPy_Close(ctx, list);
    }
    return HPy_NULL;
}

/* Takes the list. */
static HPy tuple_of(HPyContext* ctx, HPy list) {
    HPy tuple;
    if (HPy_IsNull(list)) {
        return HPy_NULL;
    }
    tuple = HPy_Call(ctx, ctx->h_TupleType, &list, 1, HPy_NULL);
    HPy_Close(ctx, list);
    return tuple;
}

/* One key, a colon, one value. */
static int build_entry(Builder* self, HPy dict) {
    HPyContext* const ctx = self->ctx;
    HPy key = build_item(self), value = HPy_NULL;
    int status = -1;
    if (HPy_IsNull(key)) {
        return -1;
    }
    skip_blanks(self);
    if (*self->at != ':') {
        refuse(self, "missing", ':', self->at);
    } else {
        self->at++;
        skip_blanks(self);
        value = build_item(self);
    }
    if (!HPy_IsNull(value)) {
        status = HPy_SetItem(ctx, dict, key, value);
        HPy_Close(ctx, value);
    }
    HPy_Close(ctx, key);
    return status;
}

/* One comma between entries, and perhaps one behind the last. */
static int end_entry(Builder* self) {
    skip_blanks(self);
    if (*self->at == ',') {
        self->at++;
        return 0;
    }
    if (*self->at == '}') {
        return 0;
    }
    if (*self->at == '\0') {
        refuse_open(self);
    } else {
        refuse(self, "missing", ',', self->at);
    }
    return -1;
}

static HPy build_dict(Builder* self) {
    HPyContext* const ctx = self->ctx;
    const HPy dict = HPyDict_New(ctx);
    while (!HPy_IsNull(dict)) {
        skip_blanks(self);
        if (*self->at == '}') {
            self->at++;
            return dict;
        }
        if (*self->at == ',') {
            refuse(self, "unexpected", ',', self->at);
            break;
        }
        if (*self->at == '\0') {
            refuse_open(self);
            break;
        }
        if (build_entry(self, dict) < 0 || end_entry(self) < 0) {
            break;
        }
    }
    if (!HPy_IsNull(dict)) {
        HPy_Close(ctx, dict);
    }
    return HPy_NULL;
}

static HPy build_text(Builder* self) {
    const char* const text = va_arg(self->values, const char*);
    return text != NULL ? HPyUnicode_FromString(self->ctx, text)
                        : HPy_Dup(self->ctx, self->ctx->h_None);
}

static HPy build_container(Builder* self) {
    const char* const start = self->at++;
    HPy made;
    if (self->depth == MOST_NESTED) {
        return refuse(self, "too deeply nested", *start, start);
    }
    if (self->depth++ == 0) {
        self->outermost = start;
    }
    if (*start == '(') {
        made = tuple_of(self->ctx, build_items(self, ')'));
    } else {
        made = *start == '[' ? build_items(self, ']') : build_dict(self);
    }
    self->depth--;
    return made;
}

static HPy build_item(Builder* self) {
    HPyContext* const ctx = self->ctx;
    const char kind = *self->at;
    switch (kind) {
    case 'i':
        self->at++;
        return HPyLong_FromLong(ctx, va_arg(self->values, int));
    case 'I':
        self->at++;
        return HPyLong_FromUnsignedLong(ctx, va_arg(self->values, unsigned int));
    case 'l':
        self->at++;
        return HPyLong_FromLong(ctx, va_arg(self->values, long));
    case 'k':
        self->at++;
        return HPyLong_FromUnsignedLong(ctx, va_arg(self->values, unsigned long));
    case 'L':
        self->at++;
        return HPyLong_FromLongLong(ctx, va_arg(self->values, long long));
    case 'K':
        self->at++;
        return HPyLong_FromUnsignedLongLong(ctx, va_arg(self->values, unsigned long long));
    case 'n':
        self->at++;
        return HPyLong_FromSsize_t(ctx, va_arg(self->values, HPy_ssize_t));
    case 'f':
    case 'd':
        self->at++;
        return HPyFloat_FromDouble(ctx, va_arg(self->values, double));
    case 's':
        self->at++;
        return build_text(self);
    case 'O':
    case 'S':
        self->at++;
        return build_handle(self);
    case '(':
    case '[':
    case '{':
        return build_container(self);
    case 'N': /* in the C API it takes over the reference; there is no such unit for handles */
        return HPyErr_SetString(ctx, ctx->h_SystemError,
                                "HPy_BuildValue does not support the 'N' formatting unit. Use 'O' "
                                "and close the handle afterwards.");
    default:
        return refuse(self, "bad format char", kind, self->at);
    }
}

HPy HPy_BuildValue(HPyContext* ctx, const char* fmt, ...) {
    Builder self;
    HPy list, item;
    HPy_ssize_t count;
    if (fmt == NULL) {
        return HPyErr_SetString(ctx, ctx->h_SystemError,
                                "HPy_BuildValue: the format is NULL; a string was expected.");
    }
    self.ctx = ctx;
    self.format = self.at = fmt;
    self.outermost = fmt;
    self.depth = 0;
    va_start(self.values, fmt);
    list = build_items(&self, '\0');
    va_end(self.values);
    if (HPy_IsNull(list)) {
        return HPy_NULL;
    }
    count = HPy_Length(ctx, list);
    if (count > 1) {
        return tuple_of(ctx, list);
    }
    item = count == 1 ? HPy_GetItem_i(ctx, list, 0) : HPy_Dup(ctx, ctx->h_None);
    HPy_Close(ctx, list);
    return item;
}
