/* globals.h: how the programs use their globals: fused, or by load, call, close. */
#pragma once

#include <hpy.h>

#ifdef USE_FUSED

#include <hpystate/fused.h>
#define IS_INSTANCE(object, global) HPy_TypeCheck_g(ctx, object, global)
#define IS_GLOBAL(object, global) HPy_Is_g(ctx, object, global)
#define NEW(global, data) HPy_New_g(ctx, global, data)
#define CALL(global, args, nargs) HPy_Call_g(ctx, global, args, nargs, HPy_NULL)

#else

static inline int is_instance(HPyContext* ctx, HPy object, HPyGlobal global) {
    HPy type = HPyGlobal_Load(ctx, global);
    int result = HPy_TypeCheck(ctx, object, type);
    HPy_Close(ctx, type);
    return result;
}
static inline int is_global(HPyContext* ctx, HPy object, HPyGlobal global) {
    HPy other = HPyGlobal_Load(ctx, global);
    int result = HPy_Is(ctx, object, other);
    HPy_Close(ctx, other);
    return result;
}
static inline HPy new_instance(HPyContext* ctx, HPyGlobal global, void** data) {
    HPy type = HPyGlobal_Load(ctx, global);
    HPy made = _HPy_New(ctx, type, data);
    HPy_Close(ctx, type);
    return made;
}
static inline HPy call(HPyContext* ctx, HPyGlobal global, const HPy* args, size_t nargs) {
    HPy callable = HPyGlobal_Load(ctx, global);
    HPy result = HPy_Call(ctx, callable, args, nargs, HPy_NULL);
    HPy_Close(ctx, callable);
    return result;
}
#define IS_INSTANCE(object, global) is_instance(ctx, object, global)
#define IS_GLOBAL(object, global) is_global(ctx, object, global)
#define NEW(global, data) new_instance(ctx, global, (void**)(data))
#define CALL(global, args, nargs) call(ctx, global, args, nargs)

#endif
