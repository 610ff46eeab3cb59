/* hpy/handle.h: the opaque values that an extension holds. C11, C++17. */
#pragma once

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

/** No object: a function that failed, an optional argument that is not given. */
#ifdef __cplusplus
#define HPy_NULL (HPy{0})
#else
#define HPy_NULL ((HPy){0})
#endif

/** Whether a handle, field, tracker or builder's result is none. */
#define HPy_IsNull(handle) ((handle)._i == 0)

/** A reference to an object inside another object's struct; only its owner's functions read it. */
typedef struct {
    intptr_t _i;
} HPyField;

/** A static reference, one value per interpreter. Zero at start; afterwards its own address. */
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

/** What HPy_LeavePythonExecution gives and HPy_ReenterPythonExecution takes back. */
typedef struct {
    intptr_t _i;
} HPyThreadState;

typedef intptr_t HPy_ssize_t;
typedef intptr_t HPy_hash_t;
typedef uint32_t HPy_UCS4;

typedef struct _HPyContext_s HPyContext;

/* The C API's own types, by their struct tags: this header never includes Python.h. */
typedef struct _object cpy_PyObject;
typedef struct PyMethodDef cpy_PyMethodDef;
typedef struct PyModuleDef cpy_PyModuleDef;

#ifdef __cplusplus
}
#endif
