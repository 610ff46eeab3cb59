/* hpy/define.h: how an extension describes its functions, types and modules. C11, C++17.
 *
 * The layout of every struct here is part of the ABI: the structs are in the extension's file,
 * where the runtime reads them and never writes them.
 */
#pragma once

#include "hpy/handle.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The kinds of C function that HPy calls; HPyFunc_<name>. */
typedef enum {
#define HPY_SIGNATURE(name, value, ret, params) HPyFunc_##name = value,
#include "hpy/abi/signatures.def"
} HPyFunc_Signature;

/** The slots of a type or a module; HPy_<name>. */
typedef enum {
#define HPY_SLOT(name, value, signature) HPy_##name = value,
#include "hpy/abi/slots.def"
} HPySlot_Slot;

typedef enum {
    HPy_LT = 0,
    HPy_LE = 1,
    HPy_EQ = 2,
    HPy_NE = 3,
    HPy_GT = 4,
    HPy_GE = 5
} HPy_RichCmpOp;

typedef enum {
    HPy_SourceKind_Expr = 0,
    HPy_SourceKind_File = 1,
    HPy_SourceKind_Single = 2,
} HPy_SourceKind;

typedef enum {
    HPyCapsule_key_Pointer = 0,
    HPyCapsule_key_Name = 1,
    HPyCapsule_key_Context = 2,
    HPyCapsule_key_Destructor = 3,
} _HPyCapsule_key;

/** A view of memory. The layout is that of Py_buffer, with a handle for the object. */
typedef struct {
    void* buf;
    HPy obj; /* owned */
    HPy_ssize_t len;
    HPy_ssize_t itemsize;
    int readonly;
    int ndim;
    char* format;
    HPy_ssize_t* shape;
    HPy_ssize_t* strides;
    HPy_ssize_t* suboffsets;
    void* internal;
} HPy_buffer;

/** Called by a traverse function once for every field of its struct. */
typedef int (*HPyFunc_visitproc)(HPyField* field, void* arg);

/* HPyFunc_<name>_t: the type of the extension's function of each signature. HPy's own names for
 * them, such as HPyFunc_binaryfunc, are in hpy/signature.h. */
#define HPY_SIGNATURE(name, value, ret, params) typedef ret(*HPyFunc_##name##_t) params;
#include "hpy/abi/signatures.def"

/** Any function; cast to its HPyFunc_<signature>_t before it is called. */
typedef void* (*HPyCFunction)(void);

typedef cpy_PyObject* (*cpy_PyCFunction)(cpy_PyObject*, cpy_PyObject* const*, HPy_ssize_t);
typedef int (*cpy_visitproc)(cpy_PyObject*, void*);
typedef cpy_PyObject* (*cpy_getter)(cpy_PyObject*, void*);
typedef int (*cpy_setter)(cpy_PyObject*, cpy_PyObject*, void*);
typedef void (*cpy_PyCapsule_Destructor)(cpy_PyObject*);
typedef cpy_PyObject* (*cpy_vectorcallfunc)(cpy_PyObject* callable, cpy_PyObject* const* args,
                                            size_t nargsf, cpy_PyObject* kwnames);

typedef struct {
    HPySlot_Slot slot;
    HPyCFunction impl;
    cpy_PyCFunction cpy_trampoline;
} HPySlot;

typedef struct {
    const char* name; /* UTF-8 */
    HPyCFunction impl;
    cpy_PyCFunction cpy_trampoline;
    HPyFunc_Signature signature;
    const char* doc; /* UTF-8, or NULL */
} HPyMeth;

typedef enum {
    HPyMember_SHORT = 0,
    HPyMember_INT = 1,
    HPyMember_LONG = 2,
    HPyMember_FLOAT = 3,
    HPyMember_DOUBLE = 4,
    HPyMember_STRING = 5,
    HPyMember_OBJECT = 6, /* None where the field is null */
    HPyMember_CHAR = 7,   /* a str of one character */
    HPyMember_BYTE = 8,
    HPyMember_UBYTE = 9,
    HPyMember_USHORT = 10,
    HPyMember_UINT = 11,
    HPyMember_ULONG = 12,
    HPyMember_STRING_INPLACE = 13,
    HPyMember_BOOL = 14,
    HPyMember_OBJECT_EX = 16, /* AttributeError where the field is null */
    HPyMember_LONGLONG = 17,
    HPyMember_ULONGLONG = 18,
    HPyMember_HPYSSIZET = 19,
    HPyMember_NONE = 20,
} HPyMember_FieldType;

