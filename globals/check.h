/// globals/check.h: the one assertion of the project.
///
/// HPYSTATE_CHECK(condition) states an invariant. It costs nothing in a release build. A build with
/// HPYSTATE_CHECKS prints the place and aborts where the condition is false. What a user can cause
/// is not checked like this: it raises an exception.
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
