/* hpystate/asks.h: what a module's file asks of the runtime that loads it. C11, C++17.
 *
 * HPy_MODINIT(NAME, ...) defines one constant for each module, hpystate_asks_NAME, and exports it.
 * It holds numbers and addresses, so a tool can read it without running code of the file. A runtime
 * that does not know it never looks for it: it is optional.
 *
 * HPy's own version functions say 0.0 for the context of HPy 0.9.0 and for the longer ones of later
 * headers. This constant has the size of the context too, so a runtime notices a file that may call
 * functions that it does not have.
 */
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct hpystate_fused_link;
struct hpystate_sibling_link;

/** What a module's file asks for. Members are only ever appended: `size` tells which are there. */
struct hpystate_asks {
    uint32_t size;         /* bytes of this struct in the file */
    uint32_t abi_major;    /* as get_required_hpy_major_version_NAME returns it */
    uint32_t abi_minor;    /* as get_required_hpy_minor_version_NAME returns it */
    uint32_t context_size; /* bytes of the HPyContext that the file was compiled with */

    /* The optional tables that the file can use: its link for each, or NULL. */
    struct hpystate_fused_link* fused;     /* hpystate/fused_link.h */
    struct hpystate_sibling_link* sibling; /* hpystate/sibling.h */
};

#if defined(__GNUC__)

/* Of the files that include hpystate/fused.h and hpystate/sibling.h. Weak: without such a file the
 * address is NULL, and the linker knows that, whichever source file HPy_MODINIT is in. */
extern __attribute__((weak, visibility("hidden"))) struct hpystate_fused_link hpystate_fused_state;
extern
    __attribute__((weak, visibility("hidden"))) struct hpystate_sibling_link hpystate_sibling_state;

#if defined(__cplusplus)
#define HPYSTATE_EXTERN extern "C"
#else
#define HPYSTATE_EXTERN extern
#endif

/* Declared first: without that a constant of C++ is not exported. Used: no optimiser removes it. */
#define HPYSTATE_ASKS(ext_name)                                                                    \
    HPYSTATE_EXTERN __attribute__((visibility("default")))                                         \
    const struct hpystate_asks hpystate_asks_##ext_name;                                           \
    __attribute__((used)) const struct hpystate_asks hpystate_asks_##ext_name = {                  \
        (uint32_t)sizeof(struct hpystate_asks), HPY_ABI_VERSION,       HPY_ABI_VERSION_MINOR,      \
        (uint32_t)sizeof(struct _HPyContext_s), &hpystate_fused_state, &hpystate_sibling_state};

/** `HPYSTATE_OTHER_RUNTIMES(NAME, "copy")`, beside HPy_MODINIT(NAME, ...): what hpystate does if
 * another HPy runtime of the process has loaded the file too, and neither the caller nor the
 * environment decides: "share", "copy" or "refuse" (docs/using.md). It defines a function, which
 * other runtimes do not look for. */
#define HPYSTATE_OTHER_RUNTIMES(ext_name, word)                                                    \
    HPYSTATE_EXTERN __attribute__((visibility("default")))                                         \
    const char* hpystate_other_runtimes_##ext_name(void);                                          \
    const char* hpystate_other_runtimes_##ext_name(void) {                                         \
        return word;                                                                               \
    }

#else
#define HPYSTATE_ASKS(ext_name) /* weak symbols are needed */
#define HPYSTATE_OTHER_RUNTIMES(ext_name, word)
#endif

#ifdef __cplusplus
}
#endif
