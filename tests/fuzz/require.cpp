/// tests/fuzz/require.cpp: how a target ends the process.
#include "tests/fuzz/targets.h"

#include <cstdio>
#include <cstdlib>

namespace hpystate::fuzz {

void require(bool condition, const char* what) {
    if (condition) return;
    static_cast<void>(std::fprintf(stderr, "fuzz: it does not hold that %s\n", what));
    std::abort();
}

} // namespace hpystate::fuzz
