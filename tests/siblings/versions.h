/* versions.h: what HPy 0.9 and HPy 0.0.4 write in different ways, so that one source is an
 * extension of either. Include it behind <hpy.h>. */
#pragma once

#include <stdbool.h>

#if defined(HPY_ABI_VERSION)

typedef const HPy* Arguments;
typedef size_t Count;
#define DEFINE_METHOD(symbol, name, signature) HPyDef_METH(symbol, name, signature)
#define DEFINE_SLOT(symbol, slot) HPyDef_SLOT(symbol, slot)
#define OBJECT_SHAPE .builtin_shape = HPyType_BuiltinShape_Object

static inline HPy call_without_arguments(HPyContext* ctx, HPy callable) {
    return HPy_Call(ctx, callable, NULL, 0, HPy_NULL);
}

/* exec_impl(ctx, module) runs in every interpreter. */
#define DEFINE_EXEC HPyDef_SLOT(exec, HPy_mod_exec)
#define EXEC_ENTRY &exec,
#define DEFINE_MODULE(name)                                                                        \
    static HPyModuleDef definition = {.defines = defines, .globals = globals};                     \
    HPy_MODINIT(name, definition)

#else

typedef HPy* Arguments;
typedef HPy_ssize_t Count;
#define DEFINE_METHOD(symbol, name, signature) HPyDef_METH(symbol, name, symbol##_impl, signature)
#define DEFINE_SLOT(symbol, slot) HPyDef_SLOT(symbol, symbol##_impl, slot)
#define OBJECT_SHAPE .legacy = 0

static inline HPy call_without_arguments(HPyContext* ctx, HPy callable) {
    return HPy_CallTupleDict(ctx, callable, HPy_NULL, HPy_NULL);
}
static inline HPy HPyBool_FromBool(HPyContext* ctx, bool value) {
    return HPyBool_FromLong(ctx, value);
}

#define DEFINE_EXEC
#define EXEC_ENTRY
#define DEFINE_MODULE(name)                                                                        \
    static HPyModuleDef definition = {#name, NULL, -1, NULL, defines, globals};                    \
    HPy_MODINIT(name)                                                                              \
    static HPy init_##name##_impl(HPyContext* ctx) {                                               \
        HPy module = HPyModule_Create(ctx, &definition);                                           \
        if (HPy_IsNull(module) || exec_impl(ctx, module) == 0) return module;                      \
        HPy_Close(ctx, module);                                                                    \
        return HPy_NULL;                                                                           \
    }

#endif
