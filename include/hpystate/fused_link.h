/* hpystate/fused_link.h: how a file of an extension gets the table of fused calls. C11, C++17.
 *
 * Each shared object that includes hpystate/fused.h has one link, and exports one function that
 * returns the link's address. A runtime that knows fused calls writes its table into the link
 * before it makes a module of the file. Any other runtime leaves the link as it is, and the calls
 * are unfused.
 *
 *     link.plain --> the table for plain contexts, and what ctx->_private of every such context is
 *     link.find  --> the table for any other context of that runtime (debug mode, trace mode)
 *     link.known --> the same as link.plain, if objects have the layout that the file's inline
 *                    forms know (hpystate/inline_forms.h)
 *
 * So one comparison tells a plain context of the runtime that filled the link from all other
 * contexts: those of its debug and trace mode, those of another runtime in this process, and every
 * context if no runtime filled the link. It compares the word that the call needs anyway.
 *
 * Who writes the link: the loader, atomically, `find`, which tells whose it is, then `window`,
 * `tuple_items` and `known`, then `plain`, before it makes a module; every interpreter would write
 * the same. The second of two runtimes in a process finds it filled and leaves it. Who reads: every
 * fused call, without a lock. Once a reader sees `plain`, the table that it points to is constant.
 */
#pragma once

/* In this order: the table is made of HPy's types. */
/* clang-format off */
#include <hpy.h>
#include "hpystate/fused_table.h"
/* clang-format on */

#if !defined(__GNUC__)
#error "hpystate/fused_link.h needs GCC or Clang: weak symbols and their atomic functions."
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* One for all translation units of a shared object: weak, so the linker keeps one; hidden, so it is
 * this file's own and is read without the GOT. */
extern struct hpystate_fused_link hpystate_fused_state;
__attribute__((weak, visibility("hidden"))) struct hpystate_fused_link hpystate_fused_state = {
    &hpystate_fused_state,
    NULL,
    (uint32_t)sizeof(struct hpystate_fused_table),
    HPYSTATE_OBJECT_LAYOUT,
    &hpystate_fused_state,
    0,
    0};

/** Returns the link; called by the runtime that loads the file. The one exported symbol. */
struct hpystate_fused_link* hpystate_fused_link_1(void);
__attribute__((weak, used, visibility("default"))) struct hpystate_fused_link*
hpystate_fused_link_1(void) {
    return &hpystate_fused_state;
}

/** The table for plain contexts; before a runtime filled the link, an address that no context has
 * as its _private. */
static inline const struct hpystate_fused_table* hpystate_plain_table(void) {
    return (const struct hpystate_fused_table*)__atomic_load_n(&hpystate_fused_state.plain,
                                                               __ATOMIC_RELAXED);
}

/** The table for a context that is not plain; NULL: its runtime has no fused calls. */
static inline const struct hpystate_fused_table* hpystate_find_table(HPyContext* ctx) {
    if (__atomic_load_n(&hpystate_fused_state.plain, __ATOMIC_ACQUIRE) == &hpystate_fused_state) {
        return NULL;
    }
    return __atomic_load_n(&hpystate_fused_state.find, __ATOMIC_RELAXED)(ctx);
}

#ifdef __cplusplus
}
#endif
