/// tests/interp_state/test_end_order.cpp: values that end in their order, where CPython runs the
/// exit callback and where it loses it.
#include "interp_state/first_value.h"
#include "tests/interp_state/interpreters.h"

#include <array>
#include <cstdint>
#include <string>

using namespace hpystate;
using namespace hpystate::testing;

namespace {

std::array<std::uintptr_t, 4> ordered; ///< statics of an extension
HPyGlobal kept;
HPyContext* context_at_end = nullptr;
std::string told;

/// Tells which slot ends, and how many items the list in `kept` has; collects garbage.
void on_end(PyObject* capsule) {
    const auto* const slot = static_cast<std::uintptr_t*>(PyCapsule_GetPointer(capsule, nullptr));
    PyGC_Collect();
    PyObject* const list = load(context_at_end, kept);
    told += std::to_string(slot - ordered.data()) + ":" +
            (list != nullptr ? std::to_string(PyList_Size(list)) : "none") + " ";
}

PyObject* make(void* data) noexcept {
    return PyCapsule_New(data, nullptr, &on_end);
}

void fill(HPyContext* ctx) {
    context_at_end = ctx;
    told.clear();
    PyObject* const list = PyList_New(3);
    store(ctx, kept, list);
    Py_DECREF(list);
    for (const int at : {2, 0, 3}) {
        std::uintptr_t* const slot = &ordered.at(static_cast<std::size_t>(at));
        PyObject* const made = first_value_in_order(*Region::of(ctx), slot, {&make, slot}, "test");
        REQUIRE(made != nullptr);
        Py_DECREF(made);
    }
}

} // namespace

TEST_CASE("the newest value ends first, while globals hold theirs", "[teardown][ends]") {
    const Runtime runtime;
    for (const bool loses_callbacks : {false, true}) {
        Subinterpreter other;
        // gh-127791, before 3.13.2: a third callback takes the place of the second one.
        if (loses_callbacks) register_exit([](void*) {}, nullptr);
        HPyContext* const ctx = enter();
        if (loses_callbacks) register_exit([](void*) {}, nullptr);
        fill(ctx);
        CHECK(told.empty());
        other.close();
        CHECK(told == "3:3 0:3 2:3 ");
    }
}
