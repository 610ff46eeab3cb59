/* borrower.c: an extension that calls the functions of `lender` from C. */
#include "pair.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#ifndef MORE
#define MORE 0 /* bytes of functions that the lender does not have */
#endif

static struct hpystate_api_user lender;
static HPyGlobal own;
static HPyGlobal* globals[] = {&own, NULL};

#define FUNCTIONS HPYSTATE_API_FUNCTIONS(&lender, struct lender_functions)
#define METHOD(name)                                                                               \
    DEFINE_METHOD(name, #name, HPyFunc_VARARGS)                                                    \
    static HPy name##_impl(HPyContext* ctx, HPy self, Arguments args, Count nargs)

static HPy done(HPyContext* ctx, int status) {
    return status < 0 ? HPy_NULL : HPy_Dup(ctx, ctx->h_None);
}

/* pair(left, right) */
METHOD(pair) {
    HPyContext* theirs = hpystate_api_context(ctx, &lender);
    HPy left = hpystate_lend(ctx, theirs, args[0]);
    HPy right = hpystate_lend(ctx, theirs, args[1]);
    HPy result = hpystate_give(theirs, ctx, FUNCTIONS->pair(theirs, left, right));
    (void)self, (void)nargs;
    hpystate_end_lend(ctx, theirs, right);
    hpystate_end_lend(ctx, theirs, left);
    return result;
}

/* one function with one handle: keep(value), call(callable), wrap(value), unwrap(wrapped) */
METHOD(keep) {
    HPyContext* theirs = hpystate_api_context(ctx, &lender);
    HPy value = hpystate_lend(ctx, theirs, args[0]);
    int status = FUNCTIONS->keep(theirs, value);
    (void)self, (void)nargs;
    hpystate_end_lend(ctx, theirs, value);
    return done(ctx, status);
}
#define ONE(name)                                                                                  \
    METHOD(name) {                                                                                 \
        HPyContext* theirs = hpystate_api_context(ctx, &lender);                                   \
        HPy value = hpystate_lend(ctx, theirs, args[0]);                                           \
        HPy result = hpystate_give(theirs, ctx, FUNCTIONS->name(theirs, value));                   \
        (void)self, (void)nargs;                                                                   \
        hpystate_end_lend(ctx, theirs, value);                                                     \
        return result;                                                                             \
    }
ONE(call)
ONE(wrap)
ONE(unwrap)

/* The borrower's own global: remember(value), remembered(). */
METHOD(remember) {
    (void)self, (void)nargs;
    HPyGlobal_Store(ctx, &own, args[0]);
    return done(ctx, 0);
}
METHOD(remembered) {
    (void)self, (void)args, (void)nargs;
    return HPyGlobal_Load(ctx, own);
}

/* leak_lent(value), leak_result(callable): forget a handle that was lent, and one that the lender
 * returned. */
METHOD(leak_lent) {
    HPy value = hpystate_lend(ctx, hpystate_api_context(ctx, &lender), args[0]);
    (void)self, (void)nargs;
    return done(ctx, HPy_IsNull(value) ? -1 : 0);
}
METHOD(leak_result) {
    HPyContext* theirs = hpystate_api_context(ctx, &lender);
    HPy value = hpystate_lend(ctx, theirs, args[0]);
    HPy result = FUNCTIONS->call(theirs, value);
    (void)self, (void)nargs;
    hpystate_end_lend(ctx, theirs, value);
    return done(ctx, HPy_IsNull(result) ? -1 : 0);
}

/* twice(number) */
METHOD(twice) {
    (void)self, (void)nargs;
    return HPyLong_FromLong(
        ctx, FUNCTIONS->twice(hpystate_api_context(ctx, &lender), HPyLong_AsLong(ctx, args[0])));
}

/* The name of the context that the lender's functions get. */
METHOD(name) {
    (void)self, (void)args, (void)nargs;
    return HPyUnicode_FromString(ctx, FUNCTIONS->name(hpystate_api_context(ctx, &lender)));
}

/* context_for(major, minor): whether the sibling is the caller's own context. */
METHOD(context_for) {
    HPyContext* found = hpystate_context_for(ctx, (uint32_t)HPyLong_AsUnsignedLong(ctx, args[0]),
                                             (uint32_t)HPyLong_AsUnsignedLong(ctx, args[1]));
    (void)self, (void)nargs;
    return found == NULL ? HPy_NULL : HPyBool_FromBool(ctx, found == ctx);
}

static uint32_t number_of(HPyContext* ctx, HPy h) {
    return (uint32_t)HPyLong_AsUnsignedLong(ctx, h);
}

/* sibling(major, minor, own major, own minor): the context of that version; whether it is the same
 * the second time, whether its own sibling is the caller's context, and its name. */
METHOD(sibling) {
    const struct hpystate_sibling_table* table = hpystate_sibling_functions();
    uint32_t major = number_of(ctx, args[0]), minor = number_of(ctx, args[1]);
    HPyContext* found = table->context_for(ctx, major, minor);
    HPyContext* back;
    (void)self, (void)nargs;
    if (found == NULL) return HPy_NULL;
    back = table->context_for(found, number_of(ctx, args[2]), number_of(ctx, args[3]));
    return HPy_BuildValue(ctx, "(iis)", found == table->context_for(ctx, major, minor), back == ctx,
                          found->name);
}

/* foreign(part, major, minor): asks for the sibling of a context of another runtime, of which only
 * the name and `_private` can be read. `part` is what `_private` leads to: 0 NULL, 1 a null word, 2
 * a pointer to this context's own first words. Behind that word nothing can be read. */
static void* last_bytes_of_a_page(size_t count) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char* memory =
        (char*)mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory + page, page, PROT_NONE) != 0) abort();
    return memory + page - count; /* never unmapped: a few pages */
}
METHOD(foreign) {
    const void** context = (const void**)last_bytes_of_a_page(2 * sizeof(void*));
    const void** part = (const void**)last_bytes_of_a_page(sizeof(void*));
    const long kind = HPyLong_AsLong(ctx, args[0]);
    HPyContext* other = (HPyContext*)context;
    HPy lent;
    (void)self, (void)nargs;
    context[0] = "a foreign runtime";
    context[1] = kind == 0 ? NULL : (const void*)part;
    part[0] = kind == 2 ? (const void*)ctx : NULL;
    if (hpystate_sibling_functions()->context_for(other, number_of(ctx, args[1]),
                                                  number_of(ctx, args[2])) != NULL) {
        HPyErr_SetString(ctx, ctx->h_AssertionError, "it was taken for one of this runtime");
        return HPy_NULL;
    }
    HPyErr_Clear(ctx);
    lent = hpystate_lend(ctx, other, args[0]);
    if (!HPy_IsNull(lent)) hpystate_end_lend(ctx, other, lent);
    return HPy_NULL; /* with the exception of hpystate_lend() */
}

