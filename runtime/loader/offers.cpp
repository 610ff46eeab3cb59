/// runtime/loader/offers.cpp: the table of versions: a row for each version of HPy's ABI that this
/// runtime has, in the order of enum class Version.
///
/// It is compiled alone in every build (runtime/alone.txt): a runtime with one more version, as
/// tests/versions/future has, is linked with another table in its place.
#include "runtime/abi/context_functions.h"
#include "runtime/context/head.h"
#include "runtime/loader/negotiate.h"
#include "runtime/versions/v0_0_4/abi.h"
#include "runtime/versions/v0_0_4/contexts.h"
#include "runtime/versions/v0_9/describe.h"

#include <cstddef>
#include <iterator>

namespace hpystate {

namespace {

// NOLINTNEXTLINE(cppcoreguidelines-avoid-c-arrays,modernize-avoid-c-arrays): as in
// context_functions.h
constexpr Emulation kEmulatedFor004[] = {
#define HPY_0_0_4_EMULATED(ret, name, params, by) {#name, true, by},
#define HPY_0_0_4_EMULATED_PART(name, by) {#name, false, by},
#include "runtime/versions/v0_0_4/emulated.def"
};

} // namespace

// NOLINTNEXTLINE(cppcoreguidelines-avoid-c-arrays,modernize-avoid-c-arrays): as in
// context_functions.h
constexpr Offer kOffers[] = {
    {.context = Version::kV09,
     .version = {HPY_ABI_VERSION, HPY_ABI_VERSION_MINOR},
     .release = "0.9",
     .asked_by = "get_required_hpy_major_version_NAME, get_required_hpy_minor_version_NAME",
     .name_tag = ".hpy0.so",
     .size = sizeof(HPyContext),
     .functions = kFunctionCount,
     .trampolines = offsetof(HPyContext, ctx_CallRealFunctionFromTrampoline),
     .emulated = {},
     .layer_in = nullptr,
     .sibling = &context::trunk_of,
     .dispatcher = nullptr,
     .describe = &v0_9::describe_module},
    {.context = Version::kV004,
     .version = {AbiVersion::kBeforeNumbers, 4},
     .release = "0.0.4",
     .asked_by = "HPyInit_NAME alone",
     .name_tag = ".hpy.so",
     .size = sizeof(v0_0_4::HPyContext),
     .functions = v0_0_4::kFunctionCount,
     .trampolines = offsetof(v0_0_4::HPyContext, ctx_CallRealFunctionFromTrampoline),
     .emulated = kEmulatedFor004,
     .layer_in = &v0_0_4::Layers::in,
     .sibling = &v0_0_4::Layers::sibling,
     .dispatcher = &v0_0_4::Layers::dispatcher,
     .describe = nullptr},
};

constexpr std::size_t kVersionCount = std::size(kOffers);

} // namespace hpystate
