/* failing_malloc.c: a malloc that fails where it is told to, for LD_PRELOAD.
 *
 * fail_at(n) makes the n-th allocation of the calling thread from now on fail, once; n = 0 none.
 * taken() says how many there were since. live() counts blocks that are allocated, of all threads.
 * Python runs with PYTHONMALLOC=malloc, so its allocations come here too.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

static _Atomic long blocks;
static __thread long countdown; /* 0: not armed */
static __thread long count;
static __thread int armed;

static void *(*real_malloc)(size_t);
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);
static void (*real_free)(void *);

/* dlsym itself allocates: from here, never given back. */
static char early[16384];
static size_t early_used;

static void *take_early(size_t size) {
    size_t start = (early_used + 15) / 16 * 16;
    if (start + size > sizeof(early))
        return NULL;
    early_used = start + size;
    return early + start;
}

static int is_early(const void *block) {
    return (const char *)block >= early && (const char *)block < early + sizeof(early);
}

static int ready(void) {
    static _Thread_local int looking;
    if (real_free != NULL)
        return 1;
    if (looking)
        return 0;
    looking = 1;
    real_malloc = dlsym(RTLD_NEXT, "malloc");
    real_calloc = dlsym(RTLD_NEXT, "calloc");
    real_realloc = dlsym(RTLD_NEXT, "realloc");
    real_free = dlsym(RTLD_NEXT, "free");
    looking = 0;
    return 1;
}

static int fails(void) {
    if (!armed)
        return 0;
    ++count;
    if (countdown == 0 || --countdown != 0)
        return 0;
    errno = ENOMEM;
    return 1;
}

void fail_at(long n) {
    countdown = n;
    count = 0;
    armed = 1;
}

long taken(void) {
    armed = 0;
    return count;
}

long live(void) { return blocks; }

void *malloc(size_t size) {
    if (!ready())
        return take_early(size);
    if (fails())
        return NULL;
    void *block = real_malloc(size);
    blocks += block != NULL;
    return block;
}

void *calloc(size_t n, size_t size) {
    if (!ready())
        return take_early(n * size); /* static memory: zero */
    if (fails())
        return NULL;
    void *block = real_calloc(n, size);
    blocks += block != NULL;
    return block;
}

void *realloc(void *old, size_t size) {
    if (!ready() || is_early(old)) {
        void *block = malloc(size);
        if (block != NULL && old != NULL)
            memcpy(block, old, size);
        return block;
    }
    if (fails())
        return NULL;
    void *block = real_realloc(old, size);
    if (old == NULL)
        blocks += block != NULL;
    return block;
}

void free(void *block) {
    if (block == NULL || is_early(block) || !ready())
        return;
    blocks -= 1;
    real_free(block);
}
