/// tests/model/execution.h: the engine inside: fibers, their steps, and what they share.
#pragma once

#include "tests/model/engine.h"
#include "tests/model/schedule.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <ucontext.h>
#include <unordered_map>
#include <utility>
#include <vector>

namespace hpystate::model {

constexpr std::size_t kStackBytes = 128 * 1024;
constexpr std::size_t kArenaBytes = 1024 * 1024;
constexpr std::size_t kLongest = 3'000; ///< steps; a longer execution has no end

struct Fiber {
    ucontext_t context{};
    std::unique_ptr<char[]> stack = std::make_unique<char[]>(kStackBytes);
    Clock clock;
    bool ended = false;
    bool excused = false; ///< may wait for ever
};

struct Mutex {
    std::size_t holder = kMaxThreads;
    Clock released;
};

/// Whether code under test runs. Not in the engine: operator new asks while that is being made.
extern bool code_runs;

/// While code of the checker's own runs, which is not part of the execution.
class Quiet {
  public:
    Quiet() noexcept { code_runs = false; }
    Quiet(const Quiet&) = delete;
    Quiet& operator=(const Quiet&) = delete;
    ~Quiet() { code_runs = true; }
};

/// Memory for executions, at the same address in every process: code under test may compute with
/// addresses, and a schedule should be the same each time.
[[nodiscard]] char* map_arena();

/// One execution after the other. One search at a time, on one thread of the process.
class Engine {
  public:
    Result explore(const Scenario& scenario, std::size_t limit, Search search);

    [[nodiscard]] std::size_t current() const noexcept { return current_; }
    [[nodiscard]] bool inside() const noexcept { return inside_; }
    [[noreturn]] void fail(const std::string& what);
    void expect_invariant(bool holds, const char* condition) {
        if (!holds) fail(std::string("a broken invariant: ") + condition);
    }

    void note(const char* text) {
        schedule_.add({current_, Line::Kind::kNote, 0, 0, {}, 0, 0, text});
    }

    void plain(std::uintptr_t address, std::size_t size, Access access);
    std::uint64_t load(std::uintptr_t address, std::size_t size, Order order);
    void store(std::uintptr_t address, std::size_t size, std::uint64_t value, Order order);
    std::uint64_t update(std::uintptr_t address, std::size_t size, Change change,
                         std::uint64_t operand, std::uint64_t expected, Order order, Order failure);
    void lock(std::uintptr_t mutex);
    void unlock(std::uintptr_t mutex);
    void set(std::uintptr_t event, const char* name);
    void wait(std::uintptr_t event, const char* name);
    void sleep(std::uintptr_t address, std::size_t size, std::uint64_t value);
    void wake(std::uintptr_t address, bool all);
    [[noreturn]] void hang();
    void excuse(std::size_t thread) noexcept { fibers_[thread].excused = true; }
    void* allocate(std::size_t size, std::size_t alignment);
    bool release(void* memory);

  private:
    void execute(Result& result);
    void reset();
    void run_alone(const std::function<void()>& part);
    void run_threads();
    static void enter() noexcept;
    void start(std::size_t thread, void (*entry)());
    /// Leaves the execution where there is none.
    std::size_t next_thread();
    void hand_on();
    void step(Kind kind, std::uintptr_t location);
    void tick() noexcept { ++fibers_[current_].clock.at[current_]; }
    [[nodiscard]] bool enabled(std::size_t thread) const;
    void check(const std::optional<Conflict>& conflict);
    void check_pointer(std::uintptr_t address);
    [[nodiscard]] Clock& clock() noexcept { return fibers_[current_].clock; }

    const Scenario* scenario_ = nullptr;
    Explorer explorer_{Search::kReduced};
    Memory memory_;
    Schedule schedule_;
    std::array<Fiber, kMaxThreads> fibers_;
    Explorer::Pending pending_{};
    std::unordered_map<std::uintptr_t, Mutex> mutexes_;
    std::unordered_map<std::uintptr_t, Clock> events_; ///< those that happened
    /// Threads that sleep, and on what; in the order in which they fell asleep.
    std::vector<std::pair<std::size_t, std::uintptr_t>> sleepers_;
    ucontext_t main_{};
    std::function<void()> alone_;
    std::size_t current_ = 0;
    bool inside_ = false; ///< a fiber runs, so there is a way out of it
    bool parallel_ = false;
    bool pruned_ = false;
    std::string violation_;

    char* arena_ = map_arena();
    std::size_t allocated_ = 0;
};

[[nodiscard]] Engine& engine();

} // namespace hpystate::model
