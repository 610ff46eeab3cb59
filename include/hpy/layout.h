/* hpy/layout.h: the struct of the context; hpy/context.h includes it. C11, C++17. */
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
