/* failing_malloc.c: allocation that fails where it is told to, for LD_PRELOAD.
 *
 * fail_at(n, 0) makes the n-th allocation of the calling thread from now on fail, once; with
 * lasting != 0 all from the n-th on; n = 0 none. With lasting == 2 the allocation behind a probe of
 * globals/throwing.cpp is had and not counted: between the two nobody else asks for memory. taken()
 * returns how many there were since, and ends it. live() counts blocks that are allocated, of all
 * threads.
 *
 * Python runs with PYTHONMALLOC=malloc, so its allocations come here, and operator new does too;
 * one without the GIL asks here whether an allocation fails (python_memory.c). Anonymous memory of
 * mmap counts as an allocation, but not as a block. After spare_last() what is allocated at the
 * place that failed last succeeds; there is room for a few such places.
 *
 * sched_yield() returns at once and is counted: yields(). CPython 3.13 without the GIL asks for it
 * 40 times whenever a thread enters a critical section that it is in already (Python/lock.c), some
 * 1,800 times by its start alone. On a busy machine each gives the CPU away, and a second of work
 * took longer than the time limit.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Atomic long blocks;
static __thread long countdown; /* 0: none fails */
static __thread long count;
static __thread int armed;
static __thread int lasts;
static __thread int passing; /* what an allocator takes from here was counted in front of it */

static void* (*real_malloc)(size_t);
static void* (*real_calloc)(size_t, size_t);
static void* (*real_realloc)(void*, size_t);
static void* (*real_aligned)(size_t, size_t);
static void (*real_free)(void*);

/* dlsym itself allocates: from here, never given back. */
static char early[16384];
static size_t early_used;

static void* take_early(size_t size) {
    size_t start = (early_used + 15) / 16 * 16;
    if (start + size > sizeof(early)) return NULL;
    early_used = start + size;
    return early + start;
}

static int is_early(const void* block) {
    return (const char*)block >= early && (const char*)block < early + sizeof(early);
}

static int ready(void) {
    static _Thread_local int looking;
    if (real_free != NULL) return 1;
    if (looking) return 0;
    looking = 1;
    real_malloc = dlsym(RTLD_NEXT, "malloc");
    real_calloc = dlsym(RTLD_NEXT, "calloc");
    real_realloc = dlsym(RTLD_NEXT, "realloc");
    real_aligned = dlsym(RTLD_NEXT, "aligned_alloc");
    real_free = dlsym(RTLD_NEXT, "free");
    looking = 0;
    return 1;
}

static const void* failed_last; /* where the allocation was called */
enum { SPARED = 4 };
static const void* spared[SPARED];
static int spared_count;

void spare_last(void) {
    if (spared_count == SPARED) abort();
    spared[spared_count++] = failed_last;
}

static int is_spared(const void* place) {
    for (int i = 0; i < spared_count; ++i) {
        if (spared[i] == place) return 1;
    }
    return 0;
}

enum { PROBE = 512 };       /* bytes, of globals/throwing.cpp */
static __thread int probed; /* the last allocation was a probe, which was had */

static int fails(const void* place) {
    if (!armed || passing) return 0;
    if (probed) {
        probed = 0;
        return 0;
    }
    ++count;
    if (countdown == 0) return 0;
    if (countdown > 1) {
        --countdown;
        return 0;
    }
    if (is_spared(place)) return 0;
    failed_last = place;
    if (!lasts) countdown = 0;
    errno = ENOMEM;
    return 1;
}

/* For an allocator of its own: as in malloc, and for what it takes from the system. */
int allocation_fails(const void* place) {
    return fails(place);
}

void passing_on(int begins) {
    passing = begins;
}

void note_blocks(long more) {
    blocks += more;
}

static void* counted(void* block) {
    blocks += block != NULL;
    return block;
}

static _Atomic long yielded; /* written by every thread, read by yields() alone */

int sched_yield(void) {
    yielded += 1;
    return 0;
}

long yields(void) {
    return yielded;
}

void fail_at(long n, int lasting) {
    countdown = n;
    lasts = lasting;
    count = 0;
    probed = 0;
    armed = 1;
}

long taken(void) {
    armed = 0;
    return count;
}

long live(void) {
    return blocks;
}

void* malloc(size_t size) {
    if (!ready()) return take_early(size);
    if (fails(__builtin_return_address(0))) return NULL;
    probed = armed && lasts == 2 && size == PROBE;
    return counted(real_malloc(size));
}

void* calloc(size_t n, size_t size) {
    if (!ready()) return take_early(n * size); /* static memory: zero */
    return fails(__builtin_return_address(0)) ? NULL : counted(real_calloc(n, size));
}

void* realloc(void* old, size_t size) {
    if (!ready() || is_early(old)) {
        void* block = malloc(size);
        if (block != NULL && old != NULL) memcpy(block, old, size);
        return block;
    }
    if (fails(__builtin_return_address(0))) return NULL;
    void* block = real_realloc(old, size);
    if (old == NULL) counted(block);
    return block;
}

void* aligned_alloc(size_t alignment, size_t size) {
    if (!ready() || fails(__builtin_return_address(0))) return NULL;
    return counted(real_aligned(alignment, size));
}

void* memalign(size_t alignment, size_t size) {
    return aligned_alloc(alignment, size);
}

int posix_memalign(void** result, size_t alignment, size_t size) {
    void* const block = aligned_alloc(alignment, size);
    if (block == NULL) return ENOMEM;
    *result = block;
    return 0;
}

void free(void* block) {
    if (block == NULL || is_early(block) || !ready()) return;
    blocks -= 1;
    real_free(block);
}

void* mmap(void* address, size_t length, int protection, int flags, int file, off_t offset) {
    if ((flags & MAP_ANONYMOUS) != 0 && fails(__builtin_return_address(0))) return MAP_FAILED;
    return (void*)syscall(SYS_mmap, address, length, protection, flags, file, offset);
}