/* The same by the runtime's table: hpystate_context_for() does not ask it for the own version. */
METHOD(context_by_table) {
    const struct hpystate_sibling_table* table = hpystate_sibling_functions();
    (void)self, (void)args, (void)nargs;
    if (table == NULL) return HPyUnicode_FromString(ctx, "none");
    return HPyBool_FromBool(ctx, table->context_for(ctx, 0, 0) == ctx);
}

/* ---- two contexts at once: the outer call's is kept while an inner one runs ---- */

static HPyContext* outer;

/* outer_call(callable): calls it while `outer` is this call's context. */
METHOD(outer_call) {
    HPyContext* before = outer;
    HPy result;
    (void)self, (void)nargs;
    outer = ctx;
    result = call_without_arguments(ctx, args[0]);
    outer = before;
    return result;
}

/* through(outer of the other mode as a number, value): lends the value to that context, gives it
 * back, and returns the object. */
static HPyContext* context_at(HPyContext* ctx, HPy number) {
    return (HPyContext*)HPyLong_AsVoidPtr(ctx, number);
}
METHOD(outer_context) {
    (void)self, (void)args, (void)nargs;
    return HPyLong_FromSsize_t(ctx, (HPy_ssize_t)outer);
}
METHOD(through) {
    HPyContext* other = context_at(ctx, args[0]);
    HPy lent = hpystate_lend(ctx, other, args[1]);
    (void)self, (void)nargs;
    if (HPy_IsNull(lent)) return HPy_NULL;
    if (other != ctx && lent._i == args[1]._i && other->h_None._i != ctx->h_None._i) {
        HPyErr_SetString(ctx, ctx->h_AssertionError, "a handle of another mode is the same word");
        return HPy_NULL;
    }
    HPy again = other->ctx_Dup(other, lent); /* it is good there */
    hpystate_end_lend(ctx, other, lent);
    return hpystate_give(other, ctx, again);
}
/* with_wrong_context(other, value): lends a handle of this call as one of the other context.
 */
METHOD(with_wrong_context) {
    HPyContext* other = context_at(ctx, args[0]);
    HPy lent = hpystate_lend(other, ctx, args[1]);
    (void)self, (void)nargs;
    if (HPy_IsNull(lent)) return HPy_NULL;
    return hpystate_give(ctx, ctx, lent);
}
/* end_lend(other, value): after a function that failed, so an exception is set. */
METHOD(end_lend) {
    HPyContext* other = context_at(ctx, args[0]);
    (void)self, (void)nargs;
    HPyErr_SetString(ctx, ctx->h_LookupError, "of the function");
    hpystate_end_lend(ctx, other, args[1]);
    return HPy_NULL;
}
/* give(other, value): a new handle is given to a context that cannot have it; for None it is the
 * null handle of a function that failed. */
