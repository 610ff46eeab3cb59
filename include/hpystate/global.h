/* hpystate/global.h: a C static that has one value per interpreter, for extensions of the C API.
 * C11, C++17.
 *
 * Long: one file to copy into a project, with a contract for each function.
 *
 *     static hpystate_global cache;                       one static, one value per interpreter
 *
 *     static int exec(PyObject *module) {                 the module's Py_mod_exec slot
 *         if (hpystate_import() < 0) return -1;           once in each interpreter
 *         PyObject *dict = PyDict_New();
 *         if (dict == NULL) return -1;
 *         int result = hpystate_global_store(&cache, dict);
 *         Py_DECREF(dict);
 *         return result;
 *     }
 *
 * It needs no context and no module object: any thread that is attached to an interpreter may call
 * it. The values are in the tables of the package hpystate, which is imported at run time and not
 * linked. The collector sees them; they are released when their interpreter ends. docs/global.md
 * has an example.
 *
 * -DHPYSTATE_GLOBAL_STATIC: the same functions around a plain static, without the package. Such an
 * extension is for one interpreter; HPYSTATE_GLOBAL_INTERPRETERS tells CPython.
 *
 * -DHPYSTATE_GLOBAL_EMBED: the tables are in the extension itself, which is linked with
 * libhpystate_embed.a. It needs no package at run time, and is for one version of CPython.
 *
 * The limited API is supported from Py_LIMITED_API=0x030C0000 on. Nothing here begins with Py.
 * Names with hpystate_unstable_ may change with any version of this file.
 *
 * What the package and a file share is a table in static memory of the package. There is one per
 * process, the same for every interpreter, and it is never freed: so each shared object keeps its
 * address in a static. Its header never changes; behind it functions are only appended within a
 * major version, and `previous` leads to the tables of older ones.
 *
 * Errors that no exception can report: a thread that is attached to no interpreter. That ends the
 * process with a message, as CPython's own functions do.
 */
#ifndef HPYSTATE_GLOBAL_H
#define HPYSTATE_GLOBAL_H

#include <Python.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#if !defined(__GNUC__)
#error "hpystate/global.h needs GCC or Clang: weak symbols and their atomic functions."
#endif
#if PY_VERSION_HEX < 0x030C0000 || (defined(Py_LIMITED_API) && Py_LIMITED_API + 0 < 0x030C0000)
#error "hpystate/global.h needs CPython 3.12, and Py_LIMITED_API=0x030C0000 or later if it is set."
#endif

#if defined(HPYSTATE_GLOBAL_EMBED) && defined(HPYSTATE_GLOBAL_STATIC)
#error "hpystate/global.h: define HPYSTATE_GLOBAL_EMBED or HPYSTATE_GLOBAL_STATIC, not both."
#endif
#if defined(HPYSTATE_GLOBAL_EMBED) && defined(Py_LIMITED_API)
#error                                                                                             \
    "hpystate/global.h: HPYSTATE_GLOBAL_EMBED is for one version of CPython; omit Py_LIMITED_API."
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* On functions that are not called often; each file of an extension has the ones that it uses. */
#define HPYSTATE_UNSTABLE_COLD __attribute__((cold, noinline, unused)) static

/** The version of the table that this file is compiled for. */
#define HPYSTATE_GLOBAL_MAJOR 1
#define HPYSTATE_GLOBAL_MINOR 1

/** Makes the first value of a global: a new reference, or NULL with an exception set. */
typedef PyObject* (*hpystate_global_maker)(void* arg);

/** Frees what a hpystate_pointer points to. The thread is attached to the interpreter. */
typedef void (*hpystate_destructor)(void* pointer);

/* Sets the ImportError for an extension whose files were compiled in two ways; -1. */
HPYSTATE_UNSTABLE_COLD int hpystate_unstable_raise_mixed(const char* macro) {
    PyErr_Format(PyExc_ImportError,
                 "hpystate_import: one file of this extension was compiled with %s and another one "
                 "without: they would have different values. Compile all of them with it, or none.",
                 macro);
    return -1;
}

#ifndef HPYSTATE_GLOBAL_STATIC

/* Defined, hidden, in files that have -DHPYSTATE_GLOBAL_STATIC; else its address is NULL. Weak
 * references like this one are not hidden: then gold does not make the address NULL. */
extern char hpystate_unstable_static __attribute__((weak, visibility("default")));

/** A static of an extension. All zero at first; its address identifies it, so it is not moved. The
 * word is written by the first store: it becomes its own address, in every interpreter the same. */
typedef struct hpystate_global {
    uintptr_t token;
} hpystate_global;

/** For Py_mod_multiple_interpreters: what this extension may declare as far as its globals go. */
#define HPYSTATE_GLOBAL_INTERPRETERS Py_MOD_PER_INTERPRETER_GIL_SUPPORTED

struct _HPyContext_s; /* HPy's: HPyContext */

/** An interpreter, as hpystate_current() returns it. */
typedef struct hpystate_interpreter hpystate_interpreter;

/* ---- what the package and a file share; frozen: tests/abi/layout_global.c ---- */

/** The module, the capsule's attribute in it, and the capsule's own name. The capsule's context is
 * its pointer. */
#define HPYSTATE_GLOBAL_MODULE "hpystate._native"
#define HPYSTATE_GLOBAL_ATTRIBUTE "global_api"
#define HPYSTATE_GLOBAL_CAPSULE "hpystate._native.global_api"

/** How every table begins, whatever its version. */
struct hpystate_table_header {
    uint32_t major;
    uint32_t minor;
    const struct hpystate_table_header* previous; /* of the next older major version, or NULL */
};

/** What inline code reads.
 *
 *     thread() --> thread state, NULL: attached to none --> at HPYSTATE_THREAD_KEY its interpreter
 *     seen[16 bits of that address] --> bytes from this struct to the interpreter's table
 *     table: the interpreter's address; at HPYSTATE_ENTRIES entries of 16 bytes {token, object}
 *
 * 0 in `seen` leads to this struct itself, whose first word is not an interpreter's address. A
 * table whose interpreter has ended has no address. Bit 0 of an object's word: call the package. A
 * runtime that has another layout has a `thread` that returns NULL, and files call it always. */
struct hpystate_fast {
    void* (*thread)(void);
    size_t capsule_pointer;     /* bytes from a capsule to its pointer; 0: unknown */
    ptrdiff_t thread_word;      /* bytes from %fs:0 to what thread() returns; 0: call it */
    ptrdiff_t seen[(1u << 16)]; /* any word may change at any time */
};
#define HPYSTATE_THREAD_KEY 16
#define HPYSTATE_ENTRIES (-(1 << 21))
#define HPYSTATE_ENTRIES_MASK ((((size_t)1 << 17) - 1) << 4)

/** The functions of the package, major version 1. A thread that calls one is attached. `function`
 * is the caller's name for messages. */
struct hpystate_global_table {
    struct hpystate_table_header header;
    const struct hpystate_fast* fast;

    /* Makes the calling interpreter ready. 0; -1 with an exception set. */
    int (*enter)(void);

    /* The calling interpreter; NULL with a SystemError: it is not ready. */
    const hpystate_interpreter* (*current)(const char* function);

    /* A borrowed value; NULL, with a SystemError only if the interpreter is not ready. */
    PyObject* (*borrow)(const hpystate_global* global, const char* function);

    /* 1 and a new reference in `out`; else NULL there and 0: unset, or -1 with an exception. */
    int (*get_ref)(const hpystate_global* global, PyObject** out, const char* function);

    /* 0; -1 with an exception set. `checked`: refuse an object of another interpreter. */
    int (*store)(hpystate_global* global, PyObject* object, int checked, const char* function);

    /* A new reference; NULL with an exception set. */
    PyObject* (*get_or_init)(hpystate_global* global, hpystate_global_maker make, void* arg,
                             const char* function);