typedef struct {
    const char* name; /* UTF-8 */
    HPyMember_FieldType type;
    HPy_ssize_t offset; /* bytes from the start of the type's own struct */
    int readonly;
    const char* doc; /* UTF-8, or NULL */
} HPyMember;

typedef struct {
    const char* name; /* UTF-8 */
    HPyCFunction getter_impl;
    HPyCFunction setter_impl;
    cpy_getter getter_cpy_trampoline;
    cpy_setter setter_cpy_trampoline;
    const char* doc; /* UTF-8, or NULL */
    void* closure;
} HPyGetSet;

typedef enum {
    HPyDef_Kind_Slot = 1,
    HPyDef_Kind_Meth = 2,
    HPyDef_Kind_Member = 3,
    HPyDef_Kind_GetSet = 4,
} HPyDef_Kind;

typedef struct {
    HPyDef_Kind kind;
    union {
        HPySlot slot;
        HPyMeth meth;
        HPyMember member;
        HPyGetSet getset;
    };
} HPyDef;

typedef struct {
    cpy_PyCapsule_Destructor cpy_trampoline;
    HPyFunc_CAPSULE_DESTRUCTOR_t impl;
} HPyCapsule_Destructor;

typedef struct {
    cpy_vectorcallfunc cpy_trampoline;
    HPyFunc_KEYWORDS_t impl;
} HPyCallFunction;

typedef struct {
    cpy_vectorcallfunc cpy_trampoline;
    HPyCallFunction impl;
} HPyType_Vectorcall;

/** Which builtin type's layout is in front of the type's own struct; HPyType_BuiltinShape_<name>.
 */
typedef enum {
#define HPY_SHAPE(name, value) HPyType_BuiltinShape_##name = value,
#include "hpy/abi/shapes.def"
} HPyType_BuiltinShape;

typedef struct {
    const char* name; /* UTF-8, "module.Type" */
    int basicsize;    /* bytes of the type's own struct; 0 where it has none */
    int itemsize;     /* bytes */
    unsigned long flags;
    HPyType_BuiltinShape builtin_shape;
    void* legacy_slots; /* PyType_Slot[], ended by a zero slot, or NULL */
    HPyDef** defines;   /* ended by NULL, or NULL */
    const char* doc;    /* UTF-8, or NULL */
} HPyType_Spec;

typedef enum {
    HPyType_SpecParam_Base = 1,
    HPyType_SpecParam_BasesTuple = 2,
    HPyType_SpecParam_Metaclass = 3,
} HPyType_SpecParam_Kind;

typedef struct {
    HPyType_SpecParam_Kind kind; /* 0 ends an array of these */
    HPy object;
} HPyType_SpecParam;

/* Flags of a type. CPython's other Py_TPFLAGS_* have the same effect as in the C API. A flag that a
 * spec cannot set, or that contradicts the rest of the spec, is a TypeError that names it. */
#define _Py_TPFLAGS_HEAPTYPE (1UL << 9)
#define _Py_TPFLAGS_HAVE_VERSION_TAG (1UL << 18)
#define HPy_TPFLAGS_DEFAULT (_Py_TPFLAGS_HEAPTYPE | _Py_TPFLAGS_HAVE_VERSION_TAG)
#define HPy_TPFLAGS_BASETYPE (1UL << 10)        /* may be subclassed */
#define HPy_TPFLAGS_HAVE_VECTORCALL (1UL << 11) /* its instances hold a call function */
#define HPy_TPFLAGS_HAVE_GC (1UL << 14)         /* may be part of a cycle: has HPy_tp_traverse */

typedef struct {
    const char* doc;                 /* UTF-8, or NULL */
    HPy_ssize_t size;                /* must be 0 */
    cpy_PyMethodDef* legacy_methods; /* ended by a zero method, or NULL */
    HPyDef** defines;                /* ended by NULL, or NULL */
    HPyGlobal** globals;             /* ended by NULL, or NULL */
} HPyModuleDef;

#ifdef __cplusplus
}
#endif
