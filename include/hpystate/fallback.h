/* hpystate/fallback.h: the fused calls on contexts that have none: load, call, close. C11, C++17.
 *
 * These functions run if the context is not a plain one of the runtime that filled the link. They
 * get a table from that runtime (debug mode, trace mode). On a runtime that does not know fused
 * calls they call HPy's own functions, with the same results. They are out of line, so that the
 * call through the table keeps its registers; but they should be fast, because on some runtimes
 * every fused call runs here.
 *
 * HPy's own runtime for CPython keeps the object's address in a global, and its handles are the
 * same address. This is checked once and not assumed: see hpystate_learn(). From then on a function
 * that only reads the object is called with the global's word as the handle, which saves load and
 * close.
 */
#pragma once

#include "hpystate/fused_link.h"

#include <stdio.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HPYSTATE_COLD __attribute__((cold, noinline, unused))
#define HPYSTATE_OUT_OF_LINE __attribute__((noinline, unused))

/* The context of a foreign runtime whose globals hold handles; NULL: none is known. Any thread may
 * write it, and all write the same value. A thread that does not see it yet only takes more time.
 */
extern HPyContext* hpystate_direct_context;
__attribute__((weak, visibility("hidden"))) HPyContext* hpystate_direct_context = NULL;

/* Whether the word of a global is a handle to its object in this context, borrowed from it. */
static inline int hpystate_is_direct(HPyContext* ctx, HPyGlobal global) {
    return ctx == __atomic_load_n(&hpystate_direct_context, __ATOMIC_RELAXED) && global._i != 0;
}

static inline HPy hpystate_direct_handle(HPyGlobal global) {
    HPy handle;
    handle._i = global._i;
    return handle;
}

/* HPy's own runtime for CPython counts references: a handle is valid as long as anybody has a
 * reference. On other runtimes a handle may be a record that ends when it is closed, even if its
 * word is the same. */
HPYSTATE_COLD static int hpystate_counts_references(HPyContext* ctx) {
    static const char counting[] = "HPy Universal ABI (CPython backend";
    return strncmp(ctx->name, counting, sizeof(counting) - 1) == 0;
}

/* `object` was loaded from `global`: is its handle the same word as the global? It is not in this
 * project's own contexts, nor in debug modes. */
HPYSTATE_COLD static void hpystate_learn(HPyContext* ctx, HPyGlobal global, HPy object) {
    if (object._i != global._i || !hpystate_counts_references(ctx)) return;
    __atomic_store_n(&hpystate_direct_context, ctx, __ATOMIC_RELAXED);
}

/* For a runtime that knows only whether the slot was ever stored to. */
HPYSTATE_COLD static void hpystate_unset(HPyContext* ctx, HPyGlobal global, const char* function) {
    char text[200];
    if (HPyErr_Occurred(ctx)) return; /* why nothing could be loaded */
    snprintf(text, sizeof(text),
             "%s: %s holds nothing in this interpreter, a value was expected. Store one first, in "
             "the module's HPy_mod_exec.",
             function + (function[0] == '_'),
             global._i == 0 ? "a global that was never stored" : "a global");
    HPyErr_SetString(ctx, ctx->h_SystemError, text);
}

/* A new handle, or HPy_NULL with a SystemError. A slot that holds 0 is not loaded: HPy 0.9 itself
 * would dereference the null pointer. */
HPYSTATE_COLD static HPy hpystate_load(HPyContext* ctx, HPyGlobal global, const char* function) {
    HPy object = HPy_NULL;
    if (global._i != 0) object = HPyGlobal_Load(ctx, global);
    if (HPy_IsNull(object)) {
        hpystate_unset(ctx, global, function);
    } else {
        hpystate_learn(ctx, global, object);
    }
    return object;
}

HPYSTATE_OUT_OF_LINE static void* hpystate_struct_of(HPyContext* ctx, HPy object,
                                                     HPyType_BuiltinShape shape) {
    switch (shape) {
#define HPY_SHAPE(name, value)                                                                     \
    case HPyType_BuiltinShape_##name:                                                              \
        return HPyType_BuiltinShape_##name##_AsStruct(ctx, object);
#define HPY_SHAPE_LATER(name, value) /* a runtime of HPy 0.9.0 does not have the function */
#include "hpy/abi/shapes.def"
    default:
        HPyErr_SetString(ctx, ctx->h_SystemError,
                         "HPy_AsStruct_g: the builtin shape does not exist in HPy 0.9.0. Use "
                         "another value of HPyType_BuiltinShape.");
        return NULL;
    }
}

HPYSTATE_OUT_OF_LINE static HPy hpystate_unfused_HPy_CallMethod_s(HPyContext* ctx,
                                                                  const char* utf8_name,
                                                                  const HPy* args, size_t nargs,
                                                                  HPy kwnames) {
    HPy name = HPyUnicode_FromString(ctx, utf8_name);
    HPy result = HPy_NULL;
    if (HPy_IsNull(name)) return HPy_NULL;
    result = HPy_CallMethod(ctx, name, args, nargs, kwnames);
    HPy_Close(ctx, name);
    return result;
}

