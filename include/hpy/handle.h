/* hpy/handle.h: the opaque values that an extension holds. C11, C++17. */
#pragma once

#if defined(HPY_ABI_HYBRID) || defined(HPY_ABI_CPYTHON)
#if !defined(PY_SSIZE_T_CLEAN)
#define PY_SSIZE_T_CLEAN
#endif
#include <Python.h> /* first, since it defines macros that decide what the headers of C contain */
#endif

#include "hpy/attributes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

#define HPY_ABI_VERSION 0
#define HPY_ABI_VERSION_MINOR 0
#define HPY_ABI_TAG "hpy0"

#ifdef __cplusplus
extern "C" {
#endif

/** A handle: one reference to an object, valid in the interpreter that gave it. 0 is HPy_NULL. */
typedef struct _HPy_s {
    intptr_t _i;
} HPy;

/** No object: returned by a function that failed, passed for an optional argument that is not
 * given. */
#ifdef __cplusplus
#define HPy_NULL (HPy{0})
#else
#define HPy_NULL ((HPy){0})
#endif

/** Whether a handle, field or tracker is null. */
#define HPy_IsNull(handle) ((handle)._i == 0)

/** A reference to an object inside another object's struct; only its owner's functions read it. */
typedef struct {
    intptr_t _i;
} HPyField;

/** A static reference with one value per interpreter. `_i` is 0 at first, and its own address once
 * the runtime knows it. */
typedef struct {
    intptr_t _i;
} HPyGlobal;

typedef struct {
    intptr_t _lst;
} HPyListBuilder;

typedef struct {
    intptr_t _tup;
} HPyTupleBuilder;

typedef struct {
    intptr_t _i;
} HPyTracker;

/** What HPy_LeavePythonExecution returns and HPy_ReenterPythonExecution takes. */
typedef struct {
    intptr_t _i;
} HPyThreadState;

typedef intptr_t HPy_ssize_t;
typedef intptr_t HPy_hash_t;
typedef uint32_t HPy_UCS4;

#define HPY_SSIZE_T_MAX INTPTR_MAX
#define HPY_SSIZE_T_MIN INTPTR_MIN

typedef struct _HPyContext_s HPyContext;

/* A struct's value from its word. C++ has no compound literals, C no braces alone. */
#if defined(__cplusplus)
#define _hconv(h) (HPy{h})
#define _hfconv(h) (HPyField{h})
#define _htsconv(h) (HPyThreadState{h})
#define _hgconv(h) (HPyGlobal{h})
#else
#define _hconv(h) ((HPy){h})
#define _hfconv(h) ((HPyField){h})
#define _htsconv(h) ((HPyThreadState){h})
#define _hgconv(h) ((HPyGlobal){h})
#endif

/** An empty field, as all fields of a new struct are. */
#define HPyField_NULL _hfconv(0)
#define HPyField_IsNull(f) ((f)._i == 0)

/** Converts a `void *` back to the handle that it was made from.
 *
 *  p        what HPy_AsVoidP returned
 *  returns  the same handle; it is not duplicated
 *  raises   nothing
 *  thread   any
 *  since    HPy 0.9
 *  source   a cast
 */
static inline HPy HPy_FromVoidP(void* p) {
    return _hconv((intptr_t)p);
}

/** Returns a handle as a `void *`, for callbacks that take one. It is not a pointer to anything.
 *
 *  h        a handle, or HPy_NULL; it is not duplicated
 *  returns  what HPy_FromVoidP takes; NULL for HPy_NULL alone
 *  raises   nothing
 *  thread   any
 *  since    HPy 0.9
 *  source   a cast
 */
static inline void* HPy_AsVoidP(HPy h) {
    return (void*)h._i;
}

/* The C API's own types, by their struct tags. In universal mode they are incomplete types. */
typedef struct _object cpy_PyObject;
typedef struct PyMethodDef cpy_PyMethodDef;
typedef struct PyModuleDef cpy_PyModuleDef;
#if defined(HPY_ABI_HYBRID) || defined(HPY_ABI_CPYTHON)
typedef Py_buffer cpy_Py_buffer; /* its struct has no tag */
#else
typedef struct _cpy_buffer cpy_Py_buffer;
#endif

#ifdef __cplusplus
}
#endif
