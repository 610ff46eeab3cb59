/// runtime/versions/v0_0_4/contexts.cpp: the table of the context, made of the frozen list: what
/// emulate.h does not have is forwarded.
#include "runtime/versions/v0_0_4/contexts.h"

#include "runtime/versions/v0_0_4/emulate.h"

namespace hpystate::v0_0_4 {

namespace {

#define HPY_0_0_4_FUNC(ret, name, params) HPYSTATE_AROUND_ENTRY(HPyContext, name)
#include "runtime/abi/hpy_0_0_4.def"

constexpr HPyContext make_table() noexcept {
    HPyContext context{};
    context.ctx_version = 1; // what upstream's runtime of 0.0.4 has there
#define HPY_0_0_4_FUNC(ret, name, params)                                                          \
    context.ctx_##name = entry_##name<Emulated, ::HPyContext>();
#include "runtime/abi/hpy_0_0_4.def"
    return context;
}

constinit const HPyContext kTable = make_table();

void take_handles(void* taker, const ::HPyContext& trunk) noexcept {
    auto& context = *static_cast<HPyContext*>(taker);
#define HPY_0_0_4_HANDLE(name) context.h_##name = trunk.h_##name;
#include "runtime/abi/hpy_0_0_4.def"
}

} // namespace

constinit const around::OtherVersion kVersion{Version::kV004, {AbiVersion::kBeforeNumbers, 4},
                                              "0.0.4",        &kTable,
                                              sizeof(kTable), &take_handles};

} // namespace hpystate::v0_0_4
