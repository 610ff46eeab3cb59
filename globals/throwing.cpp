/// globals/throwing.cpp: a look whether there is memory, then libstdc++'s words for this thread.
#include "globals/throwing.h"

#include <cstdlib>
#include <exception>

namespace hpystate {

bool can_throw() noexcept {
    constexpr std::size_t kEnough = 512; // more than glibc takes for libstdc++'s thread storage
    // NOLINTBEGIN(cppcoreguidelines-no-malloc): malloc is what is asked
    void* volatile const probe = std::malloc(kEnough); // volatile: the compiler drops unused pairs
    if (probe == nullptr) return false;
    std::free(probe);
    // NOLINTEND(cppcoreguidelines-no-malloc)
    // The cheapest call that touches the words. Volatile again: it is declared to have no effect.
    const volatile int touched = std::uncaught_exceptions();
    static_cast<void>(touched);
    return true;
}

} // namespace hpystate