    /* Sets the SystemError for a global that holds nothing. */
    void (*raise_unset)(const hpystate_global* global, const char* function);

    /* Since 1.1. As get_or_init and store, for a value that ends before all others when its
     * interpreter does, the last one that was stored first. Once it has ended, the first is a
     * RuntimeError, and the second has no effect. */
    PyObject* (*get_or_init_in_order)(hpystate_global* global, hpystate_global_maker make,
                                      void* arg, const char* function);
    int (*store_in_order)(hpystate_global* global, PyObject* object, const char* function);

    /* The context of HPy 0.9; NULL with a SystemError: the interpreter is not ready. */
    struct _HPyContext_s* (*context)(const char* function);
};

/* ---- how a file finds it ---- */

/* One for all translation units of a shared object: weak, so the linker keeps one; hidden, so it is
 * this file's own. Written by hpystate_import(), with the same values in each interpreter; `table`
 * before `fast`. Read by any thread. */
struct hpystate_unstable_link {
    const struct hpystate_fast* fast; /* until a table is there, a struct without `seen` */
    const struct hpystate_global_table* table;
};

struct hpystate_unstable_nowhere {
    void* (*thread)(void);
    size_t capsule_pointer;
    ptrdiff_t thread_word;
};

__attribute__((unused)) static void* hpystate_unstable_no_thread(void) {
    return NULL;
}

extern struct hpystate_unstable_nowhere hpystate_unstable_nowhere;
extern struct hpystate_unstable_link hpystate_unstable_link;
__attribute__((weak,
               visibility("hidden"))) struct hpystate_unstable_nowhere hpystate_unstable_nowhere = {
    &hpystate_unstable_no_thread, 0, 0};
__attribute__((weak, visibility("hidden"))) struct hpystate_unstable_link hpystate_unstable_link = {
    (const struct hpystate_fast*)(const void*)&hpystate_unstable_nowhere, NULL};

/* Sets the SystemError for a call before hpystate_import(); NULL for convenience. */
HPYSTATE_UNSTABLE_COLD void* hpystate_unstable_raise_early(const char* function) {
    PyThreadState_Get(); /* ends the process, with a message, where the thread is not attached */
    PyErr_Format(PyExc_SystemError,
                 "%s: the extension did not call hpystate_import() before, or it failed. Call it "
                 "in the module's Py_mod_exec slot, and return -1 there if it returns -1.",
                 function);
    return NULL;
}

static inline const struct hpystate_global_table* hpystate_unstable_functions(void) {
    return __atomic_load_n(&hpystate_unstable_link.table, __ATOMIC_ACQUIRE);
}

/* The link's first word. Both values that it ever has are good at any time: with the first one
 * `thread` returns NULL. So a compiler may read it once before a loop, which it does not do with an
 * atomic load around a call. */
static inline const struct hpystate_fast* hpystate_unstable_fast(void) {
#if defined(__x86_64__) && !defined(__ILP32__)
    const struct hpystate_fast* fast;
    __asm__("{movq (%1), %0|mov %0, [%1]}" : "=r"(fast) : "r"(&hpystate_unstable_link.fast));
    return fast;
#else
    return __atomic_load_n(&hpystate_unstable_link.fast, __ATOMIC_ACQUIRE);
#endif
}

#if defined(__SANITIZE_THREAD__)
#define HPYSTATE_UNSTABLE_TSAN 1
#elif defined(__has_feature)
#define HPYSTATE_UNSTABLE_TSAN __has_feature(thread_sanitizer)
#else
#define HPYSTATE_UNSTABLE_TSAN 0
#endif

/* Reads a word that other threads may write; hpystate_unstable_order() behind it keeps later reads
 * there. On x86 each load is an acquire, so the compiler alone has to be told; it does not fold an
 * atomic load into a comparison. */
static inline uintptr_t hpystate_unstable_word(const char* address) {
#if defined(__x86_64__) && !HPYSTATE_UNSTABLE_TSAN
    return *(const uintptr_t*)(const void*)address;
#else
    return __atomic_load_n((const uintptr_t*)(const void*)address, __ATOMIC_ACQUIRE);
#endif
}

static inline void hpystate_unstable_order(void) {
    __atomic_signal_fence(__ATOMIC_ACQUIRE);
}

/* The state of the calling thread; NULL: it is attached to none, or nothing is known. */
static inline const char* hpystate_unstable_thread(const struct hpystate_fast* fast) {
#if defined(__x86_64__) && !defined(__ILP32__)
    ptrdiff_t word;
    /* Before a loop, as hpystate_unstable_fast(): the same for as long as `fast` is. */
    __asm__("{movq %c2(%1), %0|mov %0, [%1+%c2]}"
            : "=r"(word)
            : "r"(fast), "i"(offsetof(struct hpystate_fast, thread_word)));
    if (__builtin_expect(word != 0, 1)) {
        const char* thread;
        /* Its operand in memory tells the compiler that a call may change it. */
        __asm__("{movq %%fs:(%1), %0|mov %0, fs:[%1]}"
                : "=r"(thread)
                : "r"(word), "m"(fast->thread_word));
        return thread;
    }
#endif
    return (const char*)fast->thread();
}

/* Bytes from `fast` to the calling interpreter's table, if it is found at once; 0: call the
 * package. */
static inline ptrdiff_t hpystate_unstable_distance(const struct hpystate_fast* fast) {
    const char* const thread = hpystate_unstable_thread(fast);
    ptrdiff_t distance;
    uintptr_t key;
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint16_t place;
#else
    uintptr_t place;
#endif
    if (__builtin_expect(thread == NULL, 0)) return 0;
    memcpy(&key, thread + HPYSTATE_THREAD_KEY, sizeof(key));
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    memcpy(&place, thread + HPYSTATE_THREAD_KEY + 2, sizeof(place)); /* one instruction */
#else
    place = key >> 16 & 0xFFFFu;
#endif
    distance = (ptrdiff_t)hpystate_unstable_word((const char*)&fast->seen[place]);
    /* Who sees the address sees the table of its interpreter, not of an earlier one. */
    if (__builtin_expect(hpystate_unstable_word((const char*)fast + distance) != key, 0)) return 0;
    hpystate_unstable_order();
    if (distance == 0) __builtin_unreachable(); /* an interpreter has not a function's address */
    return distance;
}

/* The calling interpreter if it is found at once; NULL: call the package. */
static inline const hpystate_interpreter* hpystate_unstable_here(void) {
    const struct hpystate_fast* const fast = hpystate_unstable_fast();
    const ptrdiff_t distance = hpystate_unstable_distance(fast);
    if (__builtin_expect(distance == 0, 0)) return NULL;
    return (const hpystate_interpreter*)(const void*)((const char*)fast + distance);
}

/* Reads the value of a global, borrowed, in the table at `base` + `distance`. 1: it is known, NULL
 * for none; 0: call the package. Without the GIL such a value lives until the interpreter ends. */
static inline int hpystate_unstable_read(const char* base, ptrdiff_t distance,
                                         const hpystate_global* global, PyObject** object) {
    const uintptr_t token = (uintptr_t)global;
    const size_t place = (size_t)(token << 1) & HPYSTATE_ENTRIES_MASK;
    const char* entry;
    uintptr_t word;
#if defined(__x86_64__) && !defined(__ILP32__)
    /* Before a loop, as hpystate_unstable_fast(): the same in each turn. */
    __asm__("{leaq %c3(%1,%2), %0|lea %0, [%1+%2+%c3]}"
            : "=r"(entry)
            : "r"(base), "r"(place), "i"(HPYSTATE_ENTRIES));
#else
    entry = base + HPYSTATE_ENTRIES + place;
#endif
    if (__builtin_expect(hpystate_unstable_word(entry + distance) != token, 0)) return 0;
    hpystate_unstable_order();
    word = hpystate_unstable_word(entry + distance + sizeof(token));
    hpystate_unstable_order();
    *object = (PyObject*)word;
#if defined(Py_GIL_DISABLED) || defined(Py_LIMITED_API)
    return (word & 1u) == 0;
#else
    return 1;
#endif
}

