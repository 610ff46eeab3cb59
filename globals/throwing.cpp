/// globals/throwing.cpp: probes malloc, then makes libstdc++ allocate its exception state for this
/// thread.
#include "globals/throwing.h"

#include <cstdlib>
#include <exception>

namespace hpystate {

bool can_throw() noexcept {
    constexpr std::size_t kEnough = 512; // more than glibc takes for libstdc++'s thread storage
    // NOLINTBEGIN(cppcoreguidelines-no-malloc): it is malloc that is probed
    void* volatile const probe = std::malloc(kEnough); // volatile: the compiler drops unused pairs
    if (probe == nullptr) return false;
    std::free(probe);
    // NOLINTEND(cppcoreguidelines-no-malloc)
    // The cheapest call that touches that state. Volatile: the function is declared without side
    // effects, so an unused call would be dropped.
    const volatile int touched = std::uncaught_exceptions();
    static_cast<void>(touched);
    return true;
}

} // namespace hpystate
