/// tests/model/scenarios_first_value.cpp: HPyGlobal_LoadOrInit: who makes a value, who waits for
/// it.
///
/// Long: the scenarios of one protocol share its actors.
///
/// What is asserted in all of them: nobody waits for ever, which the checker finds; an initializer
/// never runs twice at once for a global and interpreter; who gets an object gets the one that
/// is there; at the end of the interpreter every object dies. Initializers let other threads
/// run, as those that call Python do: with a GIL there would be nothing to wait for otherwise.
#include "tests/model/engine.h"
#include "tests/model/scenarios.h"
#include "tests/model/standin/interpreters.h"
#include "tests/model/subject.h"

#include <array>

namespace hpystate::model {

namespace {

constexpr std::size_t kThreads = 4;

/// Of one execution; made by set_up.
struct World {
    PyInterpreterState* x;
    PyInterpreterState* y;
    HPyContext* of_x;
    HPyContext* of_y;
    Slot* slot;
    Slot* other;
    std::uint64_t making; ///< written by whoever makes the value of the slot in X
    int made;             ///< by initializers of the slot in X, which do not run at once
    int failures;         ///< how many of them are to fail
    struct Ring {
        std::array<Slot*, 3> slots;
        std::array<std::size_t, 3> numbers = {0, 1, 2};
        std::size_t size; ///< how many of them are in it
    } ring;
    std::array<PyObject*, kThreads> got;
    std::array<PyObject*, kThreads> raised;
};

World world;

HPyContext* import_into(PyInterpreterState* interpreter) {
    expect(attach(interpreter), "attached");
    HPyContext* const context = import_module(world.slot);
    detach();
    return context;
}

void set_up() {
    begin_process();
    world = World{};
    world.x = new_interpreter();
    world.slot = new_slot("slot");
    world.other = new_slot("other");
    world.of_x = import_into(world.x);
    register_unlisted(world.other);
}

void set_up_two() {
    set_up();
    world.y = new_interpreter();
    world.of_y = import_into(world.y);
}

void drop_all() {
    for (PyObject* const object : world.got)
        if (object != nullptr) drop(object);
    world.got.fill(nullptr);
}

void end(PyInterpreterState* interpreter) {
    drop_all(); // nobody else is there: it does not matter where one is attached
    end_interpreter(interpreter);
}

void end_x() {
    end(world.x);
    expect(living_objects() == 0, "every object dies with its interpreter");
}

/// Keeps what a call gave until the end; to drop it earlier would be more executions, not more
/// sense.
void keep(PyObject* object) {
    PyObject* const raised = take_exception();
    expect((object != nullptr) == (raised == nullptr), "an object, or an exception");
    world.raised[current_thread()] = raised;
    world.got[current_thread()] = object;
    if (object != nullptr) use(object);
}

void ask(Slot* slot, Initializer init) {
    if (!attach(world.x)) return;
    keep(load_or_init(world.of_x, slot, init));
    detach();
}

void note_making() {
    plain_access(reinterpret_cast<std::uintptr_t>(&world.making), sizeof(world.making),
                 Access::kWrite);
}

/// The initializer of the slot in X. Two at once are a data race.
HPy make_value(HPyContext* /*context*/, void* /*argument*/) {
    note_making();
    ++world.made;
    switch_threads();
    note_making();
    if (world.failures > 0) {
        --world.failures;
        PyErr_SetString(PyExc_ValueError, "an initializer that fails");
        return HPy{0};
    }
    return handle_of(new_object("made"));
}

void ask_for_slot() {
    ask(world.slot, &make_value);
}

/// After `count` threads asked for the slot in X.
void end_with_one_value(std::size_t count) {
    for (std::size_t i = 1; i <= count; ++i) {
        expect(world.got[i] != nullptr, "everybody gets the value");
        expect(world.got[i] == world.got[1], "everybody gets the same");
    }
    expect(world.made == 1, "one initializer runs");
    end_x();
}

Scenario race() {
    return {"two threads want one first value",
            set_up,
            {{"one", &ask_for_slot}, {"two", &ask_for_slot}},
            [] { end_with_one_value(2); }};
}

/// Three that race would be 600,000 executions without the GIL: two of them come late.
Scenario two_waiters() {
    static Event begun("the initializer runs");
    const auto wait = [] {
        begun.wait();
        ask_for_slot();
    };
    return {"a thread makes a first value, two others want it",
            set_up,
            {{"maker",
              [] {
                  ask(world.slot, [](HPyContext* context, void* argument) {
                      begun.set();
                      return make_value(context, argument);
                  });
              }},
             {"one", wait},
             {"two", wait}},
            [] { end_with_one_value(3); }};
}

Scenario failing(const char* name, int failures) {
    return {name,
            [=] {
                set_up();
                world.failures = failures;
            },
            {{"one", &ask_for_slot}, {"two", &ask_for_slot}},
            [=] {
                int failed = 0;
                for (std::size_t i = 1; i <= 2; ++i) {
                    if (world.got[i] != nullptr) continue;
                    expect(world.raised[i] == PyExc_ValueError, "what the initializer raises");
                    ++failed;
                }
                expect(failed == failures, "who made the value gets the error, nobody else");
                expect(world.made == 2, "the next one makes it again");
                end_x();
            }};
}

std::array<Event, 3> begun = {Event("one makes"), Event("two makes"), Event("three makes")};

/// Three that come and go as they like would be too many executions: they come one after the other,
/// and all of them make before anybody asks.
void gather(std::size_t number) {
    detach();
    begun[number].set();
    begun[2].wait();
    expect(attach(world.x), "attached");
}

/// The value of a global in a ring, by an initializer that asks for the next one's; without it if
/// it must.
HPy make_in_ring(HPyContext* context, void* argument) {
    const std::size_t number = *static_cast<std::size_t*>(argument);
    const std::size_t next = (number + 1) % world.ring.size;
    if (world.ring.size == 3) {
        gather(number);
    } else {
        switch_threads();
    }
    PyObject* const object =
        load_or_init(context, world.ring.slots[next], &make_in_ring, &world.ring.numbers[next]);
    if (object != nullptr) {
        use(object);
        drop(object);
    } else {
        expect(take_exception() == PyExc_RuntimeError, "a wait without an end is refused");
    }
    return handle_of(new_object("made"));
}

void ask_in_ring(std::size_t number) {
    if (world.ring.size == 3 && number > 0) begun[number - 1].wait();
    expect(attach(world.x), "attached");
    keep(load_or_init(world.of_x, world.ring.slots[number], &make_in_ring,
                      &world.ring.numbers[number]));
    detach();
}

/// Whose wait is refused makes do without, so everybody gets a value.
Scenario circle(const char* name, std::size_t size) {
    Scenario scenario{name,
                      [=] {
                          set_up();
                          world.ring.size = size;
                          world.ring.slots = {world.slot, world.other, new_slot("third")};
                          register_unlisted(world.ring.slots[2]);
                      },
                      {},
                      [=] {
                          for (std::size_t i = 1; i <= size; ++i)
                              expect(world.got[i] != nullptr, "everybody gets a value");
                          end_x();
                      }};
    constexpr std::array<const char*, 3> kNames = {"one", "two", "three"};
    for (std::size_t i = 0; i < size; ++i)
        scenario.threads.push_back({kNames[i], [=] { ask_in_ring(i); }});
    return scenario;
}

/// Runs in one interpreter and asks for the value in another, as code does that calls another
/// interpreter.
HPy make_across(PyInterpreterState* from, PyInterpreterState* to, HPyContext* there,
                Initializer init) {
    detach();
    expect(attach(to), "attached");
    PyObject* const object = load_or_init(there, world.slot, init);
    if (object != nullptr) drop(object);
    static_cast<void>(take_exception());
    detach();
    expect(attach(from), "attached");
    return handle_of(new_object("made"));
}

HPy make_in_x(HPyContext* context, void* argument);
HPy make_in_y(HPyContext* /*context*/, void* /*argument*/) {
    return make_across(world.y, world.x, world.of_x, &make_in_x);
}
HPy make_in_x(HPyContext* /*context*/, void* /*argument*/) {
    return make_across(world.x, world.y, world.of_y, &make_in_y);
}

Scenario circle_across() {
    return {"two initializers that ask for each other's value in two interpreters",
            set_up_two,
            {{"in X", [] { ask(world.slot, &make_in_x); }},
             {"in Y",
              [] {
                  expect(attach(world.y), "attached");
                  keep(load_or_init(world.of_y, world.slot, &make_in_y));
                  detach();
              }}},
            [] {
                expect(world.got[1] != nullptr && world.got[2] != nullptr,
                       "everybody gets a value");
                end(world.y);
                end_x();
            }};
}

/// Asks for the value that it is to make, stores one, and makes another.
HPy make_again(HPyContext* context, void* /*argument*/) {
    note_making();
    ++world.made;
    expect(load_or_init(context, world.slot, &make_again) == nullptr, "no value yet");
    expect(take_exception() == PyExc_RuntimeError, "who asks for what he makes is refused");
    switch_threads();
    PyObject* const stored = new_object("stored");
    store(context, world.slot, stored);
    drop(stored);
    note_making();
    return handle_of(new_object("dropped"));
}

Scenario reentrant() {
    const auto want = [] { ask(world.slot, &make_again); };
    return {"an initializer that asks for its own value, and stores one",
            set_up,
            {{"one", want}, {"two", want}},
            [] {
                expect(world.got[1] == world.got[2] && world.made == 1,
                       "what the initializer stored stays");
                end_x();
            }};
}

Scenario plain_store() {
    static PyObject* stored = nullptr;
    return {"a store while the first value is made",
            set_up,
            {{"maker", &ask_for_slot},
             {"storer",
              [] {
                  expect(attach(world.x), "attached");
                  stored = new_object("stored");
                  store(world.of_x, world.slot, stored);
                  drop(stored);
                  detach();
              }}},
            [] {
                expect(world.got[1] != nullptr, "the maker gets a value");
                expect(attach(world.x), "attached");
                PyObject* const found = load(world.of_x, read_slot(world.slot));
                expect(found == stored || found == world.got[1], "what is there was stored");
                use(found);
                drop(found);
                detach();
                end_x();
            }};
}

/// The initializer in X goes on when the value in Y is there: a deadlock, if that waited for X.
Scenario apart() {
    static Event there("the value in Y is there");
    return {"one initializer in two interpreters",
            set_up_two,
            {{"in X",
              [] {
                  ask(world.slot, [](HPyContext*, void*) {
                      detach();
                      there.wait();
                      expect(attach(world.x), "attached");
                      return handle_of(new_object("of X"));
                  });
              }},
             {"in Y",
              [] {
                  expect(attach(world.y), "attached");
                  keep(load_or_init(world.of_y, world.slot, [](HPyContext*, void*) {
                      return handle_of(new_object("of Y"));
                  }));
                  detach();
                  there.set();
              }}},
            [] {
                expect(world.got[1] != world.got[2], "each interpreter has its own");
                end(world.y);
                end_x();
            }};
}

HPy never(HPyContext* /*context*/, void* /*argument*/) {
    fail("an initializer runs in an interpreter that is past teardown");
}

/// A destructor asks, while the modules go. The maker, if there is one, does not come back.
void ask_early() {
    PyObject* const object = load_or_init(world.of_x, world.slot, &make_value);
    PyObject* const raised = take_exception();
    if (object == nullptr) {
        expect(raised == PyExc_RuntimeError, "to wait for who is stopped for good is refused");
        return;
    }
    use(object);
    drop(object);
}

void ask_late() {
    expect(load_or_init(world.of_x, world.slot, &never) == nullptr, "no value any more");
    expect(take_exception() == PyExc_SystemError, "the interpreter is past teardown");
}

/// An object that is kept would outlive its interpreter.
void ask_and_drop() {
    if (!attach(world.x)) return;
    PyObject* const object = load_or_init(world.of_x, world.slot, &make_value);
    expect(object != nullptr, "the value, or no return");
    drop(object);
    detach();
}

/// Then another interpreter gets the region, and wants a value of its own in the same slot.
Scenario end_while_making() {
    return {"an interpreter ends while a value is made",
            [] {
                set_up();
                world.y = new_interpreter();
            },
            {{"one", &ask_and_drop},
             {"two", &ask_and_drop},
             {"ender",
              [] {
                  end_interpreter(world.x, &ask_late, ExitCallbacks::kRun, &ask_early);
                  expect(living_objects() == 0, "every object dies with its interpreter");
                  world.of_y = import_into(world.y);
                  expect(attach(world.y), "attached");
                  keep(load_or_init(world.of_y, world.slot, [](HPyContext*, void*) {
                      return handle_of(new_object("of Y"));
                  }));
                  detach();
              }}},
            [] {
                expect(world.got[3] != nullptr, "the successor has its own value");
                end(world.y);
            }};
}

void raise_interrupt() {
    PyErr_SetString(PyExc_KeyboardInterrupt, "a signal");
}

/// What the handler gets it drops; the thread asks again.
void handle_and_ask() {
    PyObject* const object = load_or_init(world.of_x, world.slot, &make_value);
    expect(object != nullptr, "the handler gets the value");
    drop(object);
}

/// Two ask for a value, and a signal comes for one of them, whether it makes the value or waits.
/// Only who waits runs the handler here: it is the code between that runs it elsewhere.
Scenario interrupted(const char* name, void (*handler)()) {
    return {name,
            [=] {
                set_up();
                set_handler(handler);
            },
            {{"one", &ask_for_slot}, {"two", &ask_for_slot}, {"signal", [] { interrupt(2); }}},
            [=] {
                expect(nobody_waits(), "who was interrupted is in no list");
                expect(world.got[1] != nullptr, "who got no signal has the value");
                const bool raises = handler == &raise_interrupt;
                if (world.got[2] == nullptr) {
                    expect(raises && world.raised[2] == PyExc_KeyboardInterrupt,
                           "what the handler raised");
                }
                expect(world.made == 1, "one initializer runs");
                end_x();
            }};
}

/// A signal comes for a thread that is in a circle of two.
Scenario interrupted_circle() {
    Scenario scenario =
        circle("a signal for one of two initializers that ask for each other's value", 2);
    const auto set_up = scenario.set_up;
    scenario.set_up = [=] {
        set_up();
        set_handler([] {});
    };
    scenario.threads.push_back({"signal", [] { interrupt(2); }});
    return scenario;
}

/// The thread that is interrupted may not attach any more.
Scenario interrupted_while_ending() {
    return {"an interpreter ends while a signal comes",
            [] {
                set_up();
                set_handler([] {});
            },
            {{"one", &ask_and_drop},
             {"two",
              [] {
                  interrupt(1);
                  end_interpreter(world.x);
                  expect(living_objects() == 0, "every object dies with its interpreter");
              }},
             {"three", &ask_and_drop}},
            nullptr};
}

} // namespace

std::vector<Scenario> first_value_scenarios() {
    return {race(),
            two_waiters(),
            failing("an initializer that fails once", 1),
            failing("an initializer that always fails", 2),
            circle("two initializers that ask for each other's value", 2),
            circle("three initializers that ask for each other's value", 3),
            circle_across(),
            reentrant(),
            plain_store(),
            apart(),
            end_while_making(),
            interrupted("a signal whose handler raises", &raise_interrupt),
            interrupted("a signal whose handler asks for the same value", &handle_and_ask),
            interrupted_circle(),
            interrupted_while_ending()};
}

} // namespace hpystate::model