/* The same in the calling interpreter; 1 and the value, NULL for none, or 0. */
static inline int hpystate_unstable_read_here(const hpystate_global* global, PyObject** object) {
    const struct hpystate_fast* const fast = hpystate_unstable_fast();
    const ptrdiff_t distance = hpystate_unstable_distance(fast);
    if (__builtin_expect(distance == 0, 0)) return 0;
    return hpystate_unstable_read((const char*)fast, distance, global, object);
}

HPYSTATE_UNSTABLE_COLD PyObject* hpystate_unstable_borrow(const hpystate_global* global,
                                                          const char* function) {
    const struct hpystate_global_table* const table = hpystate_unstable_functions();
    if (table == NULL) return (PyObject*)hpystate_unstable_raise_early(function);
    return table->borrow(global, function);
}

HPYSTATE_UNSTABLE_COLD int hpystate_unstable_get_ref(const hpystate_global* global, PyObject** out,
                                                     const char* function) {
    const struct hpystate_global_table* const table = hpystate_unstable_functions();
    *out = NULL;
    if (table == NULL) return hpystate_unstable_raise_early(function), -1;
    return table->get_ref(global, out, function);
}

HPYSTATE_UNSTABLE_COLD void hpystate_unstable_raise_unset(const hpystate_global* global,
                                                          const char* function) {
    hpystate_unstable_functions()->raise_unset(global, function);
}

/* ---- globals ---- */

/** Returns the calling interpreter, for loops that use many globals or one of them often.
 *
 *  returns  borrowed: valid until the calling function returns to Python, or detaches the thread.
 *           NULL with an exception set
 *  raises   SystemError if hpystate_import() was not called in this interpreter, or it has ended
 *  thread   attached to an interpreter
 *  since    global 1.0
 *  source   ours
 */
static inline const hpystate_interpreter* hpystate_current(void) {
    const hpystate_interpreter* const here = hpystate_unstable_here();
    const struct hpystate_global_table* table;
    if (__builtin_expect(here != NULL, 1)) return here;
    table = hpystate_unstable_functions();
    if (table == NULL)
        return (const hpystate_interpreter*)hpystate_unstable_raise_early("hpystate_current");
    return table->current("hpystate_current");
}

/** Returns the value that an interpreter keeps in a global, without a reference.
 *
 *  here     what hpystate_current() returned to this thread; NULL: the calling interpreter
 *  global   the global's address
 *  returns  borrowed: valid until the global is stored to, or the interpreter ends. NULL, without
 *           an exception: nothing is stored, or the interpreter has ended
 *  raises   nothing, if `here` is the calling interpreter
 *  thread   attached to that interpreter
 *  since    global 1.0
 *  source   ours
 */
static inline PyObject* hpystate_global_borrow_in(const hpystate_interpreter* here,
                                                  const hpystate_global* global) {
    const char* const base = (const char*)(const void*)here;
    PyObject* object;
    if (__builtin_expect(here != NULL && hpystate_unstable_read(base, 0, global, &object), 1))
        return object;
    return hpystate_unstable_borrow(global, "hpystate_global_borrow_in");
}

/** Returns the value that the calling interpreter keeps in a global, without a reference.
 *
 *  global   the global's address
 *  returns  borrowed: valid until the global is stored to, or the interpreter ends. Take a
 *           reference before Python code runs that may store to it. NULL, without an exception:
 *           nothing is stored, or the interpreter has ended
 *  raises   SystemError, with NULL, if hpystate_import() was not called in this interpreter
 *  thread   attached to an interpreter
 *  since    global 1.0
 *  source   ours
 */
static inline PyObject* hpystate_global_borrow(const hpystate_global* global) {
    PyObject* object;
    if (__builtin_expect(hpystate_unstable_read_here(global, &object), 1)) return object;
    return hpystate_unstable_borrow(global, "hpystate_global_borrow");
}

/* A new reference; 1, 0 or -1 as hpystate_global_get_ref(). */
static inline int hpystate_unstable_load(const hpystate_global* global, PyObject** out,
                                         const char* function) {
    PyObject* object = NULL; /* for GCC's -Wmaybe-uninitialized at -O1 */
    if (__builtin_expect(!hpystate_unstable_read_here(global, &object) || object == NULL, 0))
        return hpystate_unstable_get_ref(global, out, function);
    Py_INCREF(object);
    *out = object;
    return 1;
}

HPYSTATE_UNSTABLE_COLD int hpystate_unstable_store(hpystate_global* global, PyObject* object,
                                                   const char* function) {
    const struct hpystate_global_table* const table = hpystate_unstable_functions();
#if defined(Py_DEBUG) || defined(HPYSTATE_GLOBAL_CHECKED)
    const int checked = 1;
#else
    const int checked = 0;
#endif
    if (table == NULL) return hpystate_unstable_raise_early(function), -1;
    return table->store(global, object, checked, function);
}

HPYSTATE_UNSTABLE_COLD PyObject* hpystate_unstable_first(hpystate_global* global,
                                                         hpystate_global_maker make, void* arg,
                                                         const char* function) {
    const struct hpystate_global_table* const table = hpystate_unstable_functions();
    if (table == NULL) return (PyObject*)hpystate_unstable_raise_early(function);
    return table->get_or_init(global, make, arg, function);
}

/* The same two for a value that ends in its order, before all others. */
HPYSTATE_UNSTABLE_COLD int
hpystate_unstable_store_in_order(hpystate_global* global, PyObject* object, const char* function) {
    const struct hpystate_global_table* const table = hpystate_unstable_functions();
    if (table == NULL) return hpystate_unstable_raise_early(function), -1;
    return table->store_in_order(global, object, function);
}

HPYSTATE_UNSTABLE_COLD PyObject* hpystate_unstable_first_in_order(hpystate_global* global,
                                                                  hpystate_global_maker make,
                                                                  void* arg, const char* function) {
    const struct hpystate_global_table* const table = hpystate_unstable_functions();
    if (table == NULL) return (PyObject*)hpystate_unstable_raise_early(function);
    return table->get_or_init_in_order(global, make, arg, function);
}

#ifndef HPYSTATE_GLOBAL_EMBED /* then the tables are the extension's own, without HPy */
/** Returns HPy's context of the calling interpreter, to call functions of HPy extensions with it:
 * docs/cython.md has an example. It is a plain context of HPy 0.9, `HPyContext *`.
 *
 *  returns  borrowed: valid until the interpreter ends. NULL with an exception set
 *  raises   SystemError if hpystate_import() was not called in this interpreter. The function does
 *           not exist with -DHPYSTATE_GLOBAL_STATIC or -DHPYSTATE_GLOBAL_EMBED
 *  thread   attached to an interpreter
 *  since    global 1.1
 *  source   ours
 */
HPYSTATE_UNSTABLE_COLD struct _HPyContext_s* hpystate_context(void) {
    const struct hpystate_global_table* const table = hpystate_unstable_functions();
    if (table == NULL)
        return (struct _HPyContext_s*)hpystate_unstable_raise_early("hpystate_context");
    return table->context("hpystate_context");
}
#endif

/* Bytes from a capsule to its pointer; 0: unknown. Only after a value was found at once. */
static inline size_t hpystate_unstable_capsule_pointer(void) {
    return hpystate_unstable_fast()->capsule_pointer;
}

/* The object of a global that holds a capsule, borrowed, if it is found at once; else NULL. */
static inline PyObject* hpystate_unstable_peek_here(const hpystate_global* global) {
    PyObject* object;
    return hpystate_unstable_read_here(global, &object) ? object : NULL;
}

