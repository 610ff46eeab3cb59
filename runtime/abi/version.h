/// runtime/abi/version.h: the number of a version of HPy's ABI, and how numbers are ordered. Which
/// versions this runtime has: runtime/loader/negotiate.h.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace hpystate {

/// As an extension states it: HPy 0.9 calls its ABI 0.0, tag "hpy0".
struct AbiVersion {
    /// The major number of what was released before ABIs had numbers: {kBeforeNumbers, 4} is 0.0.4.
    static constexpr std::uint32_t kBeforeNumbers = 0xFFFFFFFF;

    std::uint32_t major;
    std::uint32_t minor;

    friend constexpr auto operator<=>(const AbiVersion&, const AbiVersion&) = default;

    [[nodiscard]] std::string text() const {
        return (major == kBeforeNumbers ? "0.0" : std::to_string(major)) + "." +
               std::to_string(minor);
    }
};

} // namespace hpystate
