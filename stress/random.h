/// stress/random.h: random numbers that a seed brings back.
#pragma once

#include <cstdint>

namespace hpystate::stress {

/// splitmix64: streams of one seed by number, so that each task has its own.
class Random {
  public:
    explicit Random(std::uint64_t seed, std::uint64_t stream = 0)
        : state_(seed * 0x9E3779B97F4A7C15U + stream * 0xD1B54A32D192ED03U) {}

    std::uint64_t next() {
        state_ += 0x9E3779B97F4A7C15U;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
        return z ^ (z >> 31);
    }
    std::uint64_t below(std::uint64_t limit) { return next() % limit; }

  private:
    std::uint64_t state_;
};

} // namespace hpystate::stress
