/// globals/throwing.h: whether a C++ exception can be thrown at all.
///
/// libstdc++ keeps a few words per thread for exceptions. glibc allocates them when a thread throws
/// for the first time, and ends the process where it cannot. So a thread must have them before
/// std::bad_alloc is thrown in it: call can_throw() before code that allocates in C++.
#pragma once

namespace hpystate {

/// Makes this thread ready to throw. False: there is no memory; call nothing that may throw. Costs
/// a malloc and a free, so do not call it on a hot path.
[[nodiscard]] bool can_throw() noexcept;

} // namespace hpystate
