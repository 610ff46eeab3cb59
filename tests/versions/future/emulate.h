/// runtime/versions/v1_0/emulate.h: HPy 1.0, which is invented: its context, and what it has
/// otherwise than 0.9. The table of versions includes it, and nothing else does.
#pragma once

#include "runtime/context/functions.h"
#include "runtime/versions/around/callbacks.h"
#include "runtime/versions/around/layers.h"

namespace hpystate::v1_0 {

struct HPyContext {
    const char* name;
    void* _private;
    int abi_version;
#define HPY_HANDLE(name) HPy h_##name;
#define HPY_FUNC(ret, name, params) ret(*ctx_##name) params;
#include <hpy/abi/hpy_1_0.def>
};

// ---- for files of 1.0: what it changed and added, by the functions of 0.9 ----

struct Emulated : around::Callbacks<HPyContext> {
    /// 0.9 returns the hash, and -1 for an error.
    static int Hash(HPyContext* context, HPy obj, HPy_hash_t* hash) noexcept {
        ::HPyContext* const trunk = around::behind(context);
        *hash = trunk->ctx_Hash(trunk, obj);
        return *hash == -1 ? -1 : 0;
    }

    /// New in 1.0: the attribute, or `fallback` where there is an AttributeError. A new handle.
    static HPy GetAttrOr_s(HPyContext* context, HPy obj, const char* name, HPy fallback) noexcept {
        ::HPyContext* const trunk = around::behind(context);
        const HPy found = trunk->ctx_GetAttr_s(trunk, obj, name);
        if (found._i != 0 || trunk->ctx_Err_ExceptionMatches(trunk, trunk->h_AttributeError) == 0) {
            return found;
        }
        trunk->ctx_Err_Clear(trunk);
        return trunk->ctx_Dup(trunk, fallback);
    }
};

#define HPY_FUNC(ret, name, params) HPYSTATE_AROUND_ENTRY(HPyContext, name)
#include <hpy/abi/hpy_1_0.def>

constexpr HPyContext make_table() noexcept {
    HPyContext context{};
    context.abi_version = 1;
#define HPY_FUNC(ret, name, params) context.ctx_##name = entry_##name<Emulated, ::HPyContext>();
#include <hpy/abi/hpy_1_0.def>
    return context;
}

constexpr HPyContext kTable = make_table();

constexpr std::size_t kFunctionCount = 0
#define HPY_FUNC(ret, name, params) +1
#include <hpy/abi/hpy_1_0.def>
    ;

inline void take_handles(void* taker, const ::HPyContext& trunk) noexcept {
    auto& context = *static_cast<HPyContext*>(taker);
#define HPY_HANDLE(name) context.h_##name = trunk.h_##name;
#include <hpy/abi/hpy_1_0.def>
}

inline constexpr around::OtherVersion kVersion{Version{2}, {1, 0},         "1.0",
                                               &kTable,    sizeof(kTable), &take_handles};

using Layers = around::LayersOf<kVersion>;

constexpr Emulation kEmulated[] = {
    {"Hash", true, "HPy_Hash of 0.9, whose result is the hash"},
    {"GetAttrOr_s", true, "HPy_GetAttr_s and HPyErr_Clear"},
};

/// The context of 1.0 for a plain one of 0.9.
inline HPyContext* newer(::HPyContext* plain) noexcept {
    return reinterpret_cast<HPyContext*>(Layers::sibling(plain));
}

} // namespace hpystate::v1_0

// ---- for files of 0.9: what 1.0 removed, by the functions of 1.0 alone ----

namespace hpystate::context {

HPy ctx_Dict_Keys(HPyContext* plain, HPy h) noexcept {
    v1_0::HPyContext* const ctx = v1_0::newer(plain);
    if (ctx->ctx_Dict_Check(ctx, h) == 0) {
        ctx->ctx_Err_SetString(ctx, ctx->h_SystemError, "HPyDict_Keys: a dict was expected");
        return kNullHandle;
    }
    // dict's own method: a subclass may have another one.
    const HPy method = ctx->ctx_GetAttr_s(ctx, ctx->h_DictType, "keys");
    if (method._i == 0) return kNullHandle;
    const HPy view = ctx->ctx_Call(ctx, method, &h, 1, kNullHandle);
    ctx->ctx_Close(ctx, method);
    if (view._i == 0) return kNullHandle;
    const HPy keys = ctx->ctx_Call(ctx, ctx->h_ListType, &view, 1, kNullHandle);
    ctx->ctx_Close(ctx, view);
    return keys;
}

int ctx_DelItem_s(HPyContext* plain, HPy obj, const char* utf8_key) noexcept {
    v1_0::HPyContext* const ctx = v1_0::newer(plain);
    if (utf8_key == nullptr) {
        ctx->ctx_Err_SetString(ctx, ctx->h_SystemError,
                               "HPy_DelItem_s: 'utf8_key' is NULL; a pointer was expected.");
        return -1;
    }
    const HPy key = ctx->ctx_Unicode_FromString(ctx, utf8_key);
    if (key._i == 0) return -1;
    const int result = ctx->ctx_DelItem(ctx, obj, key);
    ctx->ctx_Close(ctx, key);
    return result;
}

} // namespace hpystate::context
