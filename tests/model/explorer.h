/// tests/model/explorer.h: which thread goes next, and which value a load reads: all that differ.
///
/// A depth-first search over executions that are run again from their start. Two choices are made
/// at each step: the thread, and for a load which of the values that memory.h allows. The search is
/// exhaustive but runs no two executions that differ only in the order of independent steps:
///
///   - *source sets* (Abdulla, Aronis, Jonsson and Sagonas, 2014): where a step and a later one of
///     another thread depend on each other and nothing in between orders the two, the later one is
///     also run first: by a thread with which what comes before it may begin;
///   - *sleep sets* (Godefroid, 1996): a thread that was tried at a step sleeps in what is tried
///   after
///     it, until somebody does something that its next operation depends on.
///
/// Two operations depend on each other if they use the same location and one of them writes it, if
/// both lock the same mutex, if one sleeps on a word that the other changes, notifies or sleeps on,
/// or if both notify, since the first one wakes. Plain accesses are not steps: ordered ones may be
/// run in one go, and unordered ones are an error that the vector clocks find in any order.
#pragma once

#include "tests/model/clock.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace hpystate::model {

enum class Kind : std::uint8_t {
    kStart, ///< the thread's first step; also its last, which depends on nothing
    kLoad,
    kStore, ///< also every read-modify-write
    kLock,
    kSet,    ///< an event happens
    kWait,   ///< for an event; possible once it happened
    kSleep,  ///< on a word, if it still has the value that the thread saw
    kNotify, ///< wakes who sleeps on a word; whatever value it has
    kWake,   ///< possible once somebody woke the thread; depends on nothing but that
};

/// How much is tried: everything that differs, or, to test that, everything.
enum class Search : std::uint8_t { kReduced, kFull };

/// What a thread is about to do.
struct Operation {
    Kind kind = Kind::kStart;
    std::uintptr_t location = 0;
};

/// Whether both orders of two operations have to be tried.
[[nodiscard]] bool dependent(const Operation& one, const Operation& other) noexcept;

class Explorer {
  public:
    static constexpr std::size_t kNobody = kMaxThreads;
    using Pending = std::array<Operation, kMaxThreads>;

    explicit Explorer(Search search) noexcept : search_(search) {}

    /// An execution begins: the first, or the next after advance().
    void begin();

    /// The thread to run; the `current` one if that does. Bit t of `enabled` stands for thread t.
    /// kNobody: all that could go sleep, so every execution from here on is known.
    std::size_t choose_thread(std::size_t current, unsigned enabled, const Pending& pending);

    /// One of `count` values for the step that was chosen last.
    std::size_t choose_value(std::size_t count);

    /// A mutex was unlocked, which is not a step of its own.
    void unlocked(std::size_t thread, std::uintptr_t location);

    /// A step of `by` lets `thread` go on.
    void woken(std::size_t thread, std::size_t by) { clocks_[thread].join(clocks_[by]); }

    /// Moves on to the next execution; false: there is none.
    bool advance();

    [[nodiscard]] std::size_t steps() const noexcept { return depth_; }

  private:
    struct Node {
        Pending pending;
        unsigned enabled;
        unsigned backtrack; ///< threads that have to be tried here
        unsigned done;      ///< threads that were
        unsigned sleeping;  ///< threads that need not be
        Clock clock;        ///< what the step is ordered after, in this execution, and itself
        std::size_t chosen;
        std::size_t value;
        std::size_t values;
    };

    /// Per location: the steps that a later read, a later write, and who sleeps there or wakes the
    /// sleepers, depend on.
    struct Touched {
        Clock written;
        Clock accessed;
        Clock slept;
        Clock notified;
    };

    void make_node(std::size_t current, unsigned enabled, const Pending& pending);
    void record_step(Node& node);
    static void touch(Kind kind, Clock& clock, Touched& touched);
    void find_races(std::size_t later, Clock known);
    void reverse(std::size_t earlier, std::size_t later);
    [[nodiscard]] unsigned initials(std::size_t earlier, std::size_t later) const;
    [[nodiscard]] bool ordered(std::size_t earlier, std::size_t later) const noexcept;

    Search search_;
    std::vector<Node> nodes_;
    std::size_t depth_ = 0;
    std::size_t known_ = 0; ///< steps of this execution that were made before, in this order
    // Of this execution. Times are numbers of steps, from 1.
    std::array<Clock, kMaxThreads> clocks_;
    std::unordered_map<std::uintptr_t, Touched> touched_;
};

} // namespace hpystate::model
