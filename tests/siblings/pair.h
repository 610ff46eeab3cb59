/* pair.h: the functions that `lender` publishes and `borrower` calls; both include it. */
#pragma once

#include <hpy.h>
/* clang-format off */
#include "versions.h"
/* clang-format on */
#ifdef AS_ANOTHER_VERSION
/* Its calls go as if this file was compiled for a version that has a context of its own: each asks
 * the runtime for the context. */
#undef HPY_ABI_VERSION
#define HPY_ABI_VERSION 99
#endif
#include <hpystate/sibling.h>

#ifdef LATER_HEADER /* as if the table of a later header was longer than the runtime's */
__attribute__((constructor)) static void later(void) {
    hpystate_sibling_state.table_size += 8;
}
#endif

struct lender_functions {
    HPy (*pair)(HPyContext* ctx, HPy left, HPy right); /* a tuple of both and the kept object */
    int (*keep)(HPyContext* ctx, HPy value);           /* in the lender's own global; 0, -1 */
    HPy (*call)(HPyContext* ctx, HPy callable);        /* calls it without arguments */
    HPy (*wrap)(HPyContext* ctx, HPy value);           /* an instance of the lender's own type */
    HPy (*unwrap)(HPyContext* ctx, HPy wrapped);       /* what it holds; TypeError */
    long (*twice)(HPyContext* ctx, long number);       /* nothing but arithmetic */
    const char* (*name)(HPyContext* ctx);              /* of the context that it got */
};
