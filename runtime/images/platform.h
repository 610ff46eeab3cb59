/// runtime/images/platform.h: where private images can be made.
#pragma once

#include "globals/gil.h"

#include <features.h>

namespace hpystate::images {

/// nullptr: here. Else a sentence why not.
[[nodiscard]] constexpr const char* why_not_here() noexcept {
#if !defined(__x86_64__) || defined(__ILP32__) || !defined(__GLIBC__)
    return "Private images are for Linux x86-64 with glibc.";
#else
    if (kNoGil) return "Private images are for builds of Python with the GIL.";
    return nullptr;
#endif
}

} // namespace hpystate::images
