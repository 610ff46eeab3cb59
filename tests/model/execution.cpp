/// tests/model/execution.cpp: how an execution runs, step by step.
#include "tests/model/execution.h"

#include "tests/model/crash.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>
#include <thread>
#include <utility>

namespace hpystate::model {

constinit bool code_runs = false;

char* map_arena() {
    constexpr std::uintptr_t kPlace = 0x2000'0000'0000;
    void* const place = reinterpret_cast<void*>(kPlace);
    void* const memory = mmap(place, kArenaBytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (memory == place) return static_cast<char*>(memory);
    std::fputs("model: the memory for executions is not free at its place\n", stderr);
    std::abort();
}

Engine& engine() {
    static Engine& only = *new Engine;
    return only;
}

Result Engine::explore(const Scenario& scenario, std::size_t limit, Search search) {
    // libstdc++ counts references without atomics until the process has a second thread.
    std::thread([] {}).join();
    const CrashReports crashes;
    scenario_ = &scenario;
    explorer_ = Explorer(search);
    Result result;
    do {
        execute(result);
        if (!violation_.empty()) {
            result.violation = std::exchange(violation_, "");
            return result;
        }
        result.exhausted = !explorer_.advance();
    } while (!result.exhausted && result.executions < limit);
    return result;
}

void Engine::execute(Result& result) {
    reset();
    run_alone(scenario_->set_up);
    if (violation_.empty()) run_threads();
    if (violation_.empty() && !pruned_) run_alone(scenario_->finish);
    if (!violation_.empty()) violation_ += "\n" + schedule_.text(*scenario_);
    ++(pruned_ ? result.pruned : result.executions);
    result.longest = std::max(result.longest, explorer_.steps());
}

void Engine::reset() {
    explorer_.begin();
    memory_.begin();
    schedule_.clear();
    mutexes_.clear();
    events_.clear();
    sleepers_.clear();
    pending_.fill(Operation{});
    std::memset(arena_, 0, allocated_);
    allocated_ = 0;
    pruned_ = false;
    for (Fiber& fiber : fibers_) {
        fiber.clock = Clock{};
        fiber.ended = false;
        fiber.excused = false;
    }
    fibers_[0].clock.at[0] = 1;
}

void Engine::start(std::size_t thread, void (*entry)()) {
    Fiber& fiber = fibers_[thread];
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack.get();
    fiber.context.uc_stack.ss_size = kStackBytes;
    fiber.context.uc_link = &main_;
    makecontext(&fiber.context, entry, 0);
}

/// What is done before the threads and after them.
void Engine::run_alone(const std::function<void()>& part) {
    if (!part) return;
    current_ = 0;
    parallel_ = false;
    for (const Fiber& fiber : fibers_)
        fibers_[0].clock.join(fiber.clock);
    tick();
    alone_ = part;
    start(0, [] {
        Engine& self = engine();
        code_runs = true;
        self.alone_();
        code_runs = false;
    });
    inside_ = true;
    swapcontext(&main_, &fibers_[0].context);
    inside_ = false;
}

/// Where a thread's fiber begins and ends.
void Engine::enter() noexcept {
    Engine& self = engine();
    code_runs = true;
    self.scenario_->threads[self.current_ - 1].run();
    code_runs = false;
    self.fibers_[self.current_].ended = true;
    self.hand_on();
}

void Engine::run_threads() {
    const std::size_t count = scenario_->threads.size();
    for (std::size_t thread = 1; thread < kMaxThreads; ++thread) {
        fibers_[thread].ended = thread > count;
        if (thread > count) continue;
        fibers_[thread].clock.join(fibers_[0].clock);
        fibers_[thread].clock.at[thread] = 1;
        start(thread, &Engine::enter);
    }
    fibers_[0].ended = true;
    parallel_ = true;
    current_ = 0;
    current_ = next_thread();
    inside_ = true;
    swapcontext(&main_, &fibers_[current_].context);
    inside_ = false;
}

bool Engine::enabled(std::size_t thread) const {
    const Operation& next = pending_[thread];
    if (next.kind == Kind::kWait) return events_.count(next.location) != 0;
    if (next.kind == Kind::kWake) {
        return std::none_of(sleepers_.begin(), sleepers_.end(),
                            [&](const auto& sleeper) { return sleeper.first == thread; });
    }
    if (next.kind != Kind::kLock) return true;
    const auto mutex = mutexes_.find(next.location);
    return mutex == mutexes_.end() || mutex->second.holder == kMaxThreads;
}

std::size_t Engine::next_thread() {
    bool alive = false;
    unsigned ready = 0;
    for (std::size_t thread = 1; thread < kMaxThreads; ++thread) {
        if (fibers_[thread].ended) continue;
        if (enabled(thread)) ready |= 1U << thread;
        alive = alive || enabled(thread) || !fibers_[thread].excused;
    }
    if (!alive) setcontext(&main_);
    if (ready == 0) fail("deadlock: no thread can go on");
    if (explorer_.steps() > kLongest) fail("an execution without an end: more steps than allowed");
    const std::size_t next = explorer_.choose_thread(current_, ready, pending_);
    if (next == Explorer::kNobody) {
        pruned_ = true;
        setcontext(&main_);
    }
    return next;
}

/// Chooses who is next and goes there; returns when it is the current thread's turn again.
void Engine::hand_on() {
    const std::size_t next = next_thread();
    if (next == current_) return;
    Fiber& from = fibers_[current_];
    current_ = next;
    swapcontext(&from.context, &fibers_[next].context);
}

/// The current thread announces what it does next, and does it when it is its turn.
void Engine::step(Kind kind, std::uintptr_t location) {
    if (!parallel_) return;
    if (scenario_->observe) scenario_->observe();
    pending_[current_] = {kind, location};
    hand_on();
}

void Engine::fail(const std::string& what) {
    code_runs = false;
    violation_ = std::string(scenario_->name) + ": " +
                 (parallel_ ? scenario_->threads[current_ - 1].name : "set up or end") + ": " +
                 what;
    setcontext(&main_);
    __builtin_unreachable();
}

void Engine::check(const std::optional<Conflict>& conflict) {
    if (conflict) fail(describe(*conflict, *scenario_));
}

/// A mistake may lead anywhere; the process that looks for it must not follow.
void Engine::check_pointer(std::uintptr_t address) {
    // A member of a struct that is not there may be some pages from 0. The kernel maps nothing
    // below.
    constexpr std::uintptr_t kFirstMapped = 65536;
    if (address < kFirstMapped) fail("an access through a null pointer");
}

void Engine::plain(std::uintptr_t address, std::size_t size, Access access) {
    check_pointer(address);
    check(memory_.plain(current_, clock(), address, size, access));
}

std::uint64_t Engine::load(std::uintptr_t address, std::size_t size, Order order) {
    check_pointer(address);
    step(Kind::kLoad, address);
    check(memory_.atomic(current_, clock(), address, size, false));
    const std::size_t count = memory_.choices(clock(), address, size, order);
    const std::size_t choice = parallel_ ? explorer_.choose_value(count) : 0;
    const std::uint64_t value = memory_.load(current_, clock(), address, size, order, choice);
    schedule_.add({current_, Line::Kind::kLoad, address, size, order, value, choice, nullptr});
    tick();
    return value;
}

void Engine::store(std::uintptr_t address, std::size_t size, std::uint64_t value, Order order) {
    check_pointer(address);
    step(Kind::kStore, address);
    check(memory_.atomic(current_, clock(), address, size, true));
    memory_.store(current_, clock(), address, size, value, order);
    schedule_.add({current_, Line::Kind::kStore, address, size, order, value, 0, nullptr});
    tick();
}

std::uint64_t Engine::update(std::uintptr_t address, std::size_t size, Change change,
                             std::uint64_t operand, std::uint64_t expected, Order order,
                             Order failure) {
    check_pointer(address);
    step(Kind::kStore, address);
    const std::uint64_t newest = Memory::newest(address, size);
    std::uint64_t value = 0;
    const bool changes = change(newest, operand, expected, value);
    check(memory_.atomic(current_, clock(), address, size, changes));
    if (changes) {
        memory_.exchange(current_, clock(), address, size, value, order);
        schedule_.add(
            {current_, Line::Kind::kUpdate, address, size, order, value, newest, nullptr});
    } else {
        memory_.load(current_, clock(), address, size, failure, 0);
        schedule_.add({current_, Line::Kind::kLoad, address, size, failure, newest, 0, nullptr});
    }
    tick();
    return newest;
}

void Engine::lock(std::uintptr_t mutex) {
    step(Kind::kLock, mutex);
    Mutex& taken = mutexes_[mutex];
    if (taken.holder != kMaxThreads) fail("a mutex is locked twice before the threads begin");
    taken.holder = current_;
    clock().join(taken.released);
    schedule_.add({current_, Line::Kind::kLock, mutex, 0, {}, 0, 0, nullptr});
    tick();
}

void Engine::unlock(std::uintptr_t mutex) {
    Mutex& taken = mutexes_[mutex];
    if (taken.holder != current_) fail("a mutex is unlocked by a thread that does not hold it");
    taken.holder = kMaxThreads;
    taken.released = clock();
    if (parallel_) explorer_.unlocked(current_, mutex);
    schedule_.add({current_, Line::Kind::kUnlock, mutex, 0, {}, 0, 0, nullptr});
    tick();
}

void Engine::set(std::uintptr_t event, const char* name) {
    step(Kind::kSet, event);
    events_.insert_or_assign(event, clock());
    schedule_.add({current_, Line::Kind::kSet, event, 0, {}, 0, 0, name});
    tick();
}

void Engine::wait(std::uintptr_t event, const char* name) {
    step(Kind::kWait, event);
    const auto happened = events_.find(event);
    if (happened == events_.end()) fail("an event is waited for before the threads begin");
    clock().join(happened->second);
    schedule_.add({current_, Line::Kind::kWait, event, 0, {}, 0, 0, name});
    tick();
}

void Engine::sleep(std::uintptr_t address, std::size_t size, std::uint64_t value) {
    step(Kind::kSleep, address);
    // The kernel compares with what is there; the thread reads nothing older from then on.
    check(memory_.atomic(current_, clock(), address, size, false));
    const std::uint64_t newest = memory_.load(current_, clock(), address, size, Order::kRelaxed, 0);
    const bool sleeps = newest == value;
    schedule_.add({current_, Line::Kind::kSleep, address, size, {}, newest, sleeps, nullptr});
    tick();
    if (!sleeps) return;
    if (!parallel_) fail("a thread sleeps that nobody can wake");
    sleepers_.emplace_back(current_, address);
    step(Kind::kWake, address);
}

void Engine::wake(std::uintptr_t address, bool all) {
    step(Kind::kNotify, address);
    std::size_t count = 0;
    for (auto sleeper = sleepers_.begin(); sleeper != sleepers_.end() && (all || count == 0);) {
        if (sleeper->second != address) {
            ++sleeper;
            continue;
        }
        explorer_.woken(sleeper->first, current_);
        sleeper = sleepers_.erase(sleeper);
        ++count;
    }
    schedule_.add({current_, Line::Kind::kNotify, address, 0, {}, count, 0, nullptr});
    tick();
}

void Engine::hang() {
    if (!parallel_) fail("a thread hangs before the threads begin or after they ended");
    note("this thread hangs for ever");
    fibers_[current_].ended = true;
    hand_on();
    __builtin_unreachable();
}

void* Engine::allocate(std::size_t size, std::size_t alignment) {
    constexpr std::size_t kHeader = 16; // the size, before the block
    const std::size_t start = (allocated_ + kHeader + alignment - 1) / alignment * alignment;
    if (start + size > kArenaBytes) fail("the scenario allocates more than the arena holds");
    allocated_ = start + size;
    std::memcpy(arena_ + start - kHeader, &size, sizeof(size));
    return arena_ + start;
}

bool Engine::release(void* memory) {
    const auto address = reinterpret_cast<std::uintptr_t>(memory);
    const auto first = reinterpret_cast<std::uintptr_t>(arena_);
    if (address < first || address >= first + kArenaBytes) return false;
    // Left over from an execution that is done: its memory is gone already.
    if (!code_runs) return true;
    std::size_t size = 0;
    std::memcpy(&size, static_cast<char*>(memory) - 16, sizeof(size));
    const Quiet quiet;
    plain(address, size, Access::kFree);
    return true;
}

} // namespace hpystate::model
