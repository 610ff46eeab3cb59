/// tests/interp_state/test_directory.cpp: many interpreters, few regions.
#include "interp_state/directory.h"
#include "tests/interp_state/interpreters.h"

#include <memory>
#include <vector>

using namespace hpystate;
using namespace hpystate::testing;

namespace {

HPyGlobal slot;

} // namespace

TEST_CASE("regions of interpreters that are gone serve again", "[directory]") {
    const Runtime runtime;
    enter();
    for (int i = 0; i < 3; ++i) {
        Subinterpreter warm_up;
        enter();
    }
    const std::size_t before = region_count();

    for (int i = 0; i < 60; ++i) {
        Subinterpreter other;
        HPyContext* const ctx = enter();
        CHECK(load(ctx, slot) == nullptr);
        store(ctx, slot, Py_Ellipsis);
    }

    CHECK(region_count() <= before + 1);
}

TEST_CASE("every one of many live interpreters finds its own region", "[directory]") {
    const Runtime runtime;
    HPyContext* const main = enter();
    PyThreadState* const main_state = PyThreadState_Get();
    std::vector<PyThreadState*> states;
    std::vector<HPyContext*> contexts;
    for (int i = 0; i < 50; ++i) { // more than the first table holds half of
        PyInterpreterConfig config{};
        config.check_multi_interp_extensions = 1;
        config.gil = PyInterpreterConfig_OWN_GIL;
        PyThreadState* state = nullptr;
        REQUIRE_FALSE(PyStatus_Exception(Py_NewInterpreterFromConfig(&state, &config)));
        states.push_back(state);
        contexts.push_back(enter());
        store(contexts.back(), slot, i % 2 == 0 ? Py_True : Py_False);
    }

    for (std::size_t i = 0; i < states.size(); ++i) {
        PyThreadState_Swap(states[i]);
        CHECK(&current_region()->context == contexts[i]);
        CHECK(load(contexts[i], slot) == (i % 2 == 0 ? Py_True : Py_False));
    }
    for (PyThreadState* const state : states) {
        PyThreadState_Swap(state);
        Py_EndInterpreter(state);
    }
    PyThreadState_Swap(main_state);
    CHECK(load(main, slot) == nullptr);
}
