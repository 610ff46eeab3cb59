/// tests/model/engine.h: runs a scenario in every order, with every value a load may read.
///
/// How the real code gets in here: it is compiled with -fsanitize=thread, which makes the compiler
/// call a function for every access to memory, and linked with functions of ours instead of the
/// sanitizer's (hooks.cpp). So every std::atomic, every std::mutex and every plain access of the
/// code under test is seen as it is written; nothing in it knows of the model.
///
/// A scenario is a few threads, which are fibers here: one runs at a time, and hands on where it is
/// about to do something that others can notice. explorer.h decides who is next, memory.h what a
/// load gives. What a scenario itself asserts must follow from values that its threads read, or
/// from what they did in the order of Events: a plain variable that holds "it is over" is not part
/// of the search.
///
/// An error (a failed expectation, a race, a use after free, a deadlock, an execution without an
/// end) stops the search and comes with the schedule that led to it.
#pragma once

#include "tests/model/explorer.h"
#include "tests/model/memory.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace hpystate::model {

struct Scenario {
    struct Thread {
        const char* name;
        std::function<void()> run;
    };

    const char* name;
    std::function<void()> set_up; ///< before the threads; ordered before all they do
    std::vector<Thread> threads;  ///< at most kMaxThreads - 1
    std::function<void()> finish; ///< after the threads; ordered after all they did

    /// Looks at the state after each step; changes nothing and calls no code under test.
    std::function<void()> observe = nullptr;

    /// What an address is called in a schedule; "" where nobody knows.
    std::function<std::string(std::uintptr_t)> describe = nullptr;
};

struct Result {
    std::size_t executions = 0; ///< complete ones
    std::size_t pruned = 0;     ///< given up, since all that could follow was known
    std::size_t longest = 0;    ///< steps
    bool exhausted = false;     ///< every execution was run
    std::string violation;      ///< "" or what is wrong, then the schedule
};

/// Runs `scenario` until an error, the last execution, or the `limit`th.
[[nodiscard]] Result explore(const Scenario& scenario, std::size_t limit = 5'000'000,
                             Search search = Search::kReduced);

// ---- for scenarios and stand-ins: only inside an execution
// ---------------------------------------

/// Whether code under test is running now.
[[nodiscard]] bool executing() noexcept;

/// The number of the thread that runs; 0 before the threads begin and after they ended.
[[nodiscard]] std::size_t current_thread() noexcept;

/// Stops the search.
[[noreturn]] void fail(const std::string& what);
inline void expect(bool condition, const char* what) {
    if (!condition) fail(what);
}
/// HPYSTATE_CHECK of the code under test.
void expect_invariant(bool holds, const char* condition);

/// A line in the schedule. The text must outlive the search.
void note(const char* text);

/// The calling thread does nothing any more, and leaves everything as it is.
[[noreturn]] void hang();

/// From now on that thread may wait for ever.
void excuse(std::size_t thread);

/// Something that happens once. Whoever waits for it knows all that was done before it.
class Event {
  public:
    explicit Event(const char* name) noexcept : name_(name) {}
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;
    ~Event() = default;

    void set();
    void wait();

  private:
    const char* name_;
};

/// Memory that is zero, aligned to 16 bytes, at the same place in every execution, and gone after
/// it.
[[nodiscard]] void* allocate(std::size_t size, std::size_t alignment = 16);
/// From now on an access to it is an error. What allocate() did not give is left to others: false.
bool release(void* memory);

// ---- what the compiler makes the code under test call (hooks.cpp)
// --------------------------------

void plain_access(std::uintptr_t address, std::size_t size, Access access);
std::uint64_t atomic_load(std::uintptr_t address, std::size_t size, Order order);
void atomic_store(std::uintptr_t address, std::size_t size, std::uint64_t value, Order order);
/// `change` gets the newest value and returns what to put there; false: nothing, it was only read.
using Change = bool (*)(std::uint64_t newest, std::uint64_t operand, std::uint64_t expected,
                        std::uint64_t& value);
std::uint64_t atomic_update(std::uintptr_t address, std::size_t size, Change change,
                            std::uint64_t operand, std::uint64_t expected, Order order,
                            Order failure);
void lock(std::uintptr_t mutex);
void unlock(std::uintptr_t mutex);
/// A futex: returns at once if there is another value than `value`, else once it was woken.
void sleep(std::uintptr_t address, std::size_t size, std::uint64_t value);
/// Wakes the first that fell asleep there, or all.
void wake(std::uintptr_t address, bool all);
/// The model knows words of four bytes, for which the kernel has a futex.
[[noreturn]] void refuse_wait(std::size_t size);

} // namespace hpystate::model
