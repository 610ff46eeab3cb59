/* hpystate/sibling.h: C functions of one extension that another one calls, whatever versions of HPy
 * the two were compiled for. C11, C++17.
 *
 * Long: a contract for each function.
 *
 * One extension publishes a struct of functions; another one finds it, in each interpreter, and
 * calls them. docs/versions.md, "Calls between extensions", has the code of both:
 *
 *     the publisher, in HPy_mod_exec:   hpystate_api_publish(ctx, module, "_C_API", &api)
 *     the caller, in HPy_mod_exec:      HPYSTATE_API_FIND(ctx, &point, "point", "_C_API", type)
 *     for each call:                    hpystate_api_context(), hpystate_lend(), the function,
 *                                       hpystate_end_lend(); hpystate_give() for a result
 *
 * A function runs with the context that it is given: in that one's interpreter, and in its mode. If
 * both extensions were compiled for the same version, that is the caller's own context. So a caller
 * in debug mode runs the other extension's function in debug mode, and its handles are good there
 * as they are; the mode of the publisher's module counts for calls from Python only. If the
 * versions differ, the function gets the sibling of the caller's context, and hpystate_lend() makes
 * a handle that is good there.
 *
 * The runtime fills a link in the file, as for fused calls (hpystate/fused_link.h). On a runtime
 * that does not do so, HPy's own included, extensions of the same version call each other as well:
 * there hpystate_context_for() raises for any other version.
 */
#pragma once

/* In this order: the table is made of HPy's types. */
/* clang-format off */
#include <hpy.h>
#include "hpystate/sibling_table.h"
/* clang-format on */

#include <stdio.h>

#if !defined(__GNUC__)
#error "hpystate/sibling.h needs GCC or Clang: weak symbols and their atomic functions."
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The version that this file is compiled for. HPy 0.0.4 had no number for it: this is ours. */
#define HPYSTATE_ABI_MAJOR_0_0_4 0xFFFFFFFFu
#define HPYSTATE_ABI_MINOR_0_0_4 4u
#if defined(HPY_ABI_CPYTHON)
#define HPYSTATE_OWN_MAJOR HPYSTATE_ABI_MAJOR_CPYTHON
#define HPYSTATE_OWN_MINOR 0u
#elif defined(HPY_ABI_VERSION)
#define HPYSTATE_OWN_MAJOR HPY_ABI_VERSION
#define HPYSTATE_OWN_MINOR HPY_ABI_VERSION_MINOR
#else
#define HPYSTATE_OWN_MAJOR HPYSTATE_ABI_MAJOR_0_0_4
#define HPYSTATE_OWN_MINOR HPYSTATE_ABI_MINOR_0_0_4
#endif

/* One for all translation units of a shared object, as the link of the fused calls. */
extern struct hpystate_sibling_link hpystate_sibling_state;
__attribute__((weak, visibility("hidden"))) struct hpystate_sibling_link hpystate_sibling_state = {
    NULL, (uint32_t)sizeof(struct hpystate_sibling_table)};

/** Returns the link; called by the runtime that loads the file, if it has no hpystate_asks_NAME. */
struct hpystate_sibling_link* hpystate_sibling_link_1(void);
__attribute__((weak, used, visibility("default"))) struct hpystate_sibling_link*
hpystate_sibling_link_1(void) {
    return &hpystate_sibling_state;
}

/** The runtime's table; NULL: it has none. Written once, by the loader, before a module is made. */
static inline const struct hpystate_sibling_table* hpystate_sibling_functions(void) {
    return __atomic_load_n(&hpystate_sibling_state.table, __ATOMIC_ACQUIRE);
}

/* Whether contexts of this file's version serve a function that was compiled for that one. */
static inline int hpystate_is_own_version(uint32_t abi_major, uint32_t abi_minor) {
#if defined(HPY_ABI_CPYTHON) /* its contexts are plain ones of the version of its headers */
    if (abi_major == HPY_ABI_VERSION && abi_minor <= HPY_ABI_VERSION_MINOR) return 1;
#endif
    return abi_major == HPYSTATE_OWN_MAJOR && abi_minor <= HPYSTATE_OWN_MINOR;
}

