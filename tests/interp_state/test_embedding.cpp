/// tests/interp_state/test_embedding.cpp: globals over the lives of interpreters.
#include "globals/registry.h"
#include "tests/interp_state/interpreters.h"

#include <array>
#include <atomic>
#include <thread>

using namespace hpystate;
using namespace hpystate::testing;

namespace {

// What an extension has: statics. Each test takes its own.
HPyGlobal slots[16];

HPyContext* finalizers_context = nullptr;
HPyGlobal* finalizers_slot = nullptr;
PyObject* seen_by_finalizer = nullptr;

/// A list that holds itself, and an object that counts its end.
PyObject* counted_cycle(int* counter) {
    PyObject* const list = PyList_New(0);
    PyObject* const value = counted(counter);
    REQUIRE(PyList_Append(list, value) == 0);
    REQUIRE(PyList_Append(list, list) == 0);
    Py_DECREF(value);
    return list;
}

PyObject* held_by_static = nullptr;

struct Ended {
    int by_global = 0; ///< only a global held it
    int by_static = 0; ///< only a static of C held it, until an exit callback: CPython alone
};

/// What is destroyed with an interpreter that ends on another thread. The stack of the main thread,
/// where it begins, lies above all others.
Ended end_on_another_thread(bool own_gil, bool by_its_own_state) {
    Ended ended;
    Subinterpreter other(own_gil);
    PyObject* const value = counted_cycle(&ended.by_global);
    store(enter(), slots[15], value);
    Py_DECREF(value);
    held_by_static = counted_cycle(&ended.by_static);
    register_exit([](void*) { Py_CLEAR(held_by_static); }, nullptr);
    other.close_on_another_thread(by_its_own_state);
    return ended;
}

/// Loads and stores while it is destroyed.
void look_and_store(PyObject*) {
    HPyContext* const ctx = finalizers_context;
    seen_by_finalizer = load(ctx, *finalizers_slot);
    store(ctx, *finalizers_slot, Py_None);
}

} // namespace

TEST_CASE("a load before any store gives HPy_NULL and no exception", "[global]") {
    const Runtime runtime;
    HPyContext* const ctx = enter();

    CHECK(ctx->ctx_Global_Load(ctx, slots[0])._i == 0);
    // As another copy of this runtime leaves it, which has registered the slot.
    HPyGlobal elsewhere{};
    elsewhere._i = reinterpret_cast<std::intptr_t>(&elsewhere);
    CHECK(ctx->ctx_Global_Load(ctx, elsewhere)._i == 0);
    CHECK(PyErr_Occurred() == nullptr);
}

TEST_CASE("an unlisted slot is registered by its first store", "[global][unlisted]") {
    const Runtime runtime;
    HPyContext* const ctx = enter();

    store(ctx, slots[1], Py_Ellipsis);

    CHECK(slots[1]._i == reinterpret_cast<std::intptr_t>(&slots[1]));
    CHECK(load(ctx, slots[1]) == Py_Ellipsis);
    CHECK_FALSE(registry().find(Token(static_cast<std::uintptr_t>(slots[1]._i)))->listed());
}

TEST_CASE("storing HPy_NULL clears, and an unset slot stays unset", "[global]") {
    const Runtime runtime;
    HPyContext* const ctx = enter();
    store(ctx, slots[2], Py_Ellipsis);

    store(ctx, slots[2], nullptr);
    CHECK(load(ctx, slots[2]) == nullptr);

    HPyGlobal garbage{0x1234567};
    store(ctx, garbage, nullptr); // never zeroed, or another runtime's: its content is left alone
    CHECK(garbage._i == 0x1234567);
    CHECK(load(ctx, garbage) == nullptr);
    CHECK(PyErr_ExceptionMatches(PyExc_SystemError) == 1); // it is not known which slot was meant
    PyErr_Clear();
}

TEST_CASE("a slot that was moved by value keeps its value until it is stored to",
          "[global][numpy]") {
    const Runtime runtime;
    HPyContext* const ctx = enter();
    std::array<HPyGlobal, 1> old_home{};
    store(ctx, old_home[0], Py_Ellipsis);
    std::array<HPyGlobal, 1> new_home = old_home; // as realloc moves it

    CHECK(load(ctx, new_home[0]) == Py_Ellipsis);
    store(ctx, new_home[0], Py_None);

    CHECK(load(ctx, new_home[0]) == Py_None);
    CHECK(load(ctx, old_home[0]) == Py_Ellipsis);
}

