/// tests/model/memory.h: memory as the C++ standard lets it behave, not as this processor does.
///
/// Every location that is used atomically keeps its *modification order*: all values stored there
/// in this execution. A load may read any of them that coherence and happens-before leave open:
///
///     newest --> ... --> older --> ...          a load looks at the newest first, and may go on to
///                                               the next older one unless
///       - the store it looks at happens before the load,
///       - a load that happens before this one has read that store already, or
///       - both are seq_cst.
///
/// So a store without release, or a load without acquire, gives a thread a pointer without what it
/// points to, although x86 would hide that. A read-modify-write reads the newest value and
/// continues the release sequence. Plain accesses go to the real memory and are checked for data
/// races with vector clocks; what was freed may not be touched at all.
///
/// Stronger than the standard, so executions are missing that need it: the modification order of a
/// location is the order in which the schedule ran the stores; a compare that fails reads the
/// newest value; a value is never read before the schedule ran its store. Fences are refused.
#pragma once

#include "tests/model/clock.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hpystate::model {

enum class Order : std::uint8_t { kRelaxed, kAcquire, kRelease, kAcquireRelease, kSequential };

[[nodiscard]] constexpr bool acquires(Order order) noexcept {
    return order != Order::kRelaxed && order != Order::kRelease;
}
[[nodiscard]] constexpr bool releases(Order order) noexcept {
    return order != Order::kRelaxed && order != Order::kAcquire;
}

enum class Access : std::uint8_t { kRead, kWrite, kAtomicRead, kAtomicWrite, kFree };

/// Two accesses that nothing orders, or one to memory that is gone.
struct Conflict {
    Access mine;
    Access other;       ///< kFree: the memory was freed before
    std::size_t thread; ///< whose access the other one is
    std::uintptr_t address;
};

class Memory {
  public:
    /// Forgets everything: a new execution begins.
    void begin();

    /// Notes a plain access of `thread`; what it races with, if anything.
    std::optional<Conflict> plain(std::size_t thread, const Clock& clock, std::uintptr_t address,
                                  std::size_t size, Access access);

    /// The same for the address of an atomic; once before load(), store() or exchange().
    std::optional<Conflict> atomic(std::size_t thread, const Clock& clock, std::uintptr_t address,
                                   std::size_t size, bool write);

    /// How many stores a load may read now; at least 1. Choice 0 is the newest.
    std::size_t choices(const Clock& clock, std::uintptr_t address, std::size_t size, Order order);

    std::uint64_t load(std::size_t thread, Clock& clock, std::uintptr_t address, std::size_t size,
                       Order order, std::size_t choice);

    void store(std::size_t thread, Clock& clock, std::uintptr_t address, std::size_t size,
               std::uint64_t value, Order order);

    /// The newest value, read by a read-modify-write that puts `value` there.
    std::uint64_t exchange(std::size_t thread, Clock& clock, std::uintptr_t address,
                           std::size_t size, std::uint64_t value, Order order);

    /// What is in the real memory, which always has the newest value.
    [[nodiscard]] static std::uint64_t newest(std::uintptr_t address, std::size_t size) noexcept;

  private:
    struct Store {
        std::uint64_t value;
        std::size_t thread;
        std::uint32_t time;
        bool sequential;
        Clock released; ///< what a load that acquires learns
        Clock seen;     ///< per thread, when it first read this store; 0: never
    };

    /// What is known of some bytes that are always used together.
    struct Location {
        std::uint8_t offset;
        std::uint8_t size;
        bool has_history;
        std::vector<Store> history;
        std::array<Clock, 4> last; ///< by Access: when each thread last did that here
    };

    /// Eight aligned bytes; valid where `execution` is the current one.
    struct Granule {
        std::uintptr_t address = 0;
        std::uint32_t execution = 0;
        std::uint32_t used = 0;
        std::size_t freed_by = kMaxThreads;
        std::vector<Location> parts;
    };

    Granule& granule(std::uintptr_t address);
    static Location& part(Granule& granule, std::uintptr_t address, std::size_t size);
    Location& atomic_part(std::uintptr_t address, std::size_t size);
    std::optional<Conflict> note(std::size_t thread, const Clock& clock, std::uintptr_t address,
                                 std::size_t size, Access access);
    void append(Location& location, std::uintptr_t address, Store store);

    std::vector<Granule> table_ = std::vector<Granule>(std::size_t{1} << 14); ///< open addressing
    std::uint32_t execution_ = 0;
    std::size_t filled_ = 0;
};

} // namespace hpystate::model
