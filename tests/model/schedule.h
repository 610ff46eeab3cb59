/// tests/model/schedule.h: what the threads of an execution did, line by line, for whoever debugs.
#pragma once

#include "tests/model/memory.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace hpystate::model {

struct Scenario;

struct Line {
    enum class Kind : std::uint8_t {
        kLoad,
        kStore,
        kUpdate,
        kLock,
        kUnlock,
        kSet,
        kWait,
        kSleep,
        kNotify,
        kNote
    };

    std::size_t thread;
    Kind kind;
    std::uintptr_t address;
    std::size_t size;
    Order order;
    std::uint64_t value;
    /// kLoad: how many newer values there were; kUpdate: the value before; kSleep: whether it does
    std::uint64_t other;
    const char* text; ///< of kSet, kWait and kNote
};

class Schedule {
  public:
    void clear() noexcept { lines_.clear(); }
    void add(const Line& line) { lines_.push_back(line); }

    /// Number, thread, operation, order, location, value; runs of one thread stand together.
    [[nodiscard]] std::string text(const Scenario& scenario) const;

  private:
    std::vector<Line> lines_;
};

/// 0x2a
[[nodiscard]] std::string hexadecimal(std::uint64_t value);

/// "data race: this thread's plain read of X is not ordered with the plain write by Y".
[[nodiscard]] std::string describe(const Conflict& conflict, const Scenario& scenario);

} // namespace hpystate::model
