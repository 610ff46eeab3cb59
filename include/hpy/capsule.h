/* hpy/capsule.h: capsules: C pointers in an object. C11, C++17.
 *
 * A handle or a text may be HPy_NULL or NULL only where its line allows that. Otherwise the
 * function returns its error value and sets a SystemError that names the function, or keeps the
 * exception that is set already; `raises` does not repeat this.
 */
#pragma once

#include "hpy/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Makes a capsule: an object that holds a C pointer under a name. The destructor is called when
 * the capsule dies. It gets the name, the pointer and the context, but no HPyContext: it cannot
 * call functions of HPy.
 *
 *  ctx         the caller's context
 *  pointer     not NULL; the capsule does not own what it points to, its destructor may
 *  utf8_name   UTF-8, kept and not copied: it must stay as long as the capsule; or NULL
 *  destructor  what HPyCapsule_DESTRUCTOR defines; borrowed for the call; or NULL for none
 *  returns     new handle, close it; HPy_NULL with an exception set
 *  raises      MemoryError; ValueError if `pointer` is NULL or the destructor has no function
 *  thread      attached to ctx's interpreter
 *  since       HPy 0.9
 *  source      PyCapsule_New of the C API
 */
static inline HPy HPyCapsule_New(HPyContext* ctx, void* pointer, const char* utf8_name,
                                 HPyCapsule_Destructor* destructor) {
    return HPY_FUNCTION(ctx, Capsule_New)(ctx, pointer, utf8_name, destructor);
}

/** Tells whether an object is a capsule of that name. If it returns 1, HPyCapsule_GetPointer with
 * that name does not fail.
 *
 *  ctx        the caller's context
 *  capsule    any object, borrowed; HPy_NULL gives 0
 *  utf8_name  must equal the capsule's name; NULL for a capsule without one
 *  returns    1 or 0
 *  raises     nothing
 *  thread     attached to ctx's interpreter
 *  since      HPy 0.9
 *  source     PyCapsule_IsValid of the C API
 */
static inline int HPyCapsule_IsValid(HPyContext* ctx, HPy capsule, const char* utf8_name) {
    return HPY_FUNCTION(ctx, Capsule_IsValid)(ctx, capsule, utf8_name);
}

/* ---- reading ---- */

/** Reads a part of a capsule. The functions below are clearer.
 *
 *  ctx        the caller's context
 *  capsule    a capsule, borrowed
 *  key        HPyCapsule_key_Pointer, HPyCapsule_key_Name or HPyCapsule_key_Context
 *  utf8_name  for the pointer: must equal the capsule's name, NULL for a capsule without one; else
 *             not read
 *  returns    borrowed; NULL with an exception set, and for a name or context that is NULL
 *  raises     ValueError if it is not a capsule, the name is another, or the key cannot be read
 *  thread     attached to ctx's interpreter
 *  since      HPy 0.9
 *  source     PyCapsule_GetPointer, PyCapsule_GetName, PyCapsule_GetContext of the C API
 */
static inline void* HPyCapsule_Get(HPyContext* ctx, HPy capsule, _HPyCapsule_key key,
                                   const char* utf8_name) {
    return HPY_FUNCTION(ctx, Capsule_Get)(ctx, capsule, key, utf8_name);
}

/** Reads the pointer of a capsule.
 *
 *  ctx      the caller's context
 *  capsule  a capsule, borrowed
 *  name     must equal the capsule's name; NULL for a capsule without one
 *  returns  the pointer; NULL with an exception set
 *  raises   ValueError if it is not a capsule or the name is another
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyCapsule_GetPointer of the C API; inline, by HPyCapsule_Get
 */
static inline void* HPyCapsule_GetPointer(HPyContext* ctx, HPy capsule, const char* name) {
    return HPyCapsule_Get(ctx, capsule, HPyCapsule_key_Pointer, name);
}

/** Reads the name of a capsule.
 *
 *  ctx      the caller's context
 *  capsule  a capsule, borrowed
 *  returns  borrowed, UTF-8; NULL for a capsule without one, and with an exception set
 *  raises   ValueError if it is not a capsule
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyCapsule_GetName of the C API; inline, by HPyCapsule_Get
 */
