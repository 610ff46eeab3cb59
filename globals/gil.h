/// globals/gil.h: kNoGil: whether this build is for a Python without the GIL.
///
/// CMake asks the interpreter. Code that only builds without the GIL need is in `if constexpr
/// (kNoGil)`: both builds compile it, and it costs no instruction in builds with the GIL.
#pragma once

namespace hpystate {

#ifdef HPYSTATE_NO_GIL
inline constexpr bool kNoGil = true;
#else
inline constexpr bool kNoGil = false;
#endif

} // namespace hpystate