__attribute__((cold, noinline, unused)) static HPyContext*
hpystate_other_context_for(HPyContext* ctx, uint32_t abi_major, uint32_t abi_minor) {
    const struct hpystate_sibling_table* table = hpystate_sibling_functions();
    char text[400];
    if (table != NULL) return table->context_for(ctx, abi_major, abi_minor);
    snprintf(text, sizeof(text),
             "hpystate_context_for: HPy ABI %lu.%lu was asked for, but the runtime of this context "
             "(%.100s) has only the version that this extension was compiled for. Load both "
             "extensions with hpystate, or build both for the same version of HPy.",
             (unsigned long)abi_major, (unsigned long)abi_minor, ctx->name);
    HPyErr_SetString(ctx, ctx->h_RuntimeError, text);
    return NULL;
}

/** Finds the context of another version, for the same interpreter: the sibling of `ctx`.
 *
 *  ctx        the caller's context
 *  abi_major  of the version: HPY_ABI_VERSION of the headers that a function was compiled with;
 *             HPYSTATE_ABI_MAJOR_0_0_4 for those of HPy 0.0.4
 *  abi_minor  likewise, HPY_ABI_VERSION_MINOR or HPYSTATE_ABI_MINOR_0_0_4; a later one of the same
 *             major number serves too
 *  returns    borrowed: valid as long as `ctx` is, and `ctx` itself for its own version. It has the
 *             mode of `ctx`. To this file it is a struct of another version: only pass it on. NULL
 *             with an exception set
 *  raises     RuntimeError that names the versions there are; SystemError if `ctx` belongs to
 *             another runtime; MemoryError, in debug and trace mode
 *  thread     attached to ctx's interpreter
 *  since      sibling 1; on a runtime without it, `ctx` for the own version, else RuntimeError
 *  source     ours
 */
static inline HPyContext* hpystate_context_for(HPyContext* ctx, uint32_t abi_major,
                                               uint32_t abi_minor) {
    if (hpystate_is_own_version(abi_major, abi_minor)) return ctx;
    return hpystate_other_context_for(ctx, abi_major, abi_minor);
}

/* ---- handles: each belongs to a context ---- */

__attribute__((cold, noinline, unused)) static HPy hpystate_refuse_handle(HPyContext* ctx,
                                                                          const char* function) {
    char text[400];
    snprintf(text, sizeof(text),
             "%s: the two contexts differ, and the runtime of this one (%.100s) cannot make a "
             "handle of one for the other. Call with the context that the handle belongs to.",
             function, ctx->name);
    HPyErr_SetString(ctx, ctx->h_SystemError, text);
    return HPy_NULL;
}

/** Makes a handle that is good in another context of the same interpreter: of another version, or
 * of another mode. Handles of debug mode are not good in a plain context, and the other way round.
 *
 *  from     the context that the handle belongs to; the caller's
 *  to       the context that the handle is for
 *  h        borrowed, and open until hpystate_end_lend(); HPy_NULL gives HPy_NULL
 *  returns  `h` itself if the contexts are the same; else a new handle of `to`. Give it back to
 *           hpystate_end_lend() in both cases. HPy_NULL with an exception set
 *  raises   MemoryError; SystemError if a context belongs to another runtime, if they belong to
 *           different interpreters, or if `from` is plain and `h` is a handle of debug mode
 *  thread   attached to the interpreter of both
 *  since    sibling 1; on a runtime without it, SystemError for different contexts
 *  source   ours
 */
static inline HPy hpystate_lend(HPyContext* from, HPyContext* to, HPy h) {
    if (from == to || HPy_IsNull(h)) return h;
    if (hpystate_sibling_functions() == NULL) return hpystate_refuse_handle(from, "hpystate_lend");
    return hpystate_sibling_functions()->lend(from, to, h);
}

/** Ends what hpystate_lend() began.
 *
 *  from     as for hpystate_lend()
 *  to       as for hpystate_lend()
 *  lent     what it returned; HPy_NULL does nothing
 *  returns  nothing; an exception that is set stays set
 *  raises   nothing: a wrong context or handle is reported by sys.unraisablehook
 *  thread   attached to the interpreter of both
 *  since    sibling 1; on a runtime without it, nothing is to do
 *  source   ours
 */
