/// tests/model/test_checker.cpp: the checker finds what the C++ memory model allows, and no more.
///
/// Long: a litmus test each, of one table.
#include "tests/catch.h"
#include "tests/model/engine.h"

#include <atomic>
#include <cstring>
#include <functional>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using hpystate::model::Event;
using hpystate::model::expect;
using hpystate::model::explore;
using hpystate::model::Result;
using hpystate::model::Scenario;

namespace {

/// What the threads share; made anew in each execution.
struct Shared {
    std::atomic<int> x{0};
    std::atomic<int> y{0};
    std::atomic<int> z{0};
    int plain = 0;
    std::mutex mutex;
    std::mutex other;
    Event event{"done"};
    int seen[4] = {-1, -1, -1, -1};
};

Shared* shared = nullptr;

void make() {
    shared = new (hpystate::model::allocate(sizeof(Shared))) Shared;
}

bool contains(const Result& result, const char* text) {
    return result.violation.find(text) != std::string::npos;
}

/// What the threads saw at the end, in all executions. No container: memory that an execution
/// allocates is gone after it.
bool found[3][3];

using Outcomes = std::set<std::pair<int, int>>;

Outcomes outcomes(std::function<void()> one, std::function<void()> two) {
    std::memset(found, 0, sizeof(found));
    const Result result =
        explore({"litmus", make, {{"one", std::move(one)}, {"two", std::move(two)}}, [] {
                     found[shared->seen[0]][shared->seen[1]] = true;
                 }});
    INFO(result.violation);
    CHECK(result.exhausted);
    Outcomes all;
    for (int i = 0; i < 9; ++i)
        if (found[i / 3][i % 3]) all.insert({i / 3, i % 3});
    return all;
}

Result message(std::memory_order store, std::memory_order load) {
    return explore({"message",
                    make,
                    {{"writer",
                      [=] {
                          shared->plain = 42;
                          shared->x.store(1, store);
                      }},
                     {"reader",
                      [=] {
                          if (shared->x.load(load) == 1) expect(shared->plain == 42, "the message");
                      }}},
                    nullptr});
}

} // namespace

TEST_CASE("release and acquire carry what was written before", "[model]") {
    const Result result = message(std::memory_order_release, std::memory_order_acquire);

    CHECK(result.violation.empty());
    CHECK(result.exhausted);
    CHECK(result.executions >= 2);
}

TEST_CASE("without release or acquire the message is a data race", "[model]") {
    CHECK(contains(message(std::memory_order_relaxed, std::memory_order_acquire), "data race"));
    CHECK(contains(message(std::memory_order_release, std::memory_order_relaxed), "data race"));
}

TEST_CASE("two halves of a word may be written by two threads, the word and a half not",
          "[model]") {
    static std::uint64_t* word = nullptr;
    const auto set_up = [] {
        word = static_cast<std::uint64_t*>(hpystate::model::allocate(sizeof(std::uint64_t)));
        *word = 7;
    };
    const auto write = [](std::size_t offset, std::size_t size) {
        return [=] {
            hpystate::model::plain_access(reinterpret_cast<std::uintptr_t>(word) + offset, size,
                                          hpystate::model::Access::kWrite);
        };
    };

    CHECK(explore({"halves", set_up, {{"one", write(0, 4)}, {"two", write(4, 4)}}, nullptr})
              .violation.empty());
    CHECK(contains(
        explore({"overlap", set_up, {{"one", write(4, 4)}, {"two", write(0, 8)}}, nullptr}),
        "data race"));
    CHECK(contains(
        explore({"overlap", set_up, {{"one", write(0, 8)}, {"two", write(4, 4)}}, nullptr}),
        "data race"));
}

