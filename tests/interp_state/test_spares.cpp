/// tests/interp_state/test_spares.cpp: what the lists keep, how much of it, and that it goes back.
#include <Python.h>

#include "interp_state/spares.h"
#include "tests/interp_state/interpreters.h"

#include <memory>
#include <vector>

using namespace hpystate;
using namespace hpystate::testing;

namespace {

/// Two words behind the header.
constexpr std::size_t kSize = sizeof(PyObject) + 2 * sizeof(void*);
constexpr unsigned kPlain = Spares::list_for(kSize, false);
constexpr unsigned kCollected = Spares::list_for(kSize, true);

#if defined(Py_GIL_DISABLED) || defined(Py_DEBUG) || defined(HPYSTATE_SANITIZED)
constexpr bool kKeeps = false;
#else
constexpr bool kKeeps = true;
#endif

/// Memory as a freed instance leaves it.
PyObject* freed_instance(unsigned list) {
    PyTypeObject* const type = Spares::is_collected(list) ? &PyTuple_Type : &PyBaseObject_Type;
    PyObject* const made =
        Spares::is_collected(list)
            ? reinterpret_cast<PyObject*>(PyObject_GC_NewVar(PyVarObject, type, 2))
            : static_cast<PyObject*>(PyObject_Malloc(kSize));
    REQUIRE(made != nullptr);
    return made;
}

void free_memory(PyObject* memory, unsigned list) {
    Py_SET_TYPE(memory, &PyTuple_Type);
    Spares::is_collected(list) ? PyObject_GC_Del(memory) : PyObject_Free(memory);
}

} // namespace

TEST_CASE("each size and kind of instance has a list of its own", "[spares]") {
    CHECK(kPlain != kCollected);
    CHECK(Spares::size_of(kPlain) == kSize);
    CHECK(Spares::size_of(kCollected) == kSize);
    CHECK(Spares::is_collected(kCollected));
    CHECK_FALSE(Spares::is_collected(kPlain));
    CHECK(Spares::list_for(Spares::kLargest + 8, true) == 0);
    CHECK(Spares::list_for(kSize + 1, false) == 0);
    CHECK_FALSE(Spares::is_collected(Spares::list_for(Spares::kLargest, false)));
    CHECK(Spares::is_collected(Spares::list_for(sizeof(PyObject), true)));
}

TEST_CASE("a list keeps what it may, gives it out, and gives it back", "[spares]") {
    Runtime runtime;
    const auto spares = std::make_unique<Spares>();
    for (const unsigned list : {kPlain, kCollected}) {
        PyObject* const early = freed_instance(list);
        CHECK_FALSE(spares->keep(early, list)); // not open
        CHECK(spares->take(list) == nullptr);
        free_memory(early, list);

        REQUIRE(spares->open());
        std::vector<PyObject*> kept;
        for (PyObject* memory = freed_instance(list);; memory = freed_instance(list)) {
            if (!spares->keep(memory, list)) {
                free_memory(memory, list);
                break;
            }
            kept.push_back(memory);
        }
        CHECK(kept.size() == (kKeeps ? Spares::kBytes / kSize : 0));
        REQUIRE(spares->open()); // already: no more than before
        if (!kept.empty()) {
            CHECK(spares->take(list) == kept.back());
            CHECK(spares->keep(kept.back(), list));
        }
        PyObject* const one_more = freed_instance(list);
        CHECK_FALSE(spares->keep(one_more, list));
        CHECK(spares->is_valid());
        spares->close();
        CHECK(spares->is_valid());
        CHECK(spares->take(list) == nullptr);
        CHECK_FALSE(spares->keep(one_more, list));
        free_memory(one_more, list);
    }
}

TEST_CASE("an ending interpreter keeps no memory", "[spares]") {
    Runtime runtime;
    Subinterpreter subinterpreter;
    Region& region = *Region::of(enter());
    PyObject* const memory = freed_instance(kPlain);
    if (!region.spares.keep(memory, kPlain)) free_memory(memory, kPlain);
    subinterpreter.close();
    CHECK(region.spares.take(kPlain) == nullptr);
}