METHOD(give) {
    HPyContext* other = context_at(ctx, args[0]);
    (void)self, (void)nargs;
    if (!HPy_Is(ctx, args[1], ctx->h_None)) return hpystate_give(ctx, other, HPy_Dup(ctx, args[1]));
    HPyErr_SetString(ctx, ctx->h_LookupError, "of the function");
    return hpystate_give(ctx, other, HPy_NULL);
}
METHOD(own_context) {
    (void)self, (void)args, (void)nargs;
    return HPyLong_FromSsize_t(ctx, (HPy_ssize_t)ctx);
}

/* ---- finding ---- */

/* find(module, bytes): the functions of a module, as if so many bytes of them were needed. */
METHOD(find) {
    static struct hpystate_api_user user;
    const char* module = HPyUnicode_AsUTF8AndSize(ctx, args[0], NULL);
    (void)self, (void)nargs;
    if (module == NULL) return HPy_NULL;
    return done(
        ctx, hpystate_api_find(ctx, &user, module, "_C_API", (size_t)HPyLong_AsLong(ctx, args[1])));
}

/* find_many(): finds the lender for each of many users, each at the same time as another thread;
 * how many of them were refused. */
enum { USERS = 4000 };
static struct hpystate_api_user users[USERS];
static int arrived[USERS];
METHOD(find_many) {
    long refused = 0;
    (void)self, (void)args, (void)nargs;
    for (int i = 0; i < USERS; i++) {
        __atomic_add_fetch(&arrived[i], 1, __ATOMIC_RELAXED);
        for (int spins = 0; spins < 1000000; spins++) /* a bound: it may have no core */
            if (__atomic_load_n(&arrived[i], __ATOMIC_RELAXED) > 1) break;
        if (hpystate_api_find(ctx, &users[i], "lender", "_C_API", 0) == 0) continue;
        HPyErr_Clear(ctx);
        refused++;
    }
    return HPyLong_FromLong(ctx, refused);
}
/* mixed(): users whose functions are not those of their API. */
METHOD(mixed) {
    long found = 0;
    (void)self, (void)args, (void)nargs;
    for (int i = 0; i < USERS; i++)
        found += users[i].api == NULL || users[i].functions != users[i].api->functions;
    return HPyLong_FromLong(ctx, found);
}

/* ---- what a call costs ---- */

#define FORGET __asm__ volatile("" : : : "memory") /* all memory is read again */

static __attribute__((noinline)) long call_directly(HPyContext* ctx, long n) {
    long (*const twice_)(HPyContext*, long) = FUNCTIONS->twice;
    long sum = 0;
    for (long i = 0; i < n; i++) {
        FORGET;
        sum += twice_(ctx, i);
    }
    return sum;
}
static __attribute__((noinline)) long call_by_protocol(HPyContext* ctx, long n) {
    long sum = 0;
    for (long i = 0; i < n; i++) {
        FORGET;
        sum += FUNCTIONS->twice(hpystate_api_context(ctx, &lender), i);
    }
    return sum;
}

/* calls(by protocol, n): n calls of `twice`; the sum of what it returned. */
METHOD(calls) {
    long n = HPyLong_AsLong(ctx, args[1]);
    (void)self, (void)nargs;
    return HPyLong_FromLong(ctx, HPy_IsTrue(ctx, args[0]) ? call_by_protocol(ctx, n)
                                                          : call_directly(ctx, n));
}

static double nanoseconds(long (*loop)(HPyContext*, long), HPyContext* ctx, long n) {
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    loop(ctx, n);
    clock_gettime(CLOCK_MONOTONIC, &end);
    return ((double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec)) /
           (double)n;
}

/* times(n): nanoseconds of a direct call and of one by the protocol, measured one after the other.
 */
METHOD(times) {
    long n = HPyLong_AsLong(ctx, args[0]);
    double direct = nanoseconds(&call_directly, ctx, n);
    (void)self, (void)nargs;
    return HPy_BuildValue(ctx, "(dd)", direct, nanoseconds(&call_by_protocol, ctx, n));
}

#ifdef AS_ANOTHER_VERSION
#undef HPY_ABI_VERSION
#define HPY_ABI_VERSION 0
#endif

DEFINE_EXEC
static int exec_impl(HPyContext* ctx, HPy module) {
    (void)module;
    return hpystate_api_find(ctx, &lender, "lender", "_C_API",
                             sizeof(struct lender_functions) + MORE);
}

static HPyDef* defines[] = {&pair,
                            &keep,
                            &call,
                            &wrap,
                            &unwrap,
                            &remember,
                            &remembered,
                            &leak_lent,
                            &leak_result,
                            &twice,
                            &name,
                            &context_for,
                            &sibling,
                            &foreign,
                            &context_by_table,
                            &outer_call,
                            &outer_context,
                            &through,
                            &with_wrong_context,
                            &own_context,
                            &end_lend,
                            &give,
                            &find,
                            &find_many,
                            &mixed,
                            &calls,
                            &times,
                            EXEC_ENTRY NULL};
DEFINE_MODULE(borrower)