static inline void hpystate_end_lend(HPyContext* from, HPyContext* to, HPy lent) {
    if (from == to || hpystate_sibling_functions() == NULL) return;
    hpystate_sibling_functions()->close(to, lent);
}

/** Turns a handle of one context into one of another: for what a function of another version
 * returned.
 *
 *  from     the context that the handle belongs to
 *  to       the context that the new handle is for
 *  h        owned: closed, also where this fails, unless `from` is not a context of the calling
 *           interpreter, or not the one that `h` belongs to. HPy_NULL gives HPy_NULL, so the
 *           exception of a function that failed stays
 *  returns  a new handle of `to`, close it; `h` itself if the contexts are the same; HPy_NULL with
 *           an exception set
 *  raises   as hpystate_lend()
 *  thread   attached to the interpreter of both
 *  since    sibling 1; on a runtime without it, SystemError for different contexts
 *  source   ours
 */
static inline HPy hpystate_give(HPyContext* from, HPyContext* to, HPy h) {
    if (from == to || HPy_IsNull(h)) return h;
    if (hpystate_sibling_functions() == NULL) {
        HPy_Close(from, h); /* such a runtime has no other version: `from` is one of this file's */
        return hpystate_refuse_handle(to, "hpystate_give");
    }
    return hpystate_sibling_functions()->give(from, to, h);
}

/* ---- publishing functions, and finding them ---- */

/** `static const struct hpystate_api api = HPYSTATE_API(functions);`: `functions` is a static
 * constant struct of function pointers, each with a context of this file's version as its first
 * parameter. Functions are only ever appended to such a struct. */
#define HPYSTATE_API(functions_)                                                                   \
    {                                                                                              \
        (uint32_t)sizeof(struct hpystate_api), HPYSTATE_OWN_MAJOR, HPYSTATE_OWN_MINOR,             \
            &hpystate_sibling_state, &(functions_), sizeof(functions_)                             \
    }

/** What a caller knows of an API: a static, zero at start, the same for all interpreters. */
struct hpystate_api_user {
    const struct hpystate_api* api; /* NULL until hpystate_api_find() found it */
    const void* functions;
    hpystate_sibling_finder sibling; /* NULL: the functions take the caller's own context */
};

#if !defined(HPY_ABI_VERSION)
__attribute__((cold, noinline, unused)) static void hpystate_refuse_capsule(HPyContext* ctx,
                                                                            const char* function) {
    char text[400];
    snprintf(text, sizeof(text),
             "%s: HPy 0.0.4 has no capsules, and the runtime of this context (%.100s) has no table "
             "for this extension. Load it with hpystate, not older than its hpystate/sibling.h.",
             function, ctx->name);
    HPyErr_SetString(ctx, ctx->h_RuntimeError, text);
}
#endif

/** Publishes the functions of an extension as an attribute of its module: a capsule.
 *
 *  ctx        the caller's context
 *  module     the publisher's module, borrowed
 *  utf8_name  name of the attribute, UTF-8; by custom it begins with an underscore
 *  api        a static constant, made by HPYSTATE_API(); kept, not copied
 *  returns    0; -1 with an exception set
 *  raises     MemoryError; what setting the attribute raises
 *  thread     attached to ctx's interpreter
 *  since      sibling 1; on a runtime without it, by HPyCapsule_New; HPy 0.0.4: RuntimeError
 *  source     ours; PEP 489 for the place to call it: HPy_mod_exec
 */
static inline int hpystate_api_publish(HPyContext* ctx, HPy module, const char* utf8_name,
                                       const struct hpystate_api* api) {
    const struct hpystate_sibling_table* table = hpystate_sibling_functions();
    HPy capsule;
    int status;
#if defined(HPY_ABI_VERSION)
    if (table == NULL) {
        capsule = HPyCapsule_New(ctx, (void*)api, HPYSTATE_API_CAPSULE, NULL);
    } else {
        capsule = table->capsule_of(ctx, api);
    }
#else
    if (table == NULL) return hpystate_refuse_capsule(ctx, "hpystate_api_publish"), -1;
    capsule = table->capsule_of(ctx, api);
#endif
    if (HPy_IsNull(capsule)) return -1;
    status = HPy_SetAttr_s(ctx, module, utf8_name, capsule);
    HPy_Close(ctx, capsule);
    return status;
}

