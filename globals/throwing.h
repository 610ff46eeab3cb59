/// globals/throwing.h: whether a C++ exception can be thrown at all.
///
/// libstdc++ keeps a few words per thread for exceptions. glibc allocates them when a thread throws
/// for the first time, and ends the process where it cannot. So a thread must have them before it
/// meets std::bad_alloc: whoever is about to allocate in C++ asks here first.
#pragma once

namespace hpystate {

/// Makes this thread ready to throw. False: there is no memory; do not allocate by anything that
/// throws. Costs a malloc and a free, so not on a path that is taken often.
[[nodiscard]] bool can_throw() noexcept;

} // namespace hpystate