/* The table for this file in a chain; NULL with an ImportError. `where` and `advice` are for it. */
HPYSTATE_UNSTABLE_COLD const struct hpystate_global_table*
hpystate_unstable_table_of(const struct hpystate_table_header* newest, const char* where,
                           const char* advice) {
    const struct hpystate_table_header* header;
    for (header = newest; header != NULL; header = header->previous) {
        if (header->major == HPYSTATE_GLOBAL_MAJOR && header->minor + 1 > HPYSTATE_GLOBAL_MINOR)
            return (const struct hpystate_global_table*)(const void*)header;
    }
    PyErr_Format(PyExc_ImportError,
                 "hpystate_import: this extension needs version %d.%d of hpystate's globals, and "
                 "%s has %u.%u. %s",
                 HPYSTATE_GLOBAL_MAJOR, HPYSTATE_GLOBAL_MINOR, where, (unsigned)newest->major,
                 (unsigned)newest->minor, advice);
    return NULL;
}

#ifdef HPYSTATE_GLOBAL_EMBED

/* In libhpystate_embed.a: its newest table; NULL with an ImportError: the library, the extension
 * and the running Python are not of one version. Hidden, so an extension that is linked without the
 * library is an error of the linker. Arguments: PY_VERSION_HEX and Py_GIL_DISABLED of this file. */
__attribute__((visibility("hidden"))) const struct hpystate_table_header*
hpystate_embed_tables(unsigned long compiled_for, int without_gil);

HPYSTATE_UNSTABLE_COLD const struct hpystate_global_table* hpystate_unstable_find_table(void) {
#ifdef Py_GIL_DISABLED
    const int without_gil = 1;
#else
    const int without_gil = 0;
#endif
    const struct hpystate_table_header* const newest =
        hpystate_embed_tables(PY_VERSION_HEX, without_gil);
    if (newest == NULL) return NULL;
    return hpystate_unstable_table_of(newest, "libhpystate_embed.a, which is linked into it,",
                                      "Compile with the global.h that belongs to the library.");
}

/* Sets the ImportError for a link that has another table: a file without the macro wrote it. */
HPYSTATE_UNSTABLE_COLD int hpystate_unstable_raise_other(void) {
    return hpystate_unstable_raise_mixed("-DHPYSTATE_GLOBAL_EMBED");
}

#else

/* The same function: there is one only if another file of the extension has the macro. */
extern const struct hpystate_table_header* hpystate_embed_tables(unsigned long compiled_for,
                                                                 int without_gil)
    __attribute__((weak, visibility("default")));

/* The table for this file in a capsule; NULL with an exception set. */
HPYSTATE_UNSTABLE_COLD const struct hpystate_global_table*
hpystate_unstable_table_in(PyObject* capsule) {
    const struct hpystate_table_header* newest;
    if (!PyCapsule_IsValid(capsule, HPYSTATE_GLOBAL_CAPSULE)) {
        PyErr_SetString(PyExc_ImportError,
                        "hpystate_import: " HPYSTATE_GLOBAL_MODULE "." HPYSTATE_GLOBAL_ATTRIBUTE
                        " is not the capsule " HPYSTATE_GLOBAL_CAPSULE
                        ". Something replaced it; install hpystate again.");
        return NULL;
    }
    newest =
        (const struct hpystate_table_header*)PyCapsule_GetPointer(capsule, HPYSTATE_GLOBAL_CAPSULE);
    if (PyCapsule_GetContext(capsule) != (const void*)newest) {
        if (!PyErr_Occurred()) {
            PyErr_SetString(PyExc_ImportError,
                            "hpystate_import: the capsule " HPYSTATE_GLOBAL_CAPSULE
                            " was not made by hpystate: its context is not its pointer. Remove "
                            "what replaced it, or install hpystate again.");
        }
        return NULL;
    }
    return hpystate_unstable_table_of(
        newest, "the installed hpystate",
        "Install another version: python -m pip install --upgrade hpystate");
}

/* The module hpystate._native, a new reference; NULL with an exception set. */
HPYSTATE_UNSTABLE_COLD PyObject* hpystate_unstable_module(void) {
    PyObject* const module = PyImport_ImportModule(HPYSTATE_GLOBAL_MODULE);
    PyObject *cause, *error;
    if (module != NULL || !PyErr_ExceptionMatches(PyExc_ModuleNotFoundError)) return module;
    cause = PyErr_GetRaisedException();
    PyErr_SetString(PyExc_ImportError,
                    "hpystate_import: this extension needs the package hpystate, which is not "
                    "installed for this Python. Type: python -m pip install hpystate. Or compile "
                    "the extension with -DHPYSTATE_GLOBAL_STATIC: then it works in one interpreter "
                    "without the package.");
    error = PyErr_GetRaisedException();
    if (error != NULL) PyException_SetCause(error, cause); /* takes the reference */
    PyErr_SetRaisedException(error);
    return NULL;
}

HPYSTATE_UNSTABLE_COLD const struct hpystate_global_table* hpystate_unstable_find_table(void) {
    PyObject* const module = hpystate_unstable_module();
    PyObject* capsule;
    const struct hpystate_global_table* table;
    if (module == NULL) return NULL;
    capsule = PyObject_GetAttrString(module, HPYSTATE_GLOBAL_ATTRIBUTE);
    Py_DECREF(module);
    if (capsule == NULL) {
        if (!PyErr_ExceptionMatches(PyExc_AttributeError)) return NULL;
        PyErr_SetString(PyExc_ImportError,
                        "hpystate_import: the installed hpystate has no " HPYSTATE_GLOBAL_MODULE
                        "." HPYSTATE_GLOBAL_ATTRIBUTE ", so it is older than this extension. Type: "
                        "python -m pip install --upgrade hpystate");
        return NULL;
    }
    table = hpystate_unstable_table_in(capsule);
    Py_DECREF(capsule);
    return table;
}

/* Sets the ImportError for a link that has another table. */
HPYSTATE_UNSTABLE_COLD int hpystate_unstable_raise_other(void) {
    if (hpystate_embed_tables != NULL)
        return hpystate_unstable_raise_mixed("-DHPYSTATE_GLOBAL_EMBED");
    PyErr_SetString(PyExc_ImportError,
                    "hpystate_import: another copy of hpystate in this process, as of a second "
                    "Python, has this extension's file already. Give each of the two a copy of the "
                    "file.");
    return -1;
}

#endif

/* Writes what was found into the link, which all interpreters share. */
HPYSTATE_UNSTABLE_COLD int hpystate_unstable_keep(const struct hpystate_global_table* table) {
    const struct hpystate_global_table* before = NULL;
    if (!__atomic_compare_exchange_n(&hpystate_unstable_link.table, &before, table, 0,
                                     __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE) &&
        before != table)
        return hpystate_unstable_raise_other();
    __atomic_store_n(&hpystate_unstable_link.fast, table->fast, __ATOMIC_RELEASE);
    return 0;
}

/** Makes the calling interpreter ready for this extension's globals. Call it in the module's
 * Py_mod_exec slot, so that it runs in each interpreter. It imports the package hpystate, or with
 * -DHPYSTATE_GLOBAL_EMBED nothing.
 *
 *  returns  0; -1 with an exception set
 *  raises   ImportError if the package is not installed, is another version, or was replaced by
 *           something else, or if the extension's files do not agree on the two macros above;
 *           SystemError if the interpreter is ending; MemoryError
 *  thread   attached to an interpreter
 *  since    global 1.0
 *  source   ours; PEP 489 for the place to call it
 */
HPYSTATE_UNSTABLE_COLD int hpystate_import(void) {
    const struct hpystate_global_table* table;
    if (&hpystate_unstable_static != NULL)
        return hpystate_unstable_raise_mixed("-DHPYSTATE_GLOBAL_STATIC");
    table = hpystate_unstable_find_table();
    if (table == NULL || table->enter() < 0) return -1;
    return hpystate_unstable_keep(table);
}