static inline const char* HPyCapsule_GetName(HPyContext* ctx, HPy capsule) {
    return (const char*)HPyCapsule_Get(ctx, capsule, HPyCapsule_key_Name, NULL);
}

/** Reads the context of a capsule: a second pointer, which is passed to its destructor.
 *
 *  ctx      the caller's context
 *  capsule  a capsule, borrowed
 *  returns  the context, NULL where none was set; NULL with an exception set
 *  raises   ValueError if it is not a capsule
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyCapsule_GetContext of the C API; inline, by HPyCapsule_Get
 */
static inline void* HPyCapsule_GetContext(HPyContext* ctx, HPy capsule) {
    return HPyCapsule_Get(ctx, capsule, HPyCapsule_key_Context, NULL);
}

/* ---- setting ---- */

/** Sets a part of a capsule. The functions below are clearer.
 *
 *  ctx      the caller's context
 *  capsule  a capsule, borrowed
 *  key      HPyCapsule_key_Pointer, HPyCapsule_key_Name, HPyCapsule_key_Context or
 *           HPyCapsule_key_Destructor
 *  value    the pointer, the name, the context, or an HPyCapsule_Destructor; see the functions
 *           below
 *  returns  0; -1 with an exception set
 *  raises   ValueError if it is not a capsule, the value is not allowed or the key unknown
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyCapsule_SetPointer, PyCapsule_SetName, PyCapsule_SetContext, PyCapsule_SetDestructor
 *           of the C API
 */
static inline int HPyCapsule_Set(HPyContext* ctx, HPy capsule, _HPyCapsule_key key, void* value) {
    return HPY_FUNCTION(ctx, Capsule_Set)(ctx, capsule, key, value);
}

/** Sets the pointer of a capsule.
 *
 *  ctx      the caller's context
 *  capsule  a capsule, borrowed
 *  pointer  not NULL; nothing is done to what the old one points to
 *  returns  0; -1 with an exception set
 *  raises   ValueError if it is not a capsule or the pointer is NULL
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyCapsule_SetPointer of the C API; inline, by HPyCapsule_Set
 */
static inline int HPyCapsule_SetPointer(HPyContext* ctx, HPy capsule, void* pointer) {
    return HPyCapsule_Set(ctx, capsule, HPyCapsule_key_Pointer, pointer);
}

/** Sets the name of a capsule.
 *
 *  ctx      the caller's context
 *  capsule  a capsule, borrowed
 *  name     UTF-8, kept and not copied: it must stay as long as the capsule; or NULL
 *  returns  0; -1 with an exception set
 *  raises   ValueError if it is not a capsule
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyCapsule_SetName of the C API; inline, by HPyCapsule_Set
 */
static inline int HPyCapsule_SetName(HPyContext* ctx, HPy capsule, const char* name) {
    return HPyCapsule_Set(ctx, capsule, HPyCapsule_key_Name, (void*)name);
}

/** Sets the context of a capsule.
 *
 *  ctx      the caller's context
 *  capsule  a capsule, borrowed
 *  context  any; NULL for none
 *  returns  0; -1 with an exception set
 *  raises   ValueError if it is not a capsule
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyCapsule_SetContext of the C API; inline, by HPyCapsule_Set
 */
static inline int HPyCapsule_SetContext(HPyContext* ctx, HPy capsule, void* context) {
    return HPyCapsule_Set(ctx, capsule, HPyCapsule_key_Context, context);
}

/** Sets the destructor of a capsule that HPyCapsule_New made.
 *
 *  ctx         the caller's context
 *  capsule     a capsule, borrowed
 *  destructor  what HPyCapsule_DESTRUCTOR defines; borrowed for the call; or NULL for none
 *  returns     0; -1 with an exception set
 *  raises      ValueError if it is not a capsule, HPy did not make it, or the destructor has no
 *              function
 *  thread      attached to ctx's interpreter
 *  since       HPy 0.9
 *  source      PyCapsule_SetDestructor of the C API; inline, by HPyCapsule_Set
 */
static inline int HPyCapsule_SetDestructor(HPyContext* ctx, HPy capsule,
                                           HPyCapsule_Destructor* destructor) {
    return HPyCapsule_Set(ctx, capsule, HPyCapsule_key_Destructor, (void*)destructor);
}

#ifdef __cplusplus
}
#endif
