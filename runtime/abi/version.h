/// runtime/abi/version.h: the versions of HPy's ABI that this runtime has, and how they are
/// ordered.
#pragma once

#include <hpy/handle.h>

#include <compare>
#include <cstdint>
#include <string>

namespace hpystate {

/// As an extension states it: HPy 0.9 calls its ABI 0.0, tag "hpy0".
struct AbiVersion {
    std::uint32_t major;
    std::uint32_t minor;

    friend constexpr auto operator<=>(const AbiVersion&, const AbiVersion&) = default;

    [[nodiscard]] std::string text() const {
        return std::to_string(major) + "." + std::to_string(minor);
    }
};

/// A version and the HPy release that has it.
struct SupportedAbi {
    AbiVersion version;
    const char* release; ///< "HPy 0.9"
};

/// A new version needs a row here, a list in include/hpy/abi/ and a folder in runtime/versions/.
/// Not inline: see runtime/abi/slots.h.
constexpr SupportedAbi kSupportedAbis[] = {
    {{HPY_ABI_VERSION, HPY_ABI_VERSION_MINOR}, "HPy 0.9"},
};

/// Whether an extension that was compiled for `wanted` finds what it needs: same major version, and
/// no later minor one.
[[nodiscard]] constexpr bool is_supported(AbiVersion wanted) noexcept {
    for (const SupportedAbi& row : kSupportedAbis) {
        if (row.version.major == wanted.major && wanted.minor <= row.version.minor) return true;
    }
    return false;
}

} // namespace hpystate