#else /* HPYSTATE_GLOBAL_STATIC: a plain static, which all interpreters share */

typedef struct hpystate_global {
    PyObject* object; /* owned; it is released when it is replaced, and not at the end */
} hpystate_global;

typedef struct hpystate_interpreter {
    char unused;
} hpystate_interpreter;

#define HPYSTATE_GLOBAL_INTERPRETERS Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED

/* One for all such files of a shared object, and what the other files define, if there are any. */
extern char hpystate_unstable_static;
__attribute__((weak, visibility("hidden"))) char hpystate_unstable_static = 1;
extern struct hpystate_unstable_link hpystate_unstable_link
    __attribute__((weak, visibility("default")));

HPYSTATE_UNSTABLE_COLD int hpystate_import(void) {
    if (&hpystate_unstable_link != NULL)
        return hpystate_unstable_raise_mixed("-DHPYSTATE_GLOBAL_STATIC");
    return 0;
}

static inline const hpystate_interpreter* hpystate_current(void) {
    static const hpystate_interpreter only = {0};
    return &only;
}

static inline PyObject* hpystate_unstable_peek_here(const hpystate_global* global) {
    return global->object;
}

static inline size_t hpystate_unstable_capsule_pointer(void) {
    return 0;
}

static inline PyObject* hpystate_global_borrow_in(const hpystate_interpreter* here,
                                                  const hpystate_global* global) {
    (void)here;
    return global->object;
}

static inline PyObject* hpystate_global_borrow(const hpystate_global* global) {
    return global->object;
}

static inline int hpystate_unstable_load(const hpystate_global* global, PyObject** out,
                                         const char* function) {
    (void)function;
    *out = global->object;
    Py_XINCREF(*out);
    return *out != NULL;
}

HPYSTATE_UNSTABLE_COLD void hpystate_unstable_raise_unset(const hpystate_global* global,
                                                          const char* function) {
    PyErr_Format(PyExc_SystemError,
                 "%s: the global at %p holds nothing, a value was expected. Store one first, in "
                 "the module's Py_mod_exec slot.",
                 function, (const void*)global);
}

HPYSTATE_UNSTABLE_COLD int hpystate_unstable_store(hpystate_global* global, PyObject* object,
                                                   const char* function) {
    PyObject* const old = global->object;
    (void)function;
    Py_XINCREF(object);
    global->object = object;
    Py_XDECREF(old);
    return 0;
}

/* `make` may detach the thread, or store to the same global: then the first value is kept. With
 * -DHPYSTATE_GLOBAL_STATIC nothing stops a maker from asking for its own value, and without the GIL
 * nothing keeps a store and a load of two threads apart. */
HPYSTATE_UNSTABLE_COLD PyObject* hpystate_unstable_first(hpystate_global* global,
                                                         hpystate_global_maker make, void* arg,
                                                         const char* function) {
    PyObject* made;
    if (global->object == NULL) {
        made = make(arg);
        if (made == NULL) {
            if (PyErr_Occurred() == NULL) {
                PyErr_Format(PyExc_SystemError,
                             "%s: the initializer returned nothing and set no exception. Set one "
                             "where there is no value.",
                             function);
            }
            return NULL;
        }
        if (global->object != NULL) {
            Py_DECREF(made);
        } else {
            global->object = made;
        }
    }
    Py_INCREF(global->object);
    return global->object;
}

/* A plain static does not end. */
HPYSTATE_UNSTABLE_COLD int
hpystate_unstable_store_in_order(hpystate_global* global, PyObject* object, const char* function) {
    return hpystate_unstable_store(global, object, function);
}

HPYSTATE_UNSTABLE_COLD PyObject* hpystate_unstable_first_in_order(hpystate_global* global,
                                                                  hpystate_global_maker make,
                                                                  void* arg, const char* function) {
    return hpystate_unstable_first(global, make, arg, function);
}

#endif

/** Returns the value that the calling interpreter keeps in a global.
 *
 *  global   the global's address
 *  out      never NULL; gets a new reference where this returns 1, else NULL
 *  returns  1; 0 without an exception: nothing is stored, or the interpreter has ended; -1 with an
 *           exception set
 *  raises   SystemError if hpystate_import() was not called in this interpreter
 *  thread   attached to an interpreter
 *  since    global 1.0
 *  source   result as PyDict_GetItemRef of CPython 3.13
 */
static inline int hpystate_global_get_ref(const hpystate_global* global, PyObject** out) {
    return hpystate_unstable_load(global, out, "hpystate_global_get_ref");
}

/** Makes an object the value of a global in the calling interpreter, and releases the one before.
 *
 *  global   the global's address
 *  object   borrowed: the global takes a reference of its own; NULL clears
 *  returns  0, also where the interpreter has ended and nothing is kept; -1 with an exception set,
 *           and the old value stays
 *  raises   MemoryError; SystemError if hpystate_import() was not called in this interpreter, or
 *           the global is in read-only memory. With Py_DEBUG or -DHPYSTATE_GLOBAL_CHECKED
 *           SystemError if the object belongs to another interpreter, as far as the collector knows
 *           it: a str or an int can not be told
 *  thread   attached to an interpreter
 *  since    global 1.0
 *  source   ours
 */
static inline int hpystate_global_store(hpystate_global* global, PyObject* object) {
    return hpystate_unstable_store(global, object, "hpystate_global_store");
}

/** Returns the value of a global, and makes it first if nothing is stored.
 *
 *  global   the global's address
 *  make     never NULL; called at most once at a time in an interpreter, with `arg`; other threads
 *           that want the value wait, detached. In C++ it must not throw: that ends the process
 *  arg      for `make`
 *  returns  a new reference; NULL with an exception set
 *  raises   what `make` raises; RuntimeError if it needs its own value, or a wait would never end;
 *           SystemError if hpystate_import() was not called in this interpreter, or it has ended
 *  thread   attached to an interpreter
 *  since    global 1.0
 *  source   HPyGlobal_LoadOrInit of hpystate/fused.h
 */
static inline PyObject* hpystate_global_get_or_init(hpystate_global* global,
                                                    hpystate_global_maker make, void* arg) {
    PyObject* const object = hpystate_unstable_peek_here(global);
    if (__builtin_expect(object == NULL, 0))
        return hpystate_unstable_first(global, make, arg, "hpystate_global_get_or_init");
    Py_INCREF(object);
    return object;
}

/* ---- imported objects ---- */

struct hpystate_unstable_import {
    const char* module;
    const char* attribute;
};

HPYSTATE_UNSTABLE_COLD PyObject* hpystate_unstable_import_object(void* arg) {
    const struct hpystate_unstable_import* const wanted = (struct hpystate_unstable_import*)arg;
    PyObject* const module = PyImport_ImportModule(wanted->module);
    PyObject* object;
    if (module == NULL || wanted->attribute == NULL) return module;
    object = PyObject_GetAttrString(module, wanted->attribute);
    Py_DECREF(module);
    return object;
}

/** Returns an imported object, which is kept in a global from its first use on.
 *
 *  global     the global's address
 *  module     dotted name, UTF-8; never NULL
 *  attribute  of the module, UTF-8; NULL: the module itself
 *  returns    a new reference; NULL with an exception set
 *  raises     what the import raises; AttributeError; as hpystate_global_get_or_init()
 *  thread     attached to an interpreter
 *  since      global 1.0
 *  source     HPyGlobal_Import of hpystate/fused.h
 */
static inline PyObject* hpystate_global_import(hpystate_global* global, const char* module,
                                               const char* attribute) {
    PyObject* const object = hpystate_unstable_peek_here(global);
    struct hpystate_unstable_import wanted;
    if (__builtin_expect(object != NULL, 1)) {
        Py_INCREF(object);
        return object;
    }
    wanted.module = module;
    wanted.attribute = attribute;
    return hpystate_unstable_first(global, hpystate_unstable_import_object, &wanted,
                                   "hpystate_global_import");
}

