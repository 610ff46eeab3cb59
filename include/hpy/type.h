/* hpy/type.h: types, their instances, and the structs of these. C11, C++17.
 *
 * A handle or a text may be HPy_NULL or NULL only where its line allows that. Otherwise the
 * function returns its error value and sets a SystemError that names the function, or keeps the
 * exception that is set already; `raises` does not repeat this.
 *
 * Do not call the functions _HPy_AsStruct_* directly: HPyType_HELPERS defines a function T_AsStruct
 * for a struct T, which calls the one of its shape.
 */
#pragma once

#include "hpy/context.h"

#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- making types and instances ---- */

/** Makes a type from its description. A spec may be used any number of times, in any interpreter.
 *
 *  ctx      the caller's context
 *  spec     borrowed for the call, not written; the definitions and texts that it points to must
 *           stay as long as the type
 *  params   bases and metaclass, ended by an entry of kind 0; borrowed; or NULL
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything; TypeError, ValueError or SystemError, which name the type and the fault, if
 *           the spec, its definitions and its bases cannot be combined
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyType_FromMetaclass of the C API
 */
static inline HPy HPyType_FromSpec(HPyContext* ctx, HPyType_Spec* spec, HPyType_SpecParam* params) {
    return HPY_FUNCTION(ctx, Type_FromSpec)(ctx, spec, params);
}

/** Makes an instance of a type and returns its struct. Call it as HPy_New, which takes a pointer to
 * a pointer of any type. Neither `__new__` nor `__init__` of the type runs. If a base that HPy did
 * not make has a `__new__` of its own, that one makes the instance, without arguments.
 *
 *  ctx      the caller's context
 *  h_type   a type, borrowed
 *  data     out: the instance's struct, borrowed, all zero, valid as long as the object; for a type
 *           that HPy did not make, the object itself; NULL with an exception set
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything; TypeError if `h_type` is not a type, or only the module that made its base
 *           can make instances
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   tp_alloc of the C API
 */
static inline HPy _HPy_New(HPyContext* ctx, HPy h_type, void** data) {
    void* instance = NULL;
    const HPy h = HPY_FUNCTION(ctx, New)(ctx, h_type, &instance);
    memcpy((void*)data, &instance, sizeof instance); /* at this address is a T *, not a void * */
    return h;
}

/** `T *data; HPy h = HPy_New(ctx, type, &data);`: an instance of `type` and its struct. */
#define HPy_New(ctx, cls, data) _HPy_New((ctx), (cls), (void**)(data))

/** Makes an instance whose struct is all zero, and ignores the arguments. It has the parameters of
 * HPy_tp_new, so it can be used there.
 *
 *  ctx      the caller's context
 *  type     a type, borrowed
 *  args     handles[nargs], not read; may be NULL
 *  nargs    not read
 *  kw       not read; or HPy_NULL
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything; TypeError if `type` is not a type, or only the module that made its base can
 *           make instances
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyType_GenericNew of the C API
 */
static inline HPy HPyType_GenericNew(HPyContext* ctx, HPy type, const HPy* args, HPy_ssize_t nargs,
                                     HPy kw) {
    return HPY_FUNCTION(ctx, Type_GenericNew)(ctx, type, args, nargs, kw);
}

/** Sets a call function for one instance, in place of its type's.
 *
 *  ctx      the caller's context
 *  h        instance of a type with HPy_tp_call or a member `__vectorcalloffset__`, borrowed
 *  func     what HPyDef_CALL_FUNCTION defines; borrowed for the call; its functions must stay as
 *           long as the object
 *  returns  0; -1 with an exception set
 *  raises   TypeError if the type has no place for it; SystemError if `func` is NULL or has no
 *           function; MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   the vectorcall function of PEP 590
 */
static inline int HPy_SetCallFunction(HPyContext* ctx, HPy h, HPyCallFunction* func) {
    return HPY_FUNCTION(ctx, SetCallFunction)(ctx, h, func);
}

/* ---- asking types ---- */

/** Returns the name of a type, without its module.
 *
 *  ctx      the caller's context
 *  type     a type, borrowed
 *  returns  borrowed, UTF-8, valid as long as the type, or until its `__name__` is set; NULL with
 *           an exception set
 *  raises   TypeError if it is not a type
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   tp_name of the C API, behind its last dot
 */
static inline const char* HPyType_GetName(HPyContext* ctx, HPy type) {
    return HPY_FUNCTION(ctx, Type_GetName)(ctx, type);
}

/** Tells whether a type is another type or derives from it. Only the type's bases count:
 * `__subclasscheck__` is not used.
 *
 *  ctx      the caller's context
 *  sub      a type, borrowed
 *  type     a type, borrowed
 *  returns  1 or 0; 0 with an exception set
 *  raises   TypeError if one of them is not a type
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyType_IsSubtype of the C API
 */
