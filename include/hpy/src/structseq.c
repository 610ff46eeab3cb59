/* hpy/src/structseq.c: behind hpy/structseq.h; compiled into every extension.
 *
 * The type is made in Python, since that is shorter than in C and works in every interpreter.
 */
#include "hpy.h"

#include <stdio.h>
#include <string.h>

const char* const HPyStructSequence_UnnamedField = "unnamed field";

static const char kMakeType[] =
    "def make_type(name, doc, names, docs):\n"
    "    from operator import itemgetter\n"
    "    count = len(names)\n"
    "    module, _, short = name.rpartition('.')\n"
    "    def __new__(cls, sequence=()):\n"
    "        self = tuple.__new__(cls, sequence)\n"
    "        if len(self) != count:\n"
    "            raise TypeError(f'{name}() takes a {count}-sequence ({len(self)}-sequence "
    "given)')\n"
    "        return self\n"
    "    def __repr__(self):\n"
    "        items = (repr(v) if n is None else f'{n}={v!r}' for n, v in zip(names, self))\n"
    "        return f'{name}({\", \".join(items)})'\n"
    "    def __reduce__(self):\n"
    "        return type(self), (tuple(self),)\n"
    "    unnamed = sum(n is None for n in names)\n"
    "    namespace = dict(__slots__=(), __doc__=doc, __new__=__new__, __repr__=__repr__,\n"
    "                     __reduce__=__reduce__, n_fields=count, n_sequence_fields=count,\n"
    "                     n_unnamed_fields=unnamed, __qualname__=short,\n"
    "                     __match_args__=tuple(n for n in names if n is not None))\n"
    "    if module:\n"
    "        namespace['__module__'] = module\n"
    "    for i, n in enumerate(names):\n"
    "        if n is not None:\n"
    "            namespace[n] = property(itemgetter(i), doc=docs[i])\n"
    "    return type(short, (tuple,), namespace)\n";

/* The function of kMakeType: new handle. */
static HPy load_make_type(HPyContext* ctx) {
    const HPy scope = HPyDict_New(ctx);
    HPy code, result, found = HPy_NULL;
    if (HPy_IsNull(scope)) {
        return HPy_NULL;
    }
    code = HPy_Compile_s(ctx, kMakeType, "<hpy/structseq>", HPy_SourceKind_File);
    if (!HPy_IsNull(code)) {
        result = HPy_EvalCode(ctx, code, scope, scope);
        HPy_Close(ctx, code);
        if (!HPy_IsNull(result)) {
            HPy_Close(ctx, result);
            found = HPy_GetItem_s(ctx, scope, "make_type");
        }
    }
    HPy_Close(ctx, scope);
    return found;
}

/* A str; None for NULL. */
static HPy text_or_none(HPyContext* ctx, const char* text) {
    return text != NULL ? HPyUnicode_FromString(ctx, text) : HPy_Dup(ctx, ctx->h_None);
}

static int append_text(HPyContext* ctx, HPy list, const char* text) {
    const HPy item = text_or_none(ctx, text);
    int status;
    if (HPy_IsNull(item)) {
        return -1;
    }
    status = HPyList_Append(ctx, list, item);
    HPy_Close(ctx, item);
    return status;
}

static int append_fields(HPyContext* ctx, const HPyStructSequence_Field* field, HPy names,
                         HPy docs) {
    for (; field->name != NULL; field++) {
        const char* const name = field->name != HPyStructSequence_UnnamedField ? field->name : NULL;
        if (append_text(ctx, names, name) < 0 || append_text(ctx, docs, field->doc) < 0) {
            return -1;
        }
    }
    return 0;
}

HPy HPyStructSequence_NewType(HPyContext* ctx, HPyStructSequence_Desc* desc) {
    HPy args[4] = {HPy_NULL, HPy_NULL, HPy_NULL, HPy_NULL};
    HPy make = HPy_NULL, type = HPy_NULL;
    int i;
    if (desc == NULL || desc->name == NULL || desc->fields == NULL) {
        HPyErr_SetString(ctx, ctx->h_SystemError,
                         "HPyStructSequence_NewType: 'desc' needs a name and a list of fields. The "
                         "list ends with a field whose name is NULL.");
        return HPy_NULL;
    }
    args[0] = HPyUnicode_FromString(ctx, desc->name);
    args[1] = text_or_none(ctx, desc->doc);
    args[2] = HPyList_New(ctx, 0);
    args[3] = HPyList_New(ctx, 0);
    if (!HPy_IsNull(args[0]) && !HPy_IsNull(args[1]) && !HPy_IsNull(args[2]) &&
        !HPy_IsNull(args[3]) && append_fields(ctx, desc->fields, args[2], args[3]) == 0) {
        make = load_make_type(ctx);
    }
    if (!HPy_IsNull(make)) {
        type = HPy_Call(ctx, make, args, 4, HPy_NULL);
        HPy_Close(ctx, make);
    }
    for (i = 0; i < 4; i++) {
        if (!HPy_IsNull(args[i])) {
            HPy_Close(ctx, args[i]);
        }
    }
    return type;
}

/* The count of the fields of a type of NewType; -1 with a TypeError for any other object. */
static HPy_ssize_t count_fields(HPyContext* ctx, HPy type) {
    HPy_ssize_t count = -1;
    HPy number;
    if (HPy_TypeCheck(ctx, type, ctx->h_TypeType) &&
        HPyType_IsSubtype(ctx, type, ctx->h_TupleType) &&
        HPy_HasAttr_s(ctx, type, "n_sequence_fields")) {
        number = HPy_GetAttr_s(ctx, type, "n_sequence_fields");
        if (!HPy_IsNull(number)) {
            count = HPyLong_AsSsize_t(ctx, number);
            HPy_Close(ctx, number);
        }
    }
    if (count < 0 && !HPyErr_Occurred(ctx)) {
        HPyErr_SetString(ctx, ctx->h_TypeError,
                         "HPyStructSequence_New: 'type' was not made by "
                         "HPyStructSequence_NewType.");
    }
    return count;
}

HPy HPyStructSequence_New(HPyContext* ctx, HPy type, HPy_ssize_t nargs, HPy* args) {
    const HPy_ssize_t count = count_fields(ctx, type);
    char text[160];
    HPy items, made;
    if (count < 0) {
        return HPy_NULL;
    }
    if (count != nargs) {
        snprintf(text, sizeof(text),
                 "HPyStructSequence_New: %lld items were given, the type has %lld fields.",
                 (long long)nargs, (long long)count);
        HPyErr_SetString(ctx, ctx->h_TypeError, text);
        return HPy_NULL;
    }
    items = HPyTuple_FromArray(ctx, args, nargs);
    if (HPy_IsNull(items)) {
        return HPy_NULL;
    }
    made = HPy_Call(ctx, type, &items, 1, HPy_NULL);
    HPy_Close(ctx, items);
    return made;
}
