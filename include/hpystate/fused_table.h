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

/** The link of one shared object. Its layout is fixed by the 1 in hpystate_fused_link_1. */
struct hpystate_fused_link {
    const void*
        plain; /* a struct hpystate_fused_table; until one is there, the link's own address */
    const struct hpystate_fused_table* (*find)(HPyContext* ctx); /* NULL for a foreign context */
    uint32_t table_size; /* bytes of the table that the file was compiled with */
};

#ifdef __cplusplus
}
#endif
