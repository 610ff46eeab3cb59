/// tests/interp_state/test_values.cpp: values by region and slot, as code without a context has
/// them.
#include "globals/registry.h"
#include "interp_state/first_value.h"
#include "interp_state/values.h"
#include "tests/interp_state/interpreters.h"

#include <cstdint>
#include <string>

using namespace hpystate;
using namespace hpystate::testing;

namespace {

std::uintptr_t slot;      ///< as a static of an extension, which no module lists
std::uintptr_t neighbour; ///< nobody stores to it

/// The text of the exception that is set; it is not set any more.
std::string raised_text() {
    PyObject* const raised = PyErr_GetRaisedException();
    REQUIRE(raised != nullptr);
    PyObject* const text = PyObject_Str(raised);
    const std::string result = PyUnicode_AsUTF8(text);
    Py_DECREF(text);
    Py_DECREF(raised);
    return result;
}

/// Makes a value and counts how often it was asked to; fails where `fails`.
struct Counted {
    int calls = 0;
    bool fails = false;

    [[nodiscard]] Maker maker() noexcept {
        return {[](void* data) noexcept -> PyObject* {
                    auto& self = *static_cast<Counted*>(data);
                    ++self.calls;
                    if (!self.fails) return PyLong_FromLong(100'000 + self.calls);
                    PyErr_SetString(PyExc_ValueError, "not now");
                    return nullptr;
                },
                this};
    }
};

} // namespace

TEST_CASE("a value that was stored by region and slot is loaded in that interpreter alone") {
    const Runtime python;
    enter();
    Region& first = *current_region();
    PyObject* const value = PyList_New(0);
    const Py_ssize_t before = Py_REFCNT(value);

    REQUIRE(store_value(first, &slot, value));
    CHECK(slot == reinterpret_cast<std::uintptr_t>(&slot)); // registered on the fly
    const Token token(slot);
    CHECK(Py_REFCNT(value) == before + 1);
    CHECK(lend_value(first, token) == value);
    CHECK(Py_REFCNT(value) == before + 1);

    PyObject* const loaded = load_value(first, token);
    CHECK(loaded == value);
    CHECK(Py_REFCNT(value) == before + 2);
    Py_DECREF(loaded);
    CHECK(kept_value(first, token) == (kNoGil ? value : nullptr));

    {
        const Subinterpreter other;
        enter();
        Region& second = *current_region();
        CHECK(load_value(second, token) == nullptr);
        CHECK(lend_value(second, token) == nullptr);
        CHECK(PyErr_Occurred() == nullptr);
    }

    REQUIRE(store_value(first, &slot, nullptr));
    CHECK(load_value(first, token) == nullptr);
    Py_DECREF(value);
}

TEST_CASE("a first value is made once, by region and slot") {
    const Runtime python;
    enter();
    Region& region = *current_region();
    Counted counted{0, true};

    CHECK(first_value(region, &slot, counted.maker(), "make") == nullptr);
    CHECK(raised_text() == "not now");

    counted.fails = false;
    PyObject* const made = first_value(region, &slot, counted.maker(), "make");
    PyObject* const again = first_value(region, &slot, counted.maker(), "make");
    REQUIRE(made != nullptr);
    CHECK(made == again);
    CHECK(counted.calls == 2);
    Py_DECREF(made);
    Py_DECREF(again);

    Import import{"collections", "deque"};
    PyObject* const imported = first_value(region, &neighbour, import.maker(), "import");
    REQUIRE(imported != nullptr);
    CHECK(PyType_Check(imported));
    Py_DECREF(imported);
    REQUIRE(store_value(region, &neighbour, nullptr));
}

TEST_CASE("a slot that holds nothing is named, and an exception that was set becomes the context") {
    const Runtime python;
    enter();
    static_cast<void>(registry().add_unlisted(&neighbour)); // its first store was elsewhere
    PyErr_SetString(PyExc_ValueError, "before");

    raise_unset(*current_region(), "load", Token(reinterpret_cast<std::uintptr_t>(&neighbour)));

    PyObject* const raised = PyErr_GetRaisedException();
    REQUIRE(raised != nullptr);
    CHECK(Py_IS_TYPE(raised, reinterpret_cast<PyTypeObject*>(PyExc_SystemError)));
    PyObject* const context = PyException_GetContext(raised);
    REQUIRE(context != nullptr);
    CHECK(Py_IS_TYPE(context, reinterpret_cast<PyTypeObject*>(PyExc_ValueError)));
    Py_DECREF(context);
    PyErr_SetRaisedException(raised);
    const std::string text = raised_text();
    CHECK(text.starts_with("load: "));
    CHECK(text.find("holds nothing in this interpreter, a value was expected.") !=
          std::string::npos);
}
