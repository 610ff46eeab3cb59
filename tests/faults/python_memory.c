/* python_memory.c: the hook in front of CPython's allocators, and what it gets wrong behind it. */
#include <Python.h>

#include "python_memory.h"

#ifdef Py_GIL_DISABLED

#include <dlfcn.h>

/* Of failing_malloc.so, which is looked up: a program may run without it. */
static int (*allocation_fails)(const void* place);
static void (*passing_on)(int begins);
static void (*note_blocks)(long more);
static void (*fail_at)(long n, int lasting);
static long (*taken)(void);
static void (*spare_last)(void);

static PyMemAllocatorEx before[2]; /* written once, before the hook is set */

/* While a list is looked at: blocks that CPython frees stay, so that one that it frees again is
 * still its. Only one thread is there. */
static struct {
    void* blocks[64];
    const PyMemAllocatorEx* owners[64];
    int count;
    int again;
    int keeps;
} freed;

static int keep(const PyMemAllocatorEx* owner, void* block) {
    if (!freed.keeps) return 0;
    for (int i = 0; i < freed.count; ++i) {
        if (freed.blocks[i] == block) {
            freed.again = 1;
            return 1;
        }
    }
    if (freed.count == 64) return 0;
    freed.owners[freed.count] = owner;
    freed.blocks[freed.count++] = block;
    return 1;
}

#define FAILS allocation_fails(__builtin_return_address(0))

/* What CPython's allocator takes from the system is the same allocation. */
static void* hooked_malloc(void* context, size_t size) {
    const PyMemAllocatorEx* next = context;
    if (FAILS) return NULL;
    passing_on(1);
    void* const block = next->malloc(next->ctx, size);
    passing_on(0);
    note_blocks(block != NULL);
    return block;
}

static void* hooked_calloc(void* context, size_t n, size_t size) {
    const PyMemAllocatorEx* next = context;
    if (FAILS) return NULL;
    passing_on(1);
    void* const block = next->calloc(next->ctx, n, size);
    passing_on(0);
    note_blocks(block != NULL);
    return block;
}

static void* hooked_realloc(void* context, void* old, size_t size) {
    const PyMemAllocatorEx* next = context;
    if (FAILS) return NULL;
    passing_on(1);
    void* const block = next->realloc(next->ctx, old, size);
    passing_on(0);
    note_blocks(old == NULL && block != NULL);
    return block;
}

static void hooked_free(void* context, void* block) {
    const PyMemAllocatorEx* next = context;
    if (block == NULL || keep(next, block)) return;
    note_blocks(-1);
    next->free(next->ctx, block);
}

void stand_in_front(void) {
    static int is_set;
    if (is_set) return; /* in another interpreter */
    is_set = 1;
    *(void**)&allocation_fails = dlsym(RTLD_DEFAULT, "allocation_fails");
    *(void**)&passing_on = dlsym(RTLD_DEFAULT, "passing_on");
    *(void**)&note_blocks = dlsym(RTLD_DEFAULT, "note_blocks");
    *(void**)&fail_at = dlsym(RTLD_DEFAULT, "fail_at");
    *(void**)&taken = dlsym(RTLD_DEFAULT, "taken");
    *(void**)&spare_last = dlsym(RTLD_DEFAULT, "spare_last");
    if (spare_last == NULL) Py_FatalError("failing_malloc.so is not in front of malloc");
    const PyMemAllocatorDomain domains[2] = {PYMEM_DOMAIN_MEM, PYMEM_DOMAIN_OBJ};
    for (int i = 0; i < 2; ++i) {
        PyMem_GetAllocator(domains[i], &before[i]);
        PyMemAllocatorEx hook = {&before[i], hooked_malloc, hooked_calloc, hooked_realloc,
                                 hooked_free};
        PyMem_SetAllocator(domains[i], &hook);
    }
}

/* Frees what was kept, each block once. */
static void let_go(void) {
    freed.keeps = 0;
    for (int i = 0; i < freed.count; ++i)
        hooked_free((void*)freed.owners[i], freed.blocks[i]);
    freed.count = 0;
}

/* A list in the memory of another one that had an array; its n-th allocation fails. */
static void make_list_without_memory(long n) {
    enum { ITEMS = 20 };
    PyObject* const other =
        PyList_New(0); /* where CPython keeps lists in store there is room now */
    Py_XDECREF(PyList_New(ITEMS));
    fail_at(n, 0);
    PyObject* const list = PyList_New(ITEMS);
    taken();
    Py_XDECREF(list);
    Py_XDECREF(other);
    PyErr_Clear();
}

int spare_arrays_of_lists(void) {
    freed.again = 0;
    for (long n = 1; n <= 2 && !freed.again; ++n) { /* the list itself may be in store */
        freed.keeps = 1;
        make_list_without_memory(n);
        let_go();
    }
    if (!freed.again) return 0;
    spare_last();
    /* The place of the call must be PyList_New's, and not one that all memory passes. */
    fail_at(1, 0);
    void* const other = PyMem_Malloc(64);
    taken();
    if (other == NULL) return 1;
    PyMem_Free(other);
    PyErr_SetString(PyExc_RuntimeError, "the allocations of lists cannot be told from others");
    return -1;
}

#else

void stand_in_front(void) {}

int spare_arrays_of_lists(void) {
    return 0;
}

#endif
