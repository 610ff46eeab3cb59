/// globals/gil.h: whether this build is for a Python without the GIL: the one place that says so.
///
/// CMake asks the interpreter. What only builds without the GIL need stands behind `if constexpr
/// (kNoGil)`, so both builds compile it, and builds with the GIL carry no instruction of it.
#pragma once

namespace hpystate {

#ifdef HPYSTATE_NO_GIL
inline constexpr bool kNoGil = true;
#else
inline constexpr bool kNoGil = false;
#endif

} // namespace hpystate
