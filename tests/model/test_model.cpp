/// tests/model/test_model.cpp: every execution of every scenario, and every state on the way.
#include "tests/catch.h"
#include "tests/model/scenarios.h"
#include "tests/model/subject.h"

#include <cstdio>
#include <initializer_list>
#include <vector>

using hpystate::model::explore;
using hpystate::model::Result;
using hpystate::model::Scenario;
using hpystate::model::State;

namespace {

void check_states(std::initializer_list<State> wanted) {
    for (const State state : wanted) {
        INFO("never seen: " << hpystate::model::name_of(state));
        CHECK(hpystate::model::seen_states()[static_cast<std::size_t>(state)] > 0);
    }
}

void run(std::vector<Scenario> scenarios) {
    for (Scenario& scenario : scenarios) {
        scenario.observe = &hpystate::model::observe;
        scenario.describe = &hpystate::model::describe;
        scenario.finish = [finish = scenario.finish] {
            if (finish) finish();
            hpystate::model::expect(hpystate::model::is_valid(), "invariants hold at the end");
        };
        const Result result = explore(scenario);
        std::printf("%9zu executions (%zu cut short), %3zu steps: %s\n", result.executions,
                    result.pruned, result.longest, scenario.name);
        if (!result.violation.empty()) FAIL_CHECK(result.violation);
        CHECK((result.exhausted || !result.violation.empty()));
    }
}

} // namespace

TEST_CASE("whatever the order, a load gives a living object of its own slot or null",
          "[model][entry]") {
    run(hpystate::model::entry_scenarios());

    check_states({State::kEmpty, State::kClaimed, State::kValue, State::kOverflow});
#ifdef Py_GIL_DISABLED
    check_states({State::kCell});
#endif
}

TEST_CASE("a thread finds the region of its own interpreter, or none", "[model][region]") {
    run(hpystate::model::region_scenarios());

    check_states({State::kLive, State::kDying, State::kRecycled});
}

TEST_CASE("a token is its slot's own address, whoever writes it and wherever it goes",
          "[model][token]") {
    run(hpystate::model::token_scenarios());

    check_states({State::kRegistered, State::kMoved, State::kReused});
}

TEST_CASE("one thread makes a first value, the others get it, and nobody waits for ever",
          "[model][first]") {
    run(hpystate::model::first_value_scenarios());

    check_states({State::kMaking, State::kWaiting});
}
