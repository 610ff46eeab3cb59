/// tests/interp_state/test_directory.cpp: many interpreters, few regions.
#include "interp_state/directory.h"
#include "interp_state/teardown.h"
#include "runtime/cpython/ref.h"
#include "tests/globals/stops.h"
#include "tests/interp_state/interpreters.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

using namespace hpystate;
using namespace hpystate::testing;

namespace {

HPyGlobal slot;

} // namespace

TEST_CASE("a region that was reserved has no page of its window yet", "[region]") {
    Region* const region = Region::reserve();
    REQUIRE(region != nullptr);
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    std::vector<unsigned char> pages(sizeof(region->window) / page);

    REQUIRE(mincore(&region->window, pages.size() * page, pages.data()) == 0);
    CHECK(std::count_if(pages.begin(), pages.end(), [](int flags) { return (flags & 1) != 0; }) ==
          0);
}

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
        CHECK(&current_region()->context() == contexts[i]);
        CHECK(load(contexts[i], slot) == (i % 2 == 0 ? Py_True : Py_False));
    }
    for (PyThreadState* const state : states) {
        PyThreadState_Swap(state);
        Py_EndInterpreter(state);
    }
    PyThreadState_Swap(main_state);
    CHECK(load(main, slot) == nullptr);
}

TEST_CASE("region and directory are valid while interpreters come and go", "[directory]") {
    const Runtime runtime;
    Region* const main = Region::of(enter());
    CHECK(main->is_valid());
    Region* ended = nullptr;
    {
        Subinterpreter other;
        ended = Region::of(enter());
        store(&ended->context(), slot, Py_Ellipsis);
        CHECK(ended->is_valid());
        CHECK(directory_is_valid());
    }
    CHECK(ended->phase == Region::Phase::kDying);
    CHECK(ended->is_valid());
    CHECK(directory_is_valid());
}

TEST_CASE("a region whose phase and window differ is not valid", "[directory]") {
    const Runtime runtime;
    Region* const region = Region::of(enter());
    region->phase = Region::Phase::kDying;
    CHECK_FALSE(region->is_valid());
    region->phase = Region::Phase::kLive;
    CHECK(region->is_valid());
}

TEST_CASE("an interpreter's end on a region of another one stops a dev build", "[directory]") {
    const Runtime runtime;
    Region* const main = Region::of(enter());
    const Subinterpreter other;
    CHECK(stopped_by("is_attached_to(region.owner.load())", [&] { end_region(*main); }));
}

TEST_CASE("an object that is released under a lock stops a dev build", "[directory]") {
    const Runtime runtime;
    CHECK(stopped_by("object_ == nullptr || may_run_python()", [] {
        RankedMutex mutex(LockRank::kDirectory);
        const std::lock_guard lock(mutex);
        const Ref released(PyList_New(0));
    }));
}