TEST_CASE("a heap slot with garbage in it loads nothing, never another one's value",
          "[global][unlisted]") {
    const Runtime runtime;
    HPyContext* const ctx = enter();
    store(ctx, slots[3], Py_Ellipsis);

    const auto near = reinterpret_cast<std::intptr_t>(&slots[3]);
    const auto window_bytes = static_cast<std::intptr_t>(Window::kEntries * 8);
    for (const std::intptr_t bits :
         {near + 1, near + window_bytes, near - window_bytes, near | 7}) {
        CHECK(ctx->ctx_Global_Load(ctx, HPyGlobal{bits})._i == 0);
    }
}

TEST_CASE("two interpreters keep different values in one slot", "[isolation]") {
    const Runtime runtime;
    HPyContext* const main = enter();
    store(main, slots[4], Py_True);
    for (const bool own_gil : {true, false}) {
        Subinterpreter other(own_gil);
        HPyContext* const ctx = enter();

        CHECK(ctx != main);
        CHECK(load(ctx, slots[4]) == nullptr);
        store(ctx, slots[4], Py_False);
        CHECK(load(ctx, slots[4]) == Py_False);
        other.close();
        CHECK(load(main, slots[4]) == Py_True);
    }
}

TEST_CASE("an object that only a global held is destroyed when its interpreter ends",
          "[teardown]") {
    const Runtime runtime;
    int ended = 0;
    Subinterpreter other;
    PyObject* const value = counted(&ended);
    store(enter(), slots[5], value);
    Py_DECREF(value);

    CHECK(ended == 0);
    other.close();
    CHECK(ended == 1);
}

TEST_CASE("a cycle through a global is collected when its interpreter ends", "[teardown][gc]") {
    const Runtime runtime;
    int ended = 0;
    Subinterpreter other;
    PyObject* const list = counted_cycle(&ended);
    store(enter(), slots[6], list);
    Py_DECREF(list);

    other.close();

    CHECK(ended == 1);
}

TEST_CASE("a destructor at the end loads nothing, and its store has no effect", "[teardown]") {
    const Runtime runtime;
    Subinterpreter other;
    HPyContext* const ctx = enter();
    store(ctx, slots[7], Py_Ellipsis);
    PyObject* const value = PyCapsule_New(&slots, nullptr, &look_and_store);
    store(ctx, slots[8], value);
    Py_DECREF(value);
    finalizers_context = ctx;
    finalizers_slot = &slots[7];
    seen_by_finalizer = Py_Ellipsis;

    other.close();

    CHECK(seen_by_finalizer == nullptr);
    CHECK(load(ctx, slots[7]) == nullptr); // a stale context: its region was not recycled yet
}

TEST_CASE("the collector is shown what a global holds", "[gc]") {
    const Runtime runtime;
    HPyContext* const ctx = enter();
    PyObject* const list = PyList_New(0);
    store(ctx, slots[9], list);

    PyObject* const gc = PyImport_ImportModule("gc");
    PyObject* const referrers = PyObject_CallMethod(gc, "get_referrers", "O", list);
    REQUIRE(PyList_GET_SIZE(referrers) == 1);
    CHECK(PyList_GET_ITEM(referrers, 0) == Region::of(ctx)->holder);

    Py_DECREF(referrers);
    Py_DECREF(gc);
    Py_DECREF(list);
}

TEST_CASE("values are released where CPython loses the exit callback", "[teardown]") {
    // gh-127791, before 3.13.2: a third callback takes the place of the second one.
    int ended = 0;
    {
        const Runtime runtime;
        for (const bool main : {false, true}) {
            Subinterpreter other;
            if (main) other.close();
            register_exit([](void*) {}, nullptr);
            HPyContext* const ctx = enter();
            register_exit([](void*) {}, nullptr);
            PyObject* const list = counted_cycle(&ended);
            store(ctx, slots[14], list);
            Py_DECREF(list);
            PyGC_Collect();
            CHECK(ended == 0 + main);
            if (!main) other.close();
            CHECK(ended == 1);
        }
    }
    CHECK(ended == 2);
    const Runtime again;
    CHECK(load(enter(), slots[14]) == nullptr);
}

TEST_CASE("an interpreter ended on another thread loses no more than CPython alone",
          "[teardown][gc]") {
    const Runtime runtime;
    for (const bool own_gil : {true, false}) {
        const Ended ended = end_on_another_thread(own_gil, false);

        CHECK(ended.by_global == ended.by_static);
        // gh-157519: later ones take the other stack for a full one, and destroy no list on it.
        if (PY_VERSION_HEX < 0x030E0000) CHECK(ended.by_global == 1);
    }
}

#if PY_VERSION_HEX >= 0x030E0000 // earlier ones crash without the interpreter's first thread state

TEST_CASE("an interpreter ended on another thread by a state of that thread loses nothing",
          "[teardown][gc]") {
    const Runtime runtime;
    for (const bool own_gil : {true, false}) {
        const Ended ended = end_on_another_thread(own_gil, true);

        CHECK(ended.by_global == 1);
        CHECK(ended.by_static == 1);
    }
}

