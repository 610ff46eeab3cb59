/// tests/model/schedule.cpp: words for steps.
#include "tests/model/schedule.h"

#include "tests/model/engine.h"

#include <array>
#include <cstdio>

namespace hpystate::model {

std::string hexadecimal(std::uint64_t value) {
    std::array<char, 24> text{};
    static_cast<void>(
        std::snprintf(text.data(), text.size(), "0x%llx", static_cast<unsigned long long>(value)));
    return text.data();
}

namespace {

[[nodiscard]] std::string thread_name(const Scenario& scenario, std::size_t thread) {
    return thread == 0 ? "(alone)" : scenario.threads[thread - 1].name;
}

[[nodiscard]] std::string location(const Scenario& scenario, std::uintptr_t address) {
    const std::string name = scenario.describe ? scenario.describe(address) : "";
    return name.empty() ? "[" + hexadecimal(address) + "]" : name;
}

[[nodiscard]] std::string value_of(const Scenario& scenario, std::uint64_t value) {
    const std::string name = value > 4096 && scenario.describe ? scenario.describe(value) : "";
    return name.empty() ? hexadecimal(value) : name;
}

[[nodiscard]] const char* word(Order order) noexcept {
    switch (order) {
    case Order::kRelaxed:
        return "relaxed";
    case Order::kAcquire:
        return "acquire";
    case Order::kRelease:
        return "release";
    case Order::kAcquireRelease:
        return "acq_rel";
    case Order::kSequential:
        break;
    }
    return "seq_cst";
}

[[nodiscard]] const char* word(Access access) noexcept {
    switch (access) {
    case Access::kRead:
        return "plain read";
    case Access::kWrite:
        return "plain write";
    case Access::kAtomicRead:
        return "atomic read";
    case Access::kAtomicWrite:
        return "atomic write";
    case Access::kFree:
        break;
    }
    return "end (it was freed)";
}

[[nodiscard]] std::string words(const Line& line, const Scenario& scenario) {
    const std::string place = location(scenario, line.address);
    const std::string value = value_of(scenario, line.value);
    const std::string order = word(line.order);
    switch (line.kind) {
    case Line::Kind::kLoad:
        return "load   " + order + "  " + place + " gives " + value +
               (line.other == 0 ? ""
                                : ", though " + std::to_string(line.other) + " newer are there");
    case Line::Kind::kStore:
        return "store  " + order + "  " + place + " = " + value;
    case Line::Kind::kUpdate:
        return "update " + order + "  " + place + " = " + value + ", was " +
               value_of(scenario, line.other);
    case Line::Kind::kLock:
        return "lock   " + place;
    case Line::Kind::kUnlock:
        return "unlock " + place;
    case Line::Kind::kSet:
        return std::string("event: ") + line.text;
    case Line::Kind::kWait:
        return std::string("knows of the event: ") + line.text;
    case Line::Kind::kSleep:
        return (line.other != 0 ? "sleep  on " : "no sleep on ") + place + ", which is " + value;
    case Line::Kind::kNotify:
        return "notify " + place + ": wakes " + std::to_string(line.value);
    case Line::Kind::kNote:
        break;
    }
    return std::string("# ") + line.text;
}

} // namespace

std::string Schedule::text(const Scenario& scenario) const {
    std::string all;
    std::size_t number = 0;
    bool begun = false;
    for (const Line& line : lines_) {
        begun = begun || line.thread != 0 || line.kind == Line::Kind::kNote;
        ++number;
        if (!begun) continue; // how it was set up is in the scenario
        std::array<char, 64> head{};
        static_cast<void>(std::snprintf(head.data(), head.size(), "%5zu  %-10s ", number,
                                        thread_name(scenario, line.thread).c_str()));
        all += head.data() + words(line, scenario) + "\n";
    }
    return all;
}

std::string describe(const Conflict& conflict, const Scenario& scenario) {
    const std::string place = location(scenario, conflict.address);
    const std::string other = thread_name(scenario, conflict.thread);
    if (conflict.other == Access::kFree) {
        return std::string("use after free: ") + word(conflict.mine) + " of " + place + ", which " +
               other + " freed";
    }
    return std::string("data race: ") + word(conflict.mine) + " of " + place +
           " is not ordered with the " + word(conflict.other) + " by " + other;
}

} // namespace hpystate::model
