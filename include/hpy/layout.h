/* hpy/layout.h: the table of functions and objects that an interpreter gives an extension.
 * hpy/context.h includes it. C11, C++17.
 *
 * The members are listed in hpy/abi/hpy_0_9.def, in memory order. The list is frozen: an
 * extension's compiled code reads members by offset. New members are appended.
 */
#pragma once

#include "hpy/define.h"
#include "hpy/handle.h"

#ifdef __cplusplus
extern "C" {
#endif

struct _HPyContext_s {
    const char* name;
    void* _private;
    int abi_version;
    uint32_t hpystate_layout; /* HPYSTATE_LAYOUT_AS_LISTED; unused bytes in other runtimes: 0 */
#define HPY_HANDLE(name) HPy h_##name;
#define HPY_FUNC(ret, name, params) ret(*ctx_##name) params;
#include "hpy/abi/hpy_0_9.def"
};

#ifdef __cplusplus
}
#endif