/* If references are counted, the global's own reference keeps the object alive for the borrower. If
 * handles may be records, the handle stays open, which costs memory and is never wrong. */
HPYSTATE_OUT_OF_LINE static HPy hpystate_unfused_HPyGlobal_Borrow(HPyContext* ctx,
                                                                  HPyGlobal global) {
    HPy object;
    if (hpystate_is_direct(ctx, global)) return hpystate_direct_handle(global);
    object = hpystate_load(ctx, global, "HPyGlobal_Borrow");
    if (!HPy_IsNull(object) && hpystate_counts_references(ctx)) HPy_Close(ctx, object);
    return object;
}

/* Without the runtime's help two threads may run `init` at the same time; the value that is stored
 * first stays. */
HPYSTATE_OUT_OF_LINE static HPy hpystate_unfused_HPyGlobal_LoadOrInit(HPyContext* ctx,
                                                                      HPyGlobal* global,
                                                                      HPyGlobal_Initializer init,
                                                                      void* arg) {
    HPy value = global->_i != 0 ? HPyGlobal_Load(ctx, *global) : HPy_NULL;
    if (!HPy_IsNull(value)) return value;
    value = init(ctx, arg);
    if (HPy_IsNull(value)) return HPy_NULL;
    if (global->_i != 0) {
        HPy first = HPyGlobal_Load(ctx, *global);
        if (!HPy_IsNull(first)) {
            HPy_Close(ctx, value);
            return first;
        }
    }
    HPyGlobal_Store(ctx, global, value);
    return value;
}

struct hpystate_import {
    const char* module;
    const char* attribute;
};

HPYSTATE_COLD static HPy hpystate_do_import(HPyContext* ctx, void* arg) {
    const struct hpystate_import* wanted = (const struct hpystate_import*)arg;
    HPy module = HPyImport_ImportModule(ctx, wanted->module);
    HPy found = HPy_NULL;
    if (HPy_IsNull(module) || wanted->attribute == NULL) return module;
    found = HPy_GetAttr_s(ctx, module, wanted->attribute);
    HPy_Close(ctx, module);
    return found;
}

HPYSTATE_OUT_OF_LINE static HPy hpystate_unfused_HPyGlobal_Import(HPyContext* ctx,
                                                                  HPyGlobal* global,
                                                                  const char* utf8_module,
                                                                  const char* utf8_attribute) {
    struct hpystate_import wanted;
    wanted.module = utf8_module;
    wanted.attribute = utf8_attribute;
    return hpystate_unfused_HPyGlobal_LoadOrInit(ctx, global, &hpystate_do_import, &wanted);
}

/* hpystate_slow_<name>: the first call in a foreign context, and every one of a layer.
 * hpystate_other_<name>: every fused call on a context that is not plain. */
#define HPYSTATE_SLOW(ret, name, params, args, global, failed, unfused)                            \
    HPYSTATE_COLD static ret hpystate_slow_##name params {                                         \
        const struct hpystate_fused_table* table = hpystate_find_table(ctx);                       \
        HPy object = HPy_NULL;                                                                     \
        ret answer;                                                                                \
        if (table != NULL) return table->name args;                                                \
        object = hpystate_load(ctx, global, #name);                                                \
        if (HPy_IsNull(object)) return failed;                                                     \
        answer = unfused;                                                                          \
        HPy_Close(ctx, object);                                                                    \
        return answer;                                                                             \
    }
#define HPY_FUSED_LOOK(ret, name, params, args, global, failed, unfused)                           \
    HPYSTATE_SLOW(ret, name, params, args, global, failed, unfused)                                \
    HPYSTATE_OUT_OF_LINE static ret hpystate_other_##name params {                                 \
        HPy object = hpystate_direct_handle(global);                                               \
        if (hpystate_is_direct(ctx, global)) return unfused;                                       \
        return hpystate_slow_##name args;                                                          \
    }
#define HPY_FUSED(ret, name, params, args, global, failed, unfused)                                \
    HPYSTATE_SLOW(ret, name, params, args, global, failed, unfused)                                \
    HPYSTATE_OUT_OF_LINE static ret hpystate_other_##name params {                                 \
        HPy object;                                                                                \
        ret answer;                                                                                \
        if (!hpystate_is_direct(ctx, global)) return hpystate_slow_##name args;                    \
        object = HPyGlobal_Load(ctx, global);                                                      \
        answer = unfused;                                                                          \
        HPy_Close(ctx, object);                                                                    \
        return answer;                                                                             \
    }
#define HPY_FUSED_OWN(ret, name, params, args)                                                     \
    HPYSTATE_OUT_OF_LINE static ret hpystate_other_##name params {                                 \
        const struct hpystate_fused_table* table = hpystate_find_table(ctx);                       \
        return table != NULL ? table->name args : hpystate_unfused_##name args;                    \
    }
#include "hpystate/fused.def"
#undef HPYSTATE_SLOW

#ifdef __cplusplus
}
#endif