/* The struct in a capsule; NULL with an exception set. */
__attribute__((cold, noinline, unused)) static const struct hpystate_api*
hpystate_api_in(HPyContext* ctx, HPy capsule) {
    const struct hpystate_sibling_table* table = hpystate_sibling_functions();
    if (table != NULL) return table->api_in(ctx, capsule);
#if defined(HPY_ABI_VERSION)
    return (const struct hpystate_api*)HPyCapsule_GetPointer(ctx, capsule, HPYSTATE_API_CAPSULE);
#else
    hpystate_refuse_capsule(ctx, "hpystate_api_find");
    return NULL;
#endif
}

/* A name for a message: at most 100 bytes, and no character is cut. */
struct hpystate_shown {
    char text[101];
};
static inline struct hpystate_shown hpystate_shown_name(const char* utf8_name) {
    struct hpystate_shown shown;
    int length = 0;
    for (; length < 100 && utf8_name[length] != 0; ++length)
        shown.text[length] = utf8_name[length];
    while (length > 0 && ((unsigned char)utf8_name[length] & 0xC0U) == 0x80)
        --length;
    shown.text[length] = 0;
    return shown;
}

/* Whether an API that was found can be used; if not, an exception is set. */
__attribute__((cold, noinline, unused)) static int hpystate_api_fits(HPyContext* ctx,
                                                                     const struct hpystate_api* api,
                                                                     const char* module,
                                                                     size_t needed) {
    const struct hpystate_shown shown = hpystate_shown_name(module);
    char text[400];
    if (api->size < sizeof(struct hpystate_api) || api->link == NULL || api->functions == NULL) {
        snprintf(text, sizeof(text),
                 "hpystate_api_find: the struct that module '%s' publishes is not complete. "
                 "Define it with HPYSTATE_API().",
                 shown.text);
    } else if (api->functions_size < needed) {
        snprintf(text, sizeof(text),
                 "hpystate_api_find: module '%s' publishes %lu bytes of functions, and this "
                 "extension was compiled for %lu. Install a later version of that module.",
                 shown.text, (unsigned long)api->functions_size, (unsigned long)needed);
    } else if (__atomic_load_n(&api->link->table, __ATOMIC_ACQUIRE) ==
               hpystate_sibling_functions()) {
        return 1;
    } else if (api->link->table_size != hpystate_sibling_state.table_size) {
        snprintf(text, sizeof(text),
                 "hpystate_api_find: module '%s' was compiled with another hpystate/sibling.h "
                 "than this extension, and the runtime here knows only the older one; or another "
                 "runtime loaded it. Upgrade hpystate, and load both with it.",
                 shown.text);
    } else {
        snprintf(text, sizeof(text),
                 "hpystate_api_find: module '%s' was loaded by another runtime than this "
                 "extension: their globals and contexts do not fit together. Load both with the "
                 "same runtime (hpystate.install() before the first import).",
                 shown.text);
    }
    HPyErr_SetString(ctx, ctx->h_ImportError, text);
    return 0;
}

/* Writes what was found into `user`, which all interpreters share. The first of them decides `api`
 * by one exchange; the others write the same words again, or are refused. So an interpreter reads
 * only what belongs to the API that it has found, and needs no order for that. */