/* ---- fused: load, one call, release ---- */

/* A new reference; NULL with a SystemError: the global holds nothing. */
static inline PyObject* hpystate_unstable_held(const hpystate_global* global,
                                               const char* function) {
    PyObject* object;
    const int found = hpystate_unstable_load(global, &object, function);
    if (__builtin_expect(found == 0, 0)) hpystate_unstable_raise_unset(global, function);
    return object;
}

/** Calls the object that a global holds.
 *
 *  callable  a global; its object stays alive while it is called
 *  args      as for PyObject_Vectorcall
 *  nargsf    likewise
 *  kwnames   likewise
 *  returns   a new reference; NULL with an exception set
 *  raises    what the object raises; SystemError if nothing is stored
 *  thread    attached to an interpreter
 *  since     global 1.0
 *  source    PyObject_Vectorcall
 */
static inline PyObject* hpystate_call(const hpystate_global* callable, PyObject* const* args,
                                      size_t nargsf, PyObject* kwnames) {
    PyObject* const held = hpystate_unstable_held(callable, "hpystate_call");
    PyObject* result;
    if (held == NULL) return NULL;
    result = PyObject_Vectorcall(held, args, nargsf, kwnames);
    Py_DECREF(held);
    return result;
}

/** Calls the method whose name a global holds.
 *
 *  name     a global that holds a str
 *  args     as for PyObject_VectorcallMethod: args[0] is the object
 *  nargsf   likewise
 *  kwnames  likewise
 *  returns  a new reference; NULL with an exception set
 *  raises   AttributeError; what the method raises; SystemError if nothing is stored
 *  thread   attached to an interpreter
 *  since    global 1.0
 *  source   PyObject_VectorcallMethod
 */
static inline PyObject* hpystate_call_method(const hpystate_global* name, PyObject* const* args,
                                             size_t nargsf, PyObject* kwnames) {
    PyObject* const held = hpystate_unstable_held(name, "hpystate_call_method");
    PyObject* result;
    if (held == NULL) return NULL;
    result = PyObject_VectorcallMethod(held, args, nargsf, kwnames);
    Py_DECREF(held);
    return result;
}

/* A new reference to the type that a global holds; NULL with an exception set. */
HPYSTATE_UNSTABLE_COLD PyTypeObject* hpystate_unstable_type(const hpystate_global* type,
                                                            const char* function) {
    PyObject* const held = hpystate_unstable_held(type, function);
    if (held == NULL || PyType_Check(held)) return (PyTypeObject*)held;
    PyErr_Format(PyExc_TypeError, "%s: the global holds %R, a type was expected.", function, held);
    Py_DECREF(held);
    return NULL;
}

HPYSTATE_UNSTABLE_COLD int hpystate_unstable_check_type(PyObject* object,
                                                        const hpystate_global* type) {
    PyTypeObject* const held = hpystate_unstable_type(type, "hpystate_type_check");
    int result;
    if (held == NULL) return 0;
    result = PyType_IsSubtype(Py_TYPE(object), held);
    Py_DECREF(held);
    return result;
}

/** Checks whether an object is an instance of the type that a global holds.
 *
 *  object   borrowed
 *  type     a global that holds a type
 *  returns  1 for an instance of the type or of a subtype, else 0
 *  raises   TypeError if the global holds an object that is not a type; SystemError if nothing is
 *           stored. The result is 0 then: call PyErr_Occurred if that can happen
 *  thread   attached to an interpreter
 *  since    global 1.0
 *  source   PyObject_TypeCheck
 */
static inline int hpystate_type_check(PyObject* object, const hpystate_global* type) {
    if (__builtin_expect((PyObject*)Py_TYPE(object) == hpystate_unstable_peek_here(type), 1))
        return 1;
    return hpystate_unstable_check_type(object, type);
}

HPYSTATE_UNSTABLE_COLD int hpystate_unstable_compare(PyObject* object,
                                                     const hpystate_global* other) {
    PyObject* const held = hpystate_unstable_held(other, "hpystate_is");
    if (held == NULL) return 0;
    Py_DECREF(held);
    return object == held;
}

/** Checks whether an object is the one that a global holds.
 *
 *  object   borrowed
 *  other    a global
 *  returns  1 if it is the very object, else 0
 *  raises   SystemError, with 0, if nothing is stored
 *  thread   attached to an interpreter
 *  since    global 1.0
 *  source   Py_Is
 */
static inline int hpystate_is(PyObject* object, const hpystate_global* other) {
    PyObject* const held = hpystate_unstable_peek_here(other);
    if (__builtin_expect(held != NULL, 1)) return object == held;
    return hpystate_unstable_compare(object, other);
}

/** Makes an instance of the type that a global holds, without calling its tp_new or tp_init.
 *
 *  type     a global that holds a type
 *  returns  a new reference, its struct all zero behind the head; NULL with an exception set
 *  raises   MemoryError; TypeError if the global holds an object that is not a type; SystemError if
 *           nothing is stored
 *  thread   attached to an interpreter
 *  since    global 1.0
 *  source   tp_alloc
 */
static inline PyObject* hpystate_new(const hpystate_global* type) {
    PyTypeObject* const held = hpystate_unstable_type(type, "hpystate_new");
    PyObject* made;
    allocfunc alloc;
#ifdef Py_LIMITED_API
    void* slot;
#endif
    if (held == NULL) return NULL;
#ifdef Py_LIMITED_API
    slot = PyType_GetSlot(held, Py_tp_alloc);
    memcpy(&alloc, &slot, sizeof(alloc)); /* ISO C has no cast for this */
#else
    alloc = held->tp_alloc;
#endif
    made = alloc(held, 0);
    Py_DECREF(held);
    return made;
}

/** Returns the attribute whose name a global holds.
 *
 *  object   borrowed
 *  name     a global that holds a str
 *  returns  a new reference; NULL with an exception set
 *  raises   AttributeError and what the object raises; SystemError if nothing is stored
 *  thread   attached to an interpreter
 *  since    global 1.0
 *  source   PyObject_GetAttr
 */
static inline PyObject* hpystate_getattr(PyObject* object, const hpystate_global* name) {
    PyObject* const held = hpystate_unstable_held(name, "hpystate_getattr");
    PyObject* result;
    if (held == NULL) return NULL;
    result = PyObject_GetAttr(object, held);
    Py_DECREF(held);
    return result;
}

/** Returns an item of the object that a global holds, as of a dict that is a cache.
 *
 *  object   a global
 *  key      borrowed
 *  returns  a new reference; NULL with an exception set
 *  raises   KeyError and what the object raises; SystemError if nothing is stored
 *  thread   attached to an interpreter
 *  since    global 1.0
 *  source   PyObject_GetItem
 */
static inline PyObject* hpystate_getitem(const hpystate_global* object, PyObject* key) {
    PyObject* const held = hpystate_unstable_held(object, "hpystate_getitem");
    PyObject* result;
    if (held == NULL) return NULL;
    result = PyObject_GetItem(held, key);
    Py_DECREF(held);
    return result;
}

/** Sets an item of the object that a global holds.
 *
 *  object   a global
 *  key      borrowed
 *  value    borrowed
 *  returns  0; -1 with an exception set
 *  raises   what the object raises; SystemError if nothing is stored
 *  thread   attached to an interpreter
 *  since    global 1.0
 *  source   PyObject_SetItem
 */
static inline int hpystate_setitem(const hpystate_global* object, PyObject* key, PyObject* value) {
    PyObject* const held = hpystate_unstable_held(object, "hpystate_setitem");
    int result;
    if (held == NULL) return -1;
    result = PyObject_SetItem(held, key, value);
    Py_DECREF(held);
    return result;
}

