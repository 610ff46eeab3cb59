/* hpystate/fused_table.h: what a runtime and an extension share of the fused calls. C11, C++17.
 *
 * Include HPy's types first: <hpy.h> in an extension, hpy/context.h in a runtime.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Makes the first value of a global: a new handle, or HPy_NULL with an exception set. */
typedef HPy (*HPyGlobal_Initializer)(HPyContext* ctx, void* arg);

/** The fused calls of a runtime. Members are only ever appended. */
struct hpystate_fused_table {
#define HPY_FUSED(ret, name, params, args, global, failed, unfused) ret(*name) params;
#define HPY_FUSED_OWN(ret, name, params, args) ret(*name) params;
#include "hpystate/fused.def"
};

/** The number of the layout of objects that a file's inline forms know: hpystate/inline_forms.h. */
#define HPYSTATE_OBJECT_LAYOUT 2

/** Of that layout: the bits of twice a token that are its entry's place in a table of globals. */
#define HPYSTATE_WINDOW_MASK ((((size_t)1 << 17) - 1) << 4)

/** Returns the table for a context; NULL for a context of another runtime. */
typedef const struct hpystate_fused_table* (*hpystate_fused_finder)(HPyContext* ctx);

/** The link of one shared object. Members are only ever appended. Those before `layout` are fixed
 * by the 1 in hpystate_fused_link_1; those behind it are there where `layout` is not 0. */
struct hpystate_fused_link {
    const void*
        plain; /* a struct hpystate_fused_table; until one is there, the link's own address */
    hpystate_fused_finder find; /* NULL until a runtime fills the link */
    uint32_t table_size;        /* bytes of the table that the file was compiled with */
    uint32_t layout;    /* HPYSTATE_OBJECT_LAYOUT; 0, as padding is, in a file from before it */
    const void* known;  /* what ctx->_private of each context is whose objects have that layout;
                           until a runtime fills it, the link's own address */
    size_t window;      /* how many bytes before such a context its table of globals begins */
    size_t tuple_items; /* how many bytes behind a tuple its items begin */
};

#ifdef __cplusplus
}
#endif
