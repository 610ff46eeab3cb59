/// globals/check.h: the one assertion of the project.
///
/// HPYSTATE_CHECK(condition) states what is proven: it costs nothing in a release build, and in a
/// build with HPYSTATE_CHECKS it stops the process naming the place. What a user can cause is not
/// checked but answered with an exception.
#pragma once

#ifdef HPYSTATE_CHECKS
#include <cstdio>
#include <cstdlib>
#define HPYSTATE_CHECK(condition)                                                                  \
    ((condition) ? static_cast<void>(0)                                                            \
                 : (std::fprintf(stderr, "hpystate: %s:%d: broken invariant: %s\n", __FILE__,      \
                                 __LINE__, #condition),                                            \
                    std::abort()))
#else
#define HPYSTATE_CHECK(condition) static_cast<void>(0)
#endif