TEST_CASE("two threads that store and load crosswise may both miss the other's store", "[model]") {
    const auto run = [](std::memory_order store, std::memory_order load) {
        return outcomes(
            [=] {
                shared->x.store(1, store);
                shared->seen[0] = shared->y.load(load);
            },
            [=] {
                shared->y.store(1, store);
                shared->seen[1] = shared->x.load(load);
            });
    };
    CHECK(run(std::memory_order_release, std::memory_order_acquire) ==
          Outcomes{{0, 0}, {0, 1}, {1, 0}, {1, 1}});
    CHECK(run(std::memory_order_seq_cst, std::memory_order_seq_cst) ==
          Outcomes{{0, 1}, {1, 0}, {1, 1}});
}

TEST_CASE("a thread never reads an older value after a newer one", "[model]") {
    const auto seen = outcomes(
        [] {
            shared->x.store(1, std::memory_order_relaxed);
            shared->x.store(2, std::memory_order_relaxed);
        },
        [] {
            shared->seen[0] = shared->x.load(std::memory_order_relaxed);
            shared->seen[1] = shared->x.load(std::memory_order_relaxed);
        });

    CHECK(seen == Outcomes{{0, 0}, {0, 1}, {0, 2}, {1, 1}, {1, 2}, {2, 2}});
}

TEST_CASE("relaxed stores to two locations may be seen in either order", "[model]") {
    const auto seen = outcomes(
        [] {
            shared->x.store(1, std::memory_order_relaxed);
            shared->y.store(1, std::memory_order_relaxed);
        },
        [] {
            shared->seen[0] = shared->y.load(std::memory_order_relaxed);
            shared->seen[1] = shared->x.load(std::memory_order_relaxed);
        });

    CHECK(seen == Outcomes{{0, 0}, {0, 1}, {1, 0}, {1, 1}});
}

TEST_CASE("a read-modify-write loses no update and continues a release", "[model]") {
    const Result counted =
        explore({"count",
                 make,
                 {{"one", [] { shared->x.fetch_add(1, std::memory_order_relaxed); }},
                  {"two", [] { shared->x.fetch_add(1, std::memory_order_relaxed); }},
                  {"three", [] { shared->x.fetch_add(1, std::memory_order_relaxed); }}},
                 [] { expect(shared->x.load() == 3, "three updates"); }});
    CHECK(counted.violation.empty());
    CHECK(counted.executions == 6); // the orders of three updates, each once

    const Result continued =
        explore({"continued",
                 make,
                 {{"writer",
                   [] {
                       shared->plain = 1;
                       shared->x.store(1, std::memory_order_release);
                   }},
                  {"passer", [] { shared->x.fetch_add(1, std::memory_order_relaxed); }},
                  {"reader",
                   [] {
                       if (shared->x.load(std::memory_order_acquire) == 2) {
                           expect(shared->plain == 1, "what the writer wrote");
                       }
                   }}},
                 nullptr});
    CHECK(continued.violation.empty());
}

TEST_CASE("a load and a store in place of a read-modify-write lose an update", "[model]") {
    const auto add = [] { shared->x.store(shared->x.load() + 1); };

    const Result result = explore({"lost", make, {{"one", add}, {"two", add}}, [] {
                                       expect(shared->x.load() == 2, "both updates");
                                   }});

    CHECK(contains(result, "both updates"));
}

TEST_CASE("independent threads are run once", "[model]") {
    const Result result = explore({"apart",
                                   make,
                                   {{"one",
                                     [] {
                                         for (int i = 0; i < 9; ++i)
                                             shared->x.store(i);
                                     }},
                                    {"two",
                                     [] {
                                         for (int i = 0; i < 9; ++i)
                                             shared->y.store(i);
                                     }},
                                    {"three",
                                     [] {
                                         for (int i = 0; i < 9; ++i)
                                             shared->z.load();
                                     }}},
                                   nullptr});

    CHECK(result.executions == 1);
    CHECK(result.exhausted);
}

