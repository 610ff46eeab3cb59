/* hpystate/sibling_table.h: what a runtime and an extension share of calls between versions. C11,
 * C++17.
 *
 * Include HPy's types first: <hpy.h> in an extension, hpy/context.h in a runtime.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct hpystate_sibling_link;

/** The version that a file of the CPython ABI publishes: its functions take the plain context of
 * HPy 0.9, in every mode, since handles are objects' addresses in its inline code. */
#define HPYSTATE_ABI_MAJOR_CPYTHON 0xFFFFFFFEu

/** The C functions that an extension publishes; HPYSTATE_API() fills it. A static constant in the
 * publisher's file, to which the capsule points. */
struct hpystate_api {
    uint32_t size;      /* bytes of this struct in the publisher's file */
    uint32_t abi_major; /* the version whose contexts the functions take */
    uint32_t abi_minor;
    const struct hpystate_sibling_link* link; /* of the publisher's file: names its runtime */
    const void* functions;                    /* a struct of function pointers */
    size_t functions_size;                    /* bytes of it; members are only ever appended */
};

/** Returns the sibling of a context; NULL with an exception set. */
typedef HPyContext* (*hpystate_sibling_finder)(HPyContext* ctx);

/** What the runtime does for extensions of different versions. A context is passed as HPyContext*
 * whatever its version is: a function reads only the words that every version has. Members are only
 * ever appended. The contracts are in hpystate/sibling.h. */
struct hpystate_sibling_table {
    HPyContext* (*context_for)(HPyContext* ctx, uint32_t abi_major, uint32_t abi_minor);
    HPy (*lend)(HPyContext* from, HPyContext* to, HPy h);
    HPy (*give)(HPyContext* from, HPyContext* to, HPy h);
    void (*close)(HPyContext* of, HPy h);
    HPy (*capsule_of)(HPyContext* ctx, const struct hpystate_api* api);
    const struct hpystate_api* (*api_in)(HPyContext* ctx, HPy capsule);

    /* The function that does what context_for does for one version. NULL, and no exception: the
     * runtime has no such version. */
    hpystate_sibling_finder (*finder_for)(uint32_t abi_major, uint32_t abi_minor);
};

/** The link of one shared object. Its layout is fixed by the 1 in hpystate_sibling_link_1. */
struct hpystate_sibling_link {
    const struct hpystate_sibling_table* table; /* NULL until a runtime filled the link */
    uint32_t table_size; /* bytes of the table that the file was compiled with */
};

/** The name of the capsule around a struct hpystate_api. */
#define HPYSTATE_API_CAPSULE "hpystate.api.1"

#ifdef __cplusplus
}
#endif