#endif

TEST_CASE("Py_Finalize and Py_Initialize begin a new generation", "[lifetime]") {
    PyInterpreterState* first = nullptr;
    std::uint32_t generation = 0;
    int ended = 0;
    {
        const Runtime runtime;
        HPyContext* const ctx = enter();
        first = PyInterpreterState_Get();
        generation = Region::of(ctx)->generation;
        PyObject* const value = counted(&ended);
        store(ctx, slots[10], value);
        Py_DECREF(value);
    }
    CHECK(ended == 1);
    const Runtime runtime;
    HPyContext* const ctx = enter();

    CHECK(PyInterpreterState_Get() == first); // the same address, and the id is 0 again
    CHECK(Region::of(ctx)->generation == generation + 1);
    CHECK(load(ctx, slots[10]) == nullptr);
    store(ctx, slots[10], Py_True);
    CHECK(load(ctx, slots[10]) == Py_True);
}

TEST_CASE("a new interpreter at a dead one's address sees none of its values", "[lifetime]") {
    const Runtime runtime;
    PyInterpreterState* dead = nullptr;
    {
        Subinterpreter first;
        dead = first.interpreter();
        store(enter(), slots[11], Py_Ellipsis);
    }
    bool met = false;
    for (int i = 0; i < 20 && !met; ++i) {
        Subinterpreter next;
        met = next.interpreter() == dead;
        HPyContext* const ctx = enter();
        CHECK(load(ctx, slots[11]) == nullptr);
        CHECK(current_region() == Region::of(ctx));
    }
    if (!met) WARN("CPython did not reuse the address this time");
}

TEST_CASE("a thread that knew a dead interpreter finds the successor's state", "[lifetime]") {
    // The thread lives on and keeps nothing of ours between its visits.
    const Runtime runtime;
    std::atomic<int> visit{0};
    std::atomic<int> visited{0};
    std::atomic<PyInterpreterState*> where{nullptr};
    std::array<const HPyContext*, 4> found{};
    std::thread worker([&] {
        for (int i = 1; i <= 4; ++i) {
            while (visit.load() < i)
                std::this_thread::yield();
            PyThreadState* const state = PyThreadState_New(where.load());
            PyEval_RestoreThread(state);
            Region* const region = current_region();
            found[static_cast<std::size_t>(i - 1)] =
                region != nullptr ? &region->context() : nullptr;
            PyThreadState_Clear(state);
            PyThreadState_DeleteCurrent();
            visited.store(i);
        }
    });
    for (int i = 1; i <= 4; ++i) {
        Subinterpreter next;
        HPyContext* const ctx = enter();
        store(ctx, slots[12], Py_Ellipsis);
        where.store(next.interpreter());
        PyThreadState* const mine = PyEval_SaveThread();
        visit.store(i);
        while (visited.load() < i)
            std::this_thread::yield();
        PyEval_RestoreThread(mine);
        CHECK(found[static_cast<std::size_t>(i - 1)] == ctx);
    }
    worker.join();
}

TEST_CASE("a lookup in an interpreter that never loaded an extension finds nothing", "[lifetime]") {
    {
        const Runtime runtime;
        enter();
        for (int i = 0; i < 8; ++i) { // also where a dead one that had loaded one has its address
            Subinterpreter dead;
            enter();
            dead.close();
            Subinterpreter other;
            CHECK(current_region() == nullptr);
        }
    }
    const Runtime again; // the main interpreter's address and id come back
    CHECK(current_region() == nullptr);
}

TEST_CASE("a finalizer in the last collection finds its interpreter's state", "[lifetime]") {
    const Runtime runtime;
    Subinterpreter other;
    static Region* expected = nullptr;
    static Region* found = nullptr;
    expected = Region::of(enter());
    PyObject* const list = PyList_New(0); // a cycle: what it holds is destroyed by the collector
    PyObject* const value =
        PyCapsule_New(&found, nullptr, [](PyObject*) { found = current_region(); });
    REQUIRE(PyList_Append(list, value) == 0);
    REQUIRE(PyList_Append(list, list) == 0);
    Py_DECREF(value);
    store(&expected->context(), slots[13], list);
    Py_DECREF(list);

    other.close();

    CHECK(found == expected);
}

TEST_CASE("an interpreter's state is entered once, however often it is asked for", "[lifetime]") {
    const Runtime runtime;
    HPyContext* const first = enter();
    PyObject* const holder = Region::of(first)->holder.load();

    CHECK(enter() == first);
    CHECK(Region::of(first)->holder == holder);
}