__attribute__((cold, noinline, unused)) static int hpystate_api_keep(HPyContext* ctx,
                                                                     struct hpystate_api_user* user,
                                                                     const struct hpystate_api* api,
                                                                     const char* module) {
    const struct hpystate_shown shown = hpystate_shown_name(module);
    const struct hpystate_api* before = NULL;
    char text[400];
    if (!__atomic_compare_exchange_n(&user->api, &before, api, 0, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE) &&
        before != api) {
        snprintf(text, sizeof(text),
                 "hpystate_api_find: module '%s' publishes other functions here than in an "
                 "interpreter that imported this extension before; it is from another file, or it "
                 "published twice. Let all interpreters of the process import the same file.",
                 shown.text);
        HPyErr_SetString(ctx, ctx->h_ImportError, text);
        return -1;
    }
    __atomic_store_n(&user->functions, api->functions, __ATOMIC_RELAXED);
    if (!hpystate_is_own_version(api->abi_major, api->abi_minor)) {
        __atomic_store_n(&user->sibling,
                         hpystate_sibling_functions()->finder_for(api->abi_major, api->abi_minor),
                         __ATOMIC_RELAXED);
    }
    return 0;
}

/** Imports a module and finds the functions that it publishes. Call it in HPy_mod_exec, so that it
 * runs in each interpreter: the pointers are the same in all of them, but the publisher's globals
 * have values only where it was imported. HPYSTATE_API_FIND() is the same with a type.
 *
 *  ctx          the caller's context
 *  user         a static of the caller; all interpreters write the same values into it
 *  utf8_module  name of the publisher's module, UTF-8
 *  utf8_name    name of its attribute, UTF-8
 *  needed       bytes of the struct of functions that this file was compiled with
 *  returns      0; -1 with an exception set, and `user` is as it was
 *  raises       what the import raises; AttributeError; ValueError if the attribute is something
 *               else; ImportError if the module has fewer functions, is loaded by another runtime,
 *               or publishes others than in another interpreter; as hpystate_context_for()
 *  thread       attached to ctx's interpreter
 *  since        sibling 1; without it, by HPyCapsule_GetPointer; HPy 0.0.4: RuntimeError
 *  source       ours
 */
static inline int hpystate_api_find(HPyContext* ctx, struct hpystate_api_user* user,
                                    const char* utf8_module, const char* utf8_name, size_t needed) {
    HPy module = HPyImport_ImportModule(ctx, utf8_module);
    HPy capsule = HPy_NULL;
    const struct hpystate_api* api = NULL;
    if (HPy_IsNull(module)) return -1;
    capsule = HPy_GetAttr_s(ctx, module, utf8_name);
    HPy_Close(ctx, module);
    if (HPy_IsNull(capsule)) return -1;
    api = hpystate_api_in(ctx, capsule);
    HPy_Close(ctx, capsule);
    if (api == NULL || !hpystate_api_fits(ctx, api, utf8_module, needed)) return -1;
    if (hpystate_context_for(ctx, api->abi_major, api->abi_minor) == NULL) return -1;
    return hpystate_api_keep(ctx, user, api, utf8_module);
}

/** hpystate_api_find() for a struct of functions of that type. */
#define HPYSTATE_API_FIND(ctx, user, utf8_module, utf8_name, type)                                 \
    hpystate_api_find((ctx), (user), (utf8_module), (utf8_name), sizeof(type))

/** The published functions: a pointer to a constant struct of that type. NULL: not found yet. */
#define HPYSTATE_API_FUNCTIONS(user, type)                                                         \
    ((const type*)__atomic_load_n(&(user)->functions, __ATOMIC_RELAXED))

/** Returns the context for the published functions: what they take as their first argument.
 *
 *  ctx      the caller's context
 *  user     of functions that were found in this interpreter; this is not checked
 *  returns  borrowed, as hpystate_context_for(). Not NULL if the versions are the same or `ctx` is
 *           plain, since hpystate_api_find() tried it; else NULL with an exception set
 *  raises   MemoryError, in debug and trace mode for another version
 *  thread   attached to ctx's interpreter
 *  since    sibling 1; on a runtime without it, `ctx`
 *  source   ours
 */
static inline HPyContext* hpystate_api_context(HPyContext* ctx,
                                               const struct hpystate_api_user* user) {
    const hpystate_sibling_finder sibling = __atomic_load_n(&user->sibling, __ATOMIC_RELAXED);
    return __builtin_expect(sibling == NULL, 1) ? ctx : sibling(ctx);
}

#ifdef __cplusplus
}
#endif