/** Raises the exception whose type a global holds.
 *
 *  type     a global that holds an exception's type
 *  message  UTF-8
 *  returns  NULL, always
 *  raises   that type; SystemError if nothing is stored
 *  thread   attached to an interpreter
 *  since    global 1.0
 *  source   PyErr_SetString
 */
static inline PyObject* hpystate_err_set_string(const hpystate_global* type, const char* message) {
    PyObject* const held = hpystate_unstable_held(type, "hpystate_err_set_string");
    if (held == NULL) return NULL;
    PyErr_SetString(held, message);
    Py_DECREF(held);
    return NULL;
}

/** Raises the exception whose type a global holds, with an object as its value.
 *
 *  type     a global that holds an exception's type
 *  value    borrowed
 *  returns  NULL, always
 *  raises   that type; SystemError if nothing is stored
 *  thread   attached to an interpreter
 *  since    global 1.0
 *  source   PyErr_SetObject
 */
static inline PyObject* hpystate_err_set_object(const hpystate_global* type, PyObject* value) {
    PyObject* const held = hpystate_unstable_held(type, "hpystate_err_set_object");
    if (held == NULL) return NULL;
    PyErr_SetObject(held, value);
    Py_DECREF(held);
    return NULL;
}

/** Raises the exception whose type a global holds, with a message that is formatted.
 *
 *  type     a global that holds an exception's type
 *  format   as for PyErr_Format
 *  returns  NULL, always
 *  raises   that type; SystemError if nothing is stored
 *  thread   attached to an interpreter
 *  since    global 1.0
 *  source   PyErr_Format
 */
HPYSTATE_UNSTABLE_COLD PyObject* hpystate_err_format(const hpystate_global* type,
                                                     const char* format, ...) {
    PyObject* const held = hpystate_unstable_held(type, "hpystate_err_format");
    va_list arguments;
    if (held == NULL) return NULL;
    va_start(arguments, format);
    PyErr_FormatV(held, format, arguments);
    va_end(arguments);
    Py_DECREF(held);
    return NULL;
}

/** Checks whether the exception that is set has the type that a global holds.
 *
 *  type     a global that holds an exception's type, or a tuple of such
 *  returns  1 or 0
 *  raises   SystemError, with 0, if nothing is stored
 *  thread   attached to an interpreter, with an exception set
 *  since    global 1.0
 *  source   PyErr_ExceptionMatches
 */
static inline int hpystate_err_matches(const hpystate_global* type) {
    PyObject* const held = hpystate_unstable_held(type, "hpystate_err_matches");
    int result;
    if (held == NULL) return 0;
    result = PyErr_ExceptionMatches(held);
    Py_DECREF(held);
    return result;
}

/* ---- C pointers ---- */

/** A static that holds a C pointer per interpreter, and what frees it. All zero at first. Kept as a
 * capsule in a global. When an interpreter ends, its pointers are destroyed before the values of
 * globals are released: the last one that was made or set first. So `destroy` may use globals, and
 * pointers that were there when its own was made. */
typedef struct hpystate_pointer {
    hpystate_global slot;
} hpystate_pointer;

#define HPYSTATE_UNSTABLE_POINTER "hpystate.pointer"

/* Reports the exception of a destructor. When an interpreter ends, sys.stderr and the hook may be
 * gone before its pointers are: then on the standard error of the process. */
HPYSTATE_UNSTABLE_COLD void hpystate_unstable_report(void) {
    PyObject *const hook = PySys_GetObject("unraisablehook"), *raised, *name, *text;
    const char *type, *message;
    if (hook != NULL && hook != Py_None) {
        PyErr_WriteUnraisable(NULL);
        return;
    }
    raised = PyErr_GetRaisedException();
    name = PyType_GetName(Py_TYPE(raised));
    type = name != NULL ? PyUnicode_AsUTF8AndSize(name, NULL) : NULL;
    PyErr_Clear(); /* what cannot be printed is left out, here and below */
    text = PyObject_Str(raised);
    message = text != NULL ? PyUnicode_AsUTF8AndSize(text, NULL) : NULL;
    fprintf(stderr, "hpystate: a destructor at the end of an interpreter raised %s: %s\n",
            type != NULL ? type : "an exception", message != NULL ? message : "(no text)");
    PyErr_Clear();
    Py_XDECREF(text);
    Py_XDECREF(name);
    Py_DECREF(raised);
}

/* Calls a destructor, whatever exception is on its way. */
HPYSTATE_UNSTABLE_COLD void hpystate_unstable_destroy_value(void* value,
                                                            hpystate_destructor destroy) {
    PyObject* const raised = PyErr_GetRaisedException();
    destroy(value);
    if (PyErr_Occurred()) hpystate_unstable_report();
    PyErr_SetRaisedException(raised);
}

/* A capsule's destructor: calls the extension's. */
HPYSTATE_UNSTABLE_COLD void hpystate_unstable_destroy(PyObject* capsule) {
    void* const context = PyCapsule_GetContext(capsule);
    hpystate_destructor destroy;
    memcpy(&destroy, &context, sizeof(destroy)); /* ISO C has no cast for this */
    hpystate_unstable_destroy_value(PyCapsule_GetPointer(capsule, HPYSTATE_UNSTABLE_POINTER),
                                    destroy);
}

/* A capsule for a pointer that is not NULL; NULL with an exception set. */
HPYSTATE_UNSTABLE_COLD PyObject* hpystate_unstable_wrap(void* pointer,
                                                        hpystate_destructor destroy) {
    PyObject* const capsule = PyCapsule_New(pointer, HPYSTATE_UNSTABLE_POINTER, NULL);
    void* context;
    if (capsule == NULL || destroy == NULL) return capsule;
    memcpy(&context, &destroy, sizeof(context));
    PyCapsule_SetContext(capsule, context);
    PyCapsule_SetDestructor(capsule, hpystate_unstable_destroy);
    return capsule;
}

/* The pointer in the capsule that a global holds; NULL, without an exception if it holds none. */
HPYSTATE_UNSTABLE_COLD void* hpystate_unstable_unwrap(const hpystate_global* global,
                                                      const char* function) {
    PyObject* capsule;
    void* pointer;
    if (hpystate_unstable_load(global, &capsule, function) <= 0) return NULL;
    pointer = PyCapsule_GetPointer(capsule, PyCapsule_GetName(capsule));
    Py_DECREF(capsule); /* the global keeps it */
    return pointer;
}

/* The same if it is found at once; else NULL. */
static inline void* hpystate_unstable_peek_pointer(const hpystate_global* global) {
    const PyObject* const capsule = hpystate_unstable_peek_here(global);
    size_t distance;
    void* pointer;
    if (__builtin_expect(capsule == NULL, 0)) return NULL;
    distance = hpystate_unstable_capsule_pointer();
    if (__builtin_expect(distance == 0, 0)) return NULL;
    memcpy(&pointer, (const char*)(const void*)capsule + distance, sizeof(pointer));
    return pointer;
}

/** Returns the pointer of the calling interpreter.
 *
 *  pointer  the static's address
 *  returns  the pointer, valid until another one is set or the interpreter ends; NULL, without an
 *           exception: none is set, or it was destroyed since the interpreter is ending
 *  raises   SystemError, with NULL, if hpystate_import() was not called in this interpreter
 *  thread   attached to an interpreter
 *  since    global 1.0
 *  source   ours
 */
static inline void* hpystate_pointer_get(const hpystate_pointer* pointer) {
    void* const found = hpystate_unstable_peek_pointer(&pointer->slot);
    if (__builtin_expect(found != NULL, 1)) return found;
    return hpystate_unstable_unwrap(&pointer->slot, "hpystate_pointer_get");
}