static inline int HPyType_IsSubtype(HPyContext* ctx, HPy sub, HPy type) {
    return HPY_FUNCTION(ctx, Type_IsSubtype)(ctx, sub, type);
}

/** Returns the builtin shape of a type, or of the nearest type below it that has one from
 * HPyType_FromSpec.
 *
 *  ctx      the caller's context
 *  h_type   a type, borrowed
 *  returns  the shape, HPyType_BuiltinShape_Legacy where HPy made none of them; -2 with an
 *           exception set
 *  raises   TypeError if it is not a type
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   HPyType_Spec.builtin_shape
 */
static inline HPyType_BuiltinShape _HPyType_GetBuiltinShape(HPyContext* ctx, HPy h_type) {
    return HPY_FUNCTION(ctx, Type_GetBuiltinShape)(ctx, h_type);
}

/* ---- the struct of an instance ---- */

/** Returns the struct of an instance whose type has the builtin shape Object.
 *
 *  ctx      the caller's context
 *  h        instance of a type with the shape Object, borrowed; not checked
 *  returns  borrowed, valid as long as the object; NULL for HPy_NULL
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyObject_GetTypeData of the C API
 */
static inline void* _HPy_AsStruct_Object(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, AsStruct_Object)(ctx, h);
}

/** Returns the struct of an instance whose type has the builtin shape Legacy, which begins at the
 * object itself: PyObject_HEAD is its first member.
 *
 *  ctx      the caller's context
 *  h        instance of a type with the shape Legacy, borrowed; not checked
 *  returns  borrowed, valid as long as the object; NULL for HPy_NULL
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   the object's address in the C API
 */
static inline void* _HPy_AsStruct_Legacy(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, AsStruct_Legacy)(ctx, h);
}

/** Returns the struct of an instance whose type has the builtin shape Type.
 *
 *  ctx      the caller's context
 *  h        instance of a type with the shape Type, borrowed; not checked
 *  returns  borrowed, valid as long as the object; NULL for HPy_NULL
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyObject_GetTypeData of the C API
 */
static inline void* _HPy_AsStruct_Type(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, AsStruct_Type)(ctx, h);
}

/** Returns the struct of an instance whose type has the builtin shape Long.
 *
 *  ctx      the caller's context
 *  h        instance of a type with the shape Long, borrowed; not checked
 *  returns  borrowed, valid as long as the object; NULL for HPy_NULL
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyObject_GetTypeData of the C API
 */
static inline void* _HPy_AsStruct_Long(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, AsStruct_Long)(ctx, h);
}

/** Returns the struct of an instance whose type has the builtin shape Float.
 *
 *  ctx      the caller's context
 *  h        instance of a type with the shape Float, borrowed; not checked
 *  returns  borrowed, valid as long as the object; NULL for HPy_NULL
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyObject_GetTypeData of the C API
 */
static inline void* _HPy_AsStruct_Float(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, AsStruct_Float)(ctx, h);
}

/** Returns the struct of an instance whose type has the builtin shape Unicode.
 *
 *  ctx      the caller's context
 *  h        instance of a type with the shape Unicode, borrowed; not checked
 *  returns  borrowed, valid as long as the object; NULL for HPy_NULL
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyObject_GetTypeData of the C API
 */
static inline void* _HPy_AsStruct_Unicode(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, AsStruct_Unicode)(ctx, h);
}

/** Returns the struct of an instance whose type has the builtin shape Tuple.
 *
 *  ctx      the caller's context
 *  h        instance of a type with the shape Tuple, borrowed; not checked
 *  returns  borrowed, valid as long as the object; NULL for HPy_NULL
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyObject_GetTypeData of the C API
 */
static inline void* _HPy_AsStruct_Tuple(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, AsStruct_Tuple)(ctx, h);
}

/** Returns the struct of an instance whose type has the builtin shape List.
 *
 *  ctx      the caller's context
 *  h        instance of a type with the shape List, borrowed; not checked
 *  returns  borrowed, valid as long as the object; NULL for HPy_NULL
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyObject_GetTypeData of the C API
 */
static inline void* _HPy_AsStruct_List(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, AsStruct_List)(ctx, h);
}

/** Returns the struct of an instance whose type has the builtin shape Dict.
 *
 *  ctx      the caller's context
 *  h        instance of a type with the shape Dict, borrowed; not checked
 *  returns  borrowed, valid as long as the object; NULL for HPy_NULL
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy master after 0.9.0
 *  source   PyObject_GetTypeData of the C API
 */
static inline void* _HPy_AsStruct_Dict(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, AsStruct_Dict)(ctx, h);
}

#ifdef __cplusplus
}
#endif
