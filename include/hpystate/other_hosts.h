/* hpystate/other_hosts.h: where a function is in the context of another HPy runtime. C11, C++17.
 *
 * hpy/context.h includes it. PyPy 7.3.18 and later for Python 3.11 have h_DictType behind
 * h_Builtins, where HPy 0.9.0 has ctx_Capsule_New; in our list h_DictType is behind ctx_CallMethod.
 * So the functions between the two, 19 of them from HPyCapsule_New to HPy_CallMethod, are one word
 * later there. PyPy's version functions say 0.0 all the same. All other members are where our list
 * has them, but h_DictType itself: use HPy_Type of a dict.
 *
 * A file may be shared by two runtimes of one process, so the answer is found from the context of
 * each call, never from what the file was loaded with. Contexts of hpystate have a mark, and for
 * them it is two or three instructions, in calls of those 19 functions only: a comparison, a
 * branch, and sometimes a load of its own. Fused calls have none. -DHPYSTATE_OTHER_HOSTS=0 leaves
 * it out: such a file must not be loaded by a PyPy for Python 3.11.
 */
#pragma once

#include "hpy/layout.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What hpystate's contexts have in HPyContext::hpystate_layout: their members are where
 * hpy_0_9.def has them. The contexts of other runtimes have 0 there, in bytes that HPy 0.9 leaves
 * unused. */
#define HPYSTATE_LAYOUT_AS_LISTED UINT32_C(0x48507901)

#if defined(HPYSTATE_OTHER_HOSTS) && HPYSTATE_OTHER_HOSTS == 0

#define HPYSTATE_MEMBER(ctx, name) ((ctx)->ctx_##name)

#else

#if defined(__GNUC__)
#define HPYSTATE_RARELY(condition) __builtin_expect(!!(condition), 0)
#define HPYSTATE_RARELY_CALLED __attribute__((cold, noinline, unused))
#define HPYSTATE_READ_WORD(place) __atomic_load_n(place, __ATOMIC_RELAXED)
#define HPYSTATE_WRITE_WORD(place, value) __atomic_store_n(place, value, __ATOMIC_RELAXED)
#else
#define HPYSTATE_RARELY(condition) (condition)
#define HPYSTATE_RARELY_CALLED
#define HPYSTATE_READ_WORD(place) ((HPyContext*)NULL) /* no atomic word: examine each time */
#define HPYSTATE_WRITE_WORD(place, value) ((void)(place))
#endif

/* May h_DictType be behind h_Builtins? Asked only of a context with PyPy's name. Handles of its
 * plain mode are small numbers, those of its debug mode are records that it allocates one after the
 * other, and its trace mode has left this handle 0. Functions are far from all of these. */
HPYSTATE_RARELY_CALLED static int hpystate_may_be_moved(HPyContext* ctx) {
    intptr_t word;
    if (strstr(ctx->name, "(PyPy backend)") == NULL) return 0;
    memcpy(&word, &ctx->ctx_Capsule_New, sizeof(word));
    return word == 0 || (word > ctx->h_Builtins._i - 4096 && word < ctx->h_Builtins._i + 4096);
}

/* The proof: the handle is the type of h_Builtins, which is a dict, and HPyType_GetName is one word
 * later. The three other functions are before the place that moved. */
HPYSTATE_RARELY_CALLED static int hpystate_is_moved(HPyContext* ctx) {
    HPy moved, type;
    int proved = 0;
    memcpy(&moved, &ctx->ctx_Capsule_New, sizeof(moved));
    type = ctx->ctx_Type(ctx, ctx->h_Builtins);
    if (moved._i == 0 || ctx->ctx_Is(ctx, type, moved)) {
        const char* name = (&ctx->ctx_Type_GetName)[1](ctx, type);
        proved =
            name != NULL && strcmp(name, "dict") == 0; /* the text lives as long as the handle */
    }
    ctx->ctx_Close(ctx, type);
    return proved;
}

/* For a context without our mark: 1 if the 19 functions are one word later, else 0. Contexts live
 * as long as their process, so the last one of each kind is kept, in each file of C. Any thread may
 * write these words, and it writes what it has found itself; a thread that sees another context in
 * them, or none, finds out again. */
HPYSTATE_RARELY_CALLED static size_t hpystate_words_later(HPyContext* ctx) {
    static HPyContext* listed = NULL;
    static HPyContext* moved = NULL;
    if (HPYSTATE_READ_WORD(&listed) == ctx) return 0;
    if (HPYSTATE_READ_WORD(&moved) == ctx) return 1;
    if (!hpystate_may_be_moved(ctx)) {
        HPYSTATE_WRITE_WORD(&listed, ctx);
        return 0;
    }
    if (!hpystate_is_moved(ctx)) {
        ctx->ctx_FatalError(
            ctx, "hpystate/other_hosts.h: the context of this PyPy has a handle where HPy 0.9 has "
                 "HPyCapsule_New, and it is not the type dict that PyPy 7.3.18 for Python 3.11 has "
                 "there. Use a PyPy from 7.3.16 to 7.3.19, or report its version to hpystate.");
    }
    HPYSTATE_WRITE_WORD(&moved, ctx);
    return 1;
}

/* Is the function among those that PyPy has moved? A constant, for the compiler. */
#define HPYSTATE_MAY_MOVE(name)                                                                    \
    (offsetof(struct _HPyContext_s, ctx_##name) > offsetof(struct _HPyContext_s, h_Builtins) &&    \
     offsetof(struct _HPyContext_s, ctx_##name) < offsetof(struct _HPyContext_s, h_DictType))

/** A function of the context, from where it is in that context. */
#define HPYSTATE_MEMBER(ctx, name)                                                                 \
    (HPYSTATE_MAY_MOVE(name) &&                                                                    \
             HPYSTATE_RARELY((ctx)->hpystate_layout != HPYSTATE_LAYOUT_AS_LISTED)                  \
         ? (&(ctx)->ctx_##name)[hpystate_words_later(ctx)]                                         \
         : (ctx)->ctx_##name)

#endif

#ifdef __cplusplus
}
#endif