/** Sets the pointer of the calling interpreter. The one before is destroyed; without the GIL the
 * first one of all only when the interpreter ends, since other threads may be using it.
 *
 *  pointer  the static's address
 *  value    owned from now on, if this succeeds; NULL clears
 *  destroy  called with `value` when it is replaced or the interpreter ends, with the thread
 *           attached; the module may be gone by then. An exception that it leaves is reported by
 *           sys.unraisablehook, or on the standard error where that is gone. NULL: nothing is to do
 *  returns  0; where the interpreter has ended, or has destroyed this pointer since it is ending,
 *           `value` is destroyed at once. -1 with an exception set: `value` still belongs to the
 *           caller
 *  raises   as hpystate_global_store()
 *  thread   attached to an interpreter
 *  since    global 1.0
 *  source   ours
 */
HPYSTATE_UNSTABLE_COLD int hpystate_pointer_set(hpystate_pointer* pointer, void* value,
                                                hpystate_destructor destroy) {
    PyObject* capsule = NULL;
    int result;
    if (value != NULL) {
        capsule = hpystate_unstable_wrap(value, destroy);
        if (capsule == NULL) return -1;
    }
    result = hpystate_unstable_store_in_order(&pointer->slot, capsule, "hpystate_pointer_set");
    if (result < 0 && capsule != NULL) PyCapsule_SetDestructor(capsule, NULL);
    Py_XDECREF(capsule);
    return result;
}

struct hpystate_unstable_pointer {
    void* (*make)(void* arg);
    void* arg;
    hpystate_destructor destroy;
};

HPYSTATE_UNSTABLE_COLD PyObject* hpystate_unstable_make_pointer(void* arg) {
    const struct hpystate_unstable_pointer* const wanted = (struct hpystate_unstable_pointer*)arg;
    void* const value = wanted->make(wanted->arg);
    PyObject* capsule;
    if (value == NULL) {
        if (!PyErr_Occurred()) PyErr_NoMemory();
        return NULL;
    }
    capsule = hpystate_unstable_wrap(value, wanted->destroy);
    if (capsule == NULL && wanted->destroy != NULL)
        hpystate_unstable_destroy_value(value, wanted->destroy);
    return capsule;
}

/** Returns the pointer of the calling interpreter, and makes it first if none is set.
 *
 *  pointer  the static's address
 *  make     as for hpystate_global_get_or_init(): returns what hpystate_pointer_set() would take;
 *           NULL with an exception set, or without one for MemoryError
 *  arg      for `make`
 *  destroy  as for hpystate_pointer_set()
 *  returns  the pointer, as hpystate_pointer_get(); NULL with an exception set
 *  raises   as hpystate_global_get_or_init(); RuntimeError if the interpreter is ending and has
 *           destroyed this pointer
 *  thread   attached to an interpreter
 *  since    global 1.0
 *  source   ours
 */
static inline void* hpystate_pointer_get_or_init(hpystate_pointer* pointer,
                                                 void* (*make)(void* arg), void* arg,
                                                 hpystate_destructor destroy) {
    void* const found = hpystate_unstable_peek_pointer(&pointer->slot);
    struct hpystate_unstable_pointer wanted;
    PyObject* capsule;
    void* result;
    if (__builtin_expect(found != NULL, 1)) return found;
    wanted.make = make;
    wanted.arg = arg;
    wanted.destroy = destroy;
    capsule = hpystate_unstable_first_in_order(&pointer->slot, hpystate_unstable_make_pointer,
                                               &wanted, "hpystate_pointer_get_or_init");
    if (capsule == NULL) return NULL;
    result = PyCapsule_GetPointer(capsule, HPYSTATE_UNSTABLE_POINTER);
    Py_DECREF(capsule);
    return result;
}

/* ---- C tables of other modules ---- */

/** A static that holds what a capsule of another module points to, per interpreter. Define it by
 * one of the macros below. */
typedef struct hpystate_capsule {
    hpystate_global slot;
    const char* module;    /* dotted name */
    const char* attribute; /* of the module */
    const char* name;      /* of the capsule; NULL: it has none */
    const char* otherwise; /* a module to try where the first one does not exist; NULL: none */
} hpystate_capsule;

/** For a capsule that is named as it should be: HPYSTATE_CAPSULE("package.module", "attribute"). */
#define HPYSTATE_CAPSULE(module, attribute)                                                        \
    { {0}, module, attribute, module "." attribute, NULL }

/** For datetime's C API, but not in destructors (hpystate_capsule_get()). After `#include
 * <datetime.h>`: static hpystate_capsule datetime_api = HPYSTATE_DATETIME_CAPSULE; #define
 * PyDateTimeAPI ((PyDateTime_CAPI *)hpystate_capsule_get(&datetime_api)) */
#define HPYSTATE_DATETIME_CAPSULE HPYSTATE_CAPSULE("datetime", "datetime_CAPI")

/** For NumPy's C API, of NumPy 2 and 1: a table of `void *`; not in destructors. The file defines
 * NO_IMPORT_ARRAY, and PyArray_API as a macro, after NumPy's headers: static hpystate_capsule
 * array_api = HPYSTATE_NUMPY_CAPSULE; #define PyArray_API ((void
 * **)hpystate_capsule_get(&array_api)) */
#define HPYSTATE_NUMPY_CAPSULE                                                                     \
    { {0}, "numpy._core._multiarray_umath", "_ARRAY_API", NULL, "numpy.core._multiarray_umath" }

HPYSTATE_UNSTABLE_COLD PyObject* hpystate_unstable_import_capsule(void* arg) {
    const hpystate_capsule* const wanted = (hpystate_capsule*)arg;
    struct hpystate_unstable_import place;
    PyObject* found;
    place.module = wanted->module;
    place.attribute = wanted->attribute;
    found = hpystate_unstable_import_object(&place);
    if (found == NULL && wanted->otherwise != NULL &&
        PyErr_ExceptionMatches(PyExc_ModuleNotFoundError)) {
        PyErr_Clear();
        place.module = wanted->otherwise;
        found = hpystate_unstable_import_object(&place);
    }
    if (found == NULL || PyCapsule_IsValid(found, wanted->name)) return found;
    PyErr_Format(
        PyExc_ImportError, "hpystate_capsule_get: %s.%s is %R, a capsule named %s was expected.",
        place.module, place.attribute, found, wanted->name != NULL ? wanted->name : "NULL");
    Py_DECREF(found);
    return NULL;
}

HPYSTATE_UNSTABLE_COLD void* hpystate_unstable_capsule(hpystate_capsule* capsule) {
    PyObject* const object = hpystate_unstable_first(
        &capsule->slot, hpystate_unstable_import_capsule, capsule, "hpystate_capsule_get");
    void* pointer;
    if (object == NULL) return NULL;
    pointer = PyCapsule_GetPointer(object, capsule->name);
    Py_DECREF(object); /* the global keeps it */
    return pointer;
}

/** Returns what the capsule points to. The first use in an interpreter imports its module; call it
 * once in the Py_mod_exec slot, so that later calls cannot fail. In a destructor that runs when the
 * interpreter ends, the module may be gone: this returns NULL, or the table where no value was
 * released yet, and the table may be of memory that the module has freed. So a macro around this is
 * not for code that a destructor runs.
 *
 *  capsule  the static's address
 *  returns  borrowed: valid until the interpreter begins to end; NULL with an exception set
 *  raises   what the import raises; AttributeError; ImportError if the attribute is something else;
 *           as hpystate_global_get_or_init()
 *  thread   attached to an interpreter
 *  since    global 1.0
 *  source   PyCapsule_Import
 */
static inline void* hpystate_capsule_get(hpystate_capsule* capsule) {
    void* const found = hpystate_unstable_peek_pointer(&capsule->slot);
    if (__builtin_expect(found != NULL, 1)) return found;
    return hpystate_unstable_capsule(capsule);
}

#ifdef __cplusplus
}
#endif

#endif /* HPYSTATE_GLOBAL_H */
