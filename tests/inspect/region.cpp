/// region.cpp: a program that stops with a region and a token in its hands, for test_gdb.py: the
/// layout is that of the runtime's headers, and nothing of the runtime runs.
#include "interp_state/region.h"

#include <cstdint>
#include <cstdlib>

static std::uintptr_t some_slot;

extern "C" __attribute__((noinline)) void stop_here(hpystate::Region* region,
                                                    hpystate::Token token) {
    asm volatile("" : : "r"(region), "r"(&token) : "memory");
}

int main() {
    void* const memory = std::aligned_alloc(4096, (sizeof(hpystate::Region) + 4095) / 4096 * 4096);
    if (memory == nullptr) return 1;
    auto* const region = static_cast<hpystate::Region*>(memory);
    region->interpreter_id = 7;
    region->generation = 3;
    region->phase.store(hpystate::Region::Phase::kDying);
    region->owner.store(reinterpret_cast<PyInterpreterState*>(0x1230));
    region->leaders.store(2);
    stop_here(region, hpystate::Token(reinterpret_cast<std::uintptr_t>(&some_slot)));
    return 0;
}
