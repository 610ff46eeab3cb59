/// tests/model/engine.cpp: the ways into the engine: from scenarios, and from the code under test.
#include "tests/model/engine.h"

#include "tests/model/execution.h"

#include <cstring>
#include <string>

namespace hpystate::model {

Result explore(const Scenario& scenario, std::size_t limit, Search search) {
    return engine().explore(scenario, limit, search);
}

bool executing() noexcept {
    return code_runs;
}

std::size_t current_thread() noexcept {
    return engine().current();
}

void fail(const std::string& what) {
    engine().fail(what);
}

void expect_invariant(bool holds, const char* condition) {
    if (!holds) fail(std::string("a broken invariant: ") + condition);
}

void note(const char* text) {
    const Quiet quiet;
    engine().note(text);
}

void hang() {
    code_runs = false;
    engine().hang();
}

void excuse(std::size_t thread) {
    engine().excuse(thread);
}

void Event::set() {
    const Quiet quiet;
    engine().set(reinterpret_cast<std::uintptr_t>(this), name_);
}

void Event::wait() {
    const Quiet quiet;
    engine().wait(reinterpret_cast<std::uintptr_t>(this), name_);
}

void* allocate(std::size_t size, std::size_t alignment) {
    const Quiet quiet;
    return engine().allocate(size, alignment);
}

bool release(void* memory) {
    return engine().release(memory);
}

void plain_access(std::uintptr_t address, std::size_t size, Access access) {
    if (!code_runs) return;
    const Quiet quiet;
    engine().plain(address, size, access);
}

std::uint64_t atomic_load(std::uintptr_t address, std::size_t size, Order order) {
    if (!code_runs) return Memory::newest(address, size);
    const Quiet quiet;
    return engine().load(address, size, order);
}

void atomic_store(std::uintptr_t address, std::size_t size, std::uint64_t value, Order order) {
    if (!code_runs) {
        std::memcpy(reinterpret_cast<void*>(address), &value, size);
        return;
    }
    const Quiet quiet;
    engine().store(address, size, value, order);
}

std::uint64_t atomic_update(std::uintptr_t address, std::size_t size, Change change,
                            std::uint64_t operand, std::uint64_t expected, Order order,
                            Order failure) {
    if (!code_runs) {
        const std::uint64_t newest = Memory::newest(address, size);
        std::uint64_t value = 0;
        if (change(newest, operand, expected, value)) {
            std::memcpy(reinterpret_cast<void*>(address), &value, size);
        }
        return newest;
    }
    const Quiet quiet;
    return engine().update(address, size, change, operand, expected, order, failure);
}

void lock(std::uintptr_t mutex) {
    const Quiet quiet;
    engine().lock(mutex);
}

void unlock(std::uintptr_t mutex) {
    const Quiet quiet;
    engine().unlock(mutex);
}

void sleep(std::uintptr_t address, std::size_t size, std::uint64_t value) {
    const Quiet quiet;
    engine().sleep(address, size, value);
}

void wake(std::uintptr_t address, bool all) {
    const Quiet quiet;
    engine().wake(address, all);
}

void refuse_wait(std::size_t size) {
    fail("std::atomic's wait or notify on " + std::to_string(size) +
         " bytes; the model knows it for words of four");
}

} // namespace hpystate::model