TEST_CASE("a mutex orders what it protects, and nothing else does", "[model]") {
    const auto locked = [] {
        const std::lock_guard guard(shared->mutex);
        ++shared->plain;
    };
    const auto open = [] { ++shared->plain; };

    const Result good =
        explore({"locked", make, {{"one", locked}, {"two", locked}, {"three", locked}}, [] {
                     expect(shared->plain == 3, "three times");
                 }});
    CHECK(good.violation.empty());
    CHECK(good.executions == 6);
    CHECK(
        contains(explore({"open", make, {{"one", locked}, {"two", open}}, nullptr}), "data race"));
}

TEST_CASE("mutexes taken in two orders are a deadlock", "[model]") {
    const Result result = explore({"circle",
                                   make,
                                   {{"one",
                                     [] {
                                         const std::lock_guard first(shared->mutex);
                                         const std::lock_guard second(shared->other);
                                     }},
                                    {"two",
                                     [] {
                                         const std::lock_guard first(shared->other);
                                         const std::lock_guard second(shared->mutex);
                                     }}},
                                   nullptr});

    CHECK(contains(result, "deadlock"));
}

TEST_CASE("who waited for an event knows what came before it", "[model]") {
    const Result result = explore({"event",
                                   make,
                                   {{"one",
                                     [] {
                                         shared->plain = 7;
                                         shared->event.set();
                                     }},
                                    {"two",
                                     [] {
                                         shared->event.wait();
                                         expect(shared->plain == 7, "what came before");
                                     }}},
                                   nullptr});

    CHECK(result.violation.empty());
    CHECK(result.executions == 1);
}

namespace {

/// A writer that advances `x` and wakes whoever sleeps on it, and threads that wait for that.
Result waits(std::function<void()> writer, std::size_t waiters) {
    const auto wait = [] {
        shared->x.wait(0, std::memory_order_acquire);
        expect(shared->x.load(std::memory_order_relaxed) != 0, "no wait ends early");
        expect(shared->plain == 7, "what came before");
    };
    Scenario scenario{"waits", make, {{"writer", std::move(writer)}}, nullptr};
    for (std::size_t i = 0; i < waiters; ++i)
        scenario.threads.push_back({"waiter", wait});
    return explore(scenario);
}

void advance(std::memory_order order) {
    shared->plain = 7;
    shared->x.store(1, order);
}

} // namespace

TEST_CASE("whoever waits for a word to change is woken, before it sleeps or after", "[model]") {
    const Result result = waits(
        [] {
            advance(std::memory_order_release);
            shared->x.notify_all();
        },
        2);

    CHECK(result.violation.empty());
    CHECK(result.exhausted);
}

TEST_CASE("a sleeper that nobody wakes is a deadlock", "[model]") {
    const auto notify_early = [] {
        shared->x.notify_all();
        advance(std::memory_order_release);
    };
    const auto notify_one = [] {
        advance(std::memory_order_release);
        shared->x.notify_one();
    };

    CHECK(contains(waits([] { advance(std::memory_order_release); }, 1), "deadlock"));
    CHECK(contains(waits(notify_early, 1), "deadlock"));
    CHECK(waits(notify_one, 1).violation.empty());
    CHECK(contains(waits(notify_one, 2), "deadlock"));
}

TEST_CASE("to be woken orders nothing", "[model]") {
    const auto relaxed = [] {
        advance(std::memory_order_relaxed);
        shared->x.notify_all();
    };

    CHECK(contains(waits(relaxed, 1), "data race"));
}

TEST_CASE("a wait on a word that is not a futex is an error, not a system call", "[model]") {
    static std::atomic<std::uint64_t>* word = nullptr;
    const auto set_up = [] {
        word = new (hpystate::model::allocate(sizeof(*word))) std::atomic<std::uint64_t>(0);
    };
    const auto wait = [] { word->wait(0); };
    const auto notify = [] { word->notify_all(); };

    CHECK(contains(explore({"wait", set_up, {{"one", wait}}, nullptr}), "on 8 bytes"));
    CHECK(contains(explore({"notify", set_up, {{"one", notify}}, nullptr}), "on 8 bytes"));
}

