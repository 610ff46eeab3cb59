/// interp_state/context_head.h: what this runtime knows about each of its contexts.
///
///     context of debug or trace mode:  context._private --> {head, what the layer keeps}
///     plain context of HPy 0.9:        context._private --> table of fused calls; one head for all
///     context of another version:      context._private --> head, which leads to one of the above
///
/// A file compares the second one with an address that the loader wrote into it
/// (hpystate/fused_link.h): one comparison for a fused call. So it is the same table in every
/// interpreter, and all plain contexts share one head. context::head_of() finds the head of every
/// kind (runtime/context/head.h).
///
/// A head is written before its context is handed out, then never again.
#pragma once

#include <hpy/context.h>

#include <cstddef>
#include <cstdint>

struct hpystate_fused_table;

namespace hpystate {

struct Region;

/// The versions of the ABI, by their rows in kOffers (runtime/loader/offers.cpp). A row whose
/// number no code needs has no name here.
enum class Version : std::uint8_t { kV09, kV004 };

/// The number of rows in kOffers, beside which it is defined. So a runtime with one more version,
/// as the tests have, is linked of the same objects.
extern const std::size_t kVersionCount;

/// The version that the functions of runtime/context/ are written for. Any other version is a table
/// of functions that forward to its context.
inline constexpr Version kTrunk = Version::kV09;

enum class ContextKind : std::uint8_t { kPlain, kDebug, kTrace };

/// The address of this byte is in every head. The symbol is hidden, so another copy of the runtime
/// in the same process has another byte: this copy recognises its contexts as foreign.
extern const char kContextMagic;

struct ContextHead {
    const void* magic; ///< &kContextMagic
    Version version;
    ContextKind kind;
    Region* region;                    ///< null: the context is in its region (Region::of)
    const hpystate_fused_table* fused; ///< the fused calls for this context; null: there are none
    HPyContext* trunk;                 ///< the context that it forwards to; null: it is kTrunk's

    ~ContextHead() = default;
    ContextHead(const ContextHead&) = delete;
    ContextHead& operator=(const ContextHead&) = delete;
    constexpr ContextHead(Version of_version, ContextKind of_kind, Region* in,
                          const hpystate_fused_table& with) noexcept
        : magic(&kContextMagic), version(of_version), kind(of_kind), region(in), fused(&with),
          trunk(nullptr) {}

    /// Of a context of another version, which has the kind and the handles of `of_trunk`.
    constexpr ContextHead(Version of_version, ContextKind of_kind, Region* in,
                          HPyContext* of_trunk) noexcept
        : magic(&kContextMagic), version(of_version), kind(of_kind), region(in), fused(nullptr),
          trunk(of_trunk) {}
};

} // namespace hpystate
