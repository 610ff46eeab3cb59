/* hpystate/cpython_table.h: what a runtime and a file that was compiled for the CPython ABI share.
 * C11, C++17.
 *
 * Such a file is an extension module of CPython's: CPython's own import finds it and calls its
 * PyInit_NAME. The file links nothing of the runtime's. When a module is made of it, the file
 * imports hpystate._native in the interpreter that imports, and takes the table below from a
 * capsule:
 *
 *     file --import, capsule--> table      create: a module as HPyModuleDef describes it
 *                                          execute: its exec slots, with that interpreter's context
 *
 * The structs only grow: members are appended, and `size` tells which are there. Include HPy's
 * types and Python.h first. docs/decisions/0001-cpython-abi.md.
 */
#pragma once

#include "hpystate/asks.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The module that has the capsule, the capsule's attribute in it, and the capsule's own name. */
#define HPYSTATE_CPYTHON_MODULE "hpystate._native"
#define HPYSTATE_CPYTHON_ATTRIBUTE "cpython_abi"
#define HPYSTATE_CPYTHON_CAPSULE "hpystate._native.cpython_abi"

/** What inline code of the file knows of memory that the runtime lays out. A runtime whose own
 * numbers differ refuses the file. */
struct hpystate_cpython_layout {
    uint32_t object_struct;  /* bytes from an object to the struct of its type, by shape */
    uint32_t type_struct;    /* likewise */
    uint32_t float_struct;   /* likewise */
    uint32_t unicode_struct; /* likewise */
    uint32_t list_struct;    /* likewise */
    uint32_t dict_struct;    /* likewise */
    uint32_t fields;   /* 1: a field holds the object's address; 2: a field is the context's */
    uint32_t builders; /* 1: a builder holds the object's address, or 0 or 1 */
};

/** A module of a file: a constant in the file, made by HPy_MODINIT. */
struct hpystate_cpython_file {
    uint32_t size;                         /* bytes of this struct in the file */
    uint32_t python;                       /* PY_VERSION_HEX of the headers */
    const char* name;                      /* as in HPy_MODINIT */
    HPyModuleDef* (*init)(void);           /* returns the module's definition */
    void (*init_context)(HPyContext* ctx); /* sets the context that trampolines use */
    const struct hpystate_asks* asks;      /* not NULL */
    const char* (*interpreters)(void);     /* hpystate_interpreters_NAME, or NULL */
    const char* (*gil)(void);              /* hpystate_gil_NAME, or NULL */
    struct hpystate_cpython_layout layout;
};

/** The memory that CPython keeps for each module of a file; zero until `execute`. */
struct hpystate_cpython_state {
    HPyContext* context;           /* of the interpreter that the module is in */
    void (*release)(void* module); /* to be called when CPython frees the module, if not NULL */
};

/** The functions of the runtime. A thread that calls one is attached to an interpreter. */
struct hpystate_cpython_table {
    uint32_t size;   /* bytes of this struct in the runtime */
    uint32_t python; /* PY_VERSION_HEX of its headers */

    /* Makes the module in the calling interpreter, not executed. `spec` is a ModuleSpec, borrowed.
     * Returns a new reference; NULL with an exception set. */
    PyObject* (*create)(const struct hpystate_cpython_file* file, PyObject* spec);

    /* Binds a module that `create` made to the calling interpreter's context, and runs its exec
     * slots. Its state is a struct hpystate_cpython_state. 0; -1 with an exception set. */
    int (*execute)(const struct hpystate_cpython_file* file, PyObject* module);
};

#ifdef __cplusplus
}
#endif