TEST_CASE("an access to memory that is not there is reported, not followed", "[model]") {
    // Not known to the compiler: it would warn, or leave the access out.
    static std::uintptr_t volatile nowhere = 0x10000;
    static std::uintptr_t volatile no_address = 0xdead'0000'0000'0000;
    const auto read = [] { expect(*reinterpret_cast<int*>(nowhere) == 0, "no"); };
    const auto load = [] { expect(*reinterpret_cast<std::atomic<int>*>(nowhere) == 0, "no"); };
    const auto write = [] { *reinterpret_cast<int*>(no_address) = 1; };
    const auto call = [] { reinterpret_cast<void (*)()>(nowhere)(); };

    for (int i = 0; i < 2; ++i) { // the search goes on after a crash
        CHECK(contains(explore({"read", make, {{"one", read}}, nullptr}), "not there, 0x10000"));
        CHECK(contains(explore({"load", make, {{"one", load}}, nullptr}), "not there, 0x10000"));
        CHECK(contains(explore({"write", make, {{"one", write}}, nullptr}), "one: a crash"));
        CHECK(contains(explore({"call", make, {{"one", call}}, nullptr}), "not there, 0x10000"));
        CHECK(contains(explore({"set up", read, {{"one", load}}, nullptr}), "set up or end"));
        CHECK(message(std::memory_order_release, std::memory_order_acquire).violation.empty());
    }
}

TEST_CASE("a thread that hangs is not a deadlock, but who needs it is", "[model]") {
    const auto hang = [] { hpystate::model::hang(); };
    const auto wait = [] { shared->x.wait(0); };

    CHECK(explore({"hangs", make, {{"one", hang}}, nullptr}).violation.empty());
    CHECK(contains(explore({"hangs", make, {{"one", hang}, {"two", wait}}, nullptr}), "deadlock"));
    const auto excuse_and_hang = [] {
        hpystate::model::excuse(2);
        hpystate::model::hang();
    };
    CHECK(explore({"excused", make, {{"one", excuse_and_hang}, {"two", wait}}, nullptr})
              .violation.empty());
}

TEST_CASE("each thread has an identity of its own, the same in every execution", "[model]") {
    static std::thread::id ids[2];
    const auto look = [](std::size_t i) { ids[i] = std::this_thread::get_id(); };

    const Result result =
        explore({"identities", nullptr, {{"one", [=] { look(0); }}, {"two", [=] { look(1); }}}, [] {
                     expect(ids[0] != ids[1], "two threads");
                     expect(ids[0] != std::this_thread::get_id(), "nor this one");
                 }});

    CHECK(result.violation.empty());
}

TEST_CASE("memory that was freed may not be touched, in whatever order", "[model]") {
    static int* number = nullptr;
    const auto set_up = [] {
        make();
        number = static_cast<int*>(hpystate::model::allocate(sizeof(int)));
    };
    const auto free = [] { hpystate::model::release(number); };

    CHECK(contains(explore({"freed",
                            set_up,
                            {{"owner",
                              [=] {
                                  free();
                                  *number = 4;
                              }}},
                            nullptr}),
                   "use after free"));
    CHECK(contains(
        explore({"freed", set_up, {{"owner", free}, {"user", [] { *number = 4; }}}, nullptr}),
        "freed"));
}

namespace {

/// Programs of loads, stores and updates on two locations, and of waits; what each thread read is
/// its outcome.
struct Program {
    enum Kind { kLoad, kStore, kUpdate, kNotifyAll, kNotifyOne, kWait, kKinds };
    struct Step {
        int kind;
        int location;
        std::memory_order order;
    };
    std::vector<std::vector<Step>> threads;
};

constexpr std::size_t kHistories = 1 << 16;
bool reached[kHistories];
std::size_t read_by[hpystate::model::kMaxThreads];

void run_thread(const Program& program, std::size_t thread) {
    std::size_t seen = 1;
    int value = static_cast<int>(thread) + 1;
    for (const Program::Step& step : program.threads[thread]) {
        std::atomic<int>& place = step.location == 0 ? shared->x : shared->y;
        switch (step.kind) {
        case Program::kLoad:
            seen = seen * 7 + static_cast<std::size_t>(place.load(step.order));
            break;
        case Program::kStore:
            place.store(value, step.order);
            break;
        case Program::kNotifyAll:
            place.notify_all();
            break;
        case Program::kNotifyOne:
            place.notify_one();
            break;
        case Program::kWait:
            place.wait(0, step.order);
            break;
        default:
            seen = seen * 7 + static_cast<std::size_t>(place.exchange(value, step.order));
        }
    }
    read_by[thread] = seen;
}

/// A number for each outcome; different ones may share it. One more if there is a deadlock.
std::set<std::size_t> histories(const Program& program, hpystate::model::Search search) {
    std::memset(reached, 0, sizeof(reached));
    Scenario scenario{"random", make, {}, [&] {
                          std::size_t all = static_cast<std::size_t>(shared->x + 5 * shared->y);
                          for (std::size_t t = 0; t < program.threads.size(); ++t)
                              all = all * 1009 + read_by[t];
                          reached[all % kHistories] = true;
                      }};
    static const char* const kNames[] = {"a", "b", "c"};
    for (std::size_t t = 0; t < program.threads.size(); ++t)
        scenario.threads.push_back({kNames[t], [&program, t] { run_thread(program, t); }});
    const Result result = explore(scenario, 50'000'000, search);
    if (contains(result, "deadlock")) return {kHistories};
    CHECK(result.exhausted);
    CHECK(result.violation.empty());
    std::set<std::size_t> all;
    for (std::size_t i = 0; i < kHistories; ++i)
        if (reached[i]) all.insert(i);
    return all;
}

} // namespace

namespace {

/// Two threads with three steps, or three with two, of the first `kinds` kinds.
Program random_program(std::mt19937& random, unsigned kinds) {
    constexpr std::memory_order kLoads[] = {std::memory_order_relaxed, std::memory_order_acquire,
                                            std::memory_order_seq_cst};
    constexpr std::memory_order kStores[] = {std::memory_order_relaxed, std::memory_order_release,
                                             std::memory_order_seq_cst};

    Program program;
    program.threads.resize(2 + random() % 2);
    for (auto& thread : program.threads) {
        for (std::size_t i = 0; i < 5 - program.threads.size(); ++i) {
            const int kind = static_cast<int>(random() % kinds);
            const bool loads = kind == Program::kLoad || kind == Program::kWait;
            const auto order = (loads ? kLoads : kStores)[random() % 3];
            thread.push_back({kind, static_cast<int>(random() % 2), order});
        }
    }
    return program;
}

/// How many of the programs have a deadlock.
int compare_searches(unsigned kinds, int rounds) {
    const auto seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random(seed);
    int deadlocks = 0;
    for (int round = 0; round < rounds; ++round) {
        const Program program = random_program(random, kinds);
        const auto reduced = histories(program, hpystate::model::Search::kReduced);
        CHECK(reduced == histories(program, hpystate::model::Search::kFull));
        deadlocks += reduced.count(kHistories) != 0 ? 1 : 0;
    }
    return deadlocks;
}

} // namespace

TEST_CASE("the reduced search reaches what the full one does", "[model]") {
    CHECK(compare_searches(Program::kUpdate + 1, 60) == 0);
}

TEST_CASE("the reduced search finds who is never woken where the full one does", "[model]") {
    const int deadlocks = compare_searches(Program::kKinds, 100);

    CHECK((deadlocks > 0 && deadlocks < 100));
}

TEST_CASE("a schedule names threads, operations and values", "[model]") {
    const Result result = message(std::memory_order_release, std::memory_order_relaxed);

    CHECK(contains(result, "message: reader: data race: plain read"));
    CHECK(contains(result, "writer     store  release"));
    CHECK(contains(result, "reader     load   relaxed"));
}
