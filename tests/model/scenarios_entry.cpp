/// tests/model/scenarios_entry.cpp: one interpreter: stores, loads, its collector and its end.
///
/// What is asserted in all of them: a load gives an object that was stored under this very token
/// and is alive, or null; and at the end of the interpreter every object dies. A freed object, or
/// one whose content a loader does not know, is found by the checker itself.
#include "tests/model/scenarios.h"
#include "tests/model/standin/interpreters.h"
#include "tests/model/subject.h"

namespace hpystate::model {

namespace {

/// Of one execution; made by set_up.
struct World {
    PyInterpreterState* interpreter;
    HPyContext* context;
    Slot* slot;
    Slot* twin;
    Slot* late; ///< stored to while the interpreter may be ending; or null
    PyObject* first;
    PyObject* second;
    PyObject* other; ///< under the twin
};

World world;

void put(Slot* slot, PyObject*& object, const char* name, void (*finalize)() = nullptr) {
    object = new_object(name, finalize);
    store(world.context, slot, object);
    drop(object); // the window keeps it
}

void set_up() {
    begin_process();
    world = World{};
    world.interpreter = new_interpreter();
    world.slot = new_slot("slot");
    world.twin = new_twin(world.slot, "twin");
    expect(attach(world.interpreter), "attached");
    world.context = import_module(world.slot);
    register_unlisted(world.twin); // by a module of another interpreter
    detach();
}

/// One load of `slot` by an attached thread; null or one of two.
PyObject* load_one_of(Slot* slot, PyObject* one, PyObject* other) {
    PyObject* const object = load(world.context, read_slot(slot));
    if (object == nullptr) return nullptr;
    expect(object == one || object == other, "an object of this slot");
    use(object);
    return object;
}

void drop_if(PyObject* object) {
    if (object != nullptr) drop(object);
}

/// Two loads, the first reference kept meanwhile.
void load_twice() {
    if (!attach(world.interpreter)) return;
    PyObject* const object = load_one_of(world.slot, world.first, world.second);
    drop_if(load_one_of(world.slot, world.first, world.second));
    if (object != nullptr) {
        use(object);
        drop(object);
    }
    detach();
}

void load_once() {
    if (!attach(world.interpreter)) return;
    drop_if(load_one_of(world.slot, world.first, world.second));
    detach();
}

void end() {
    end_interpreter(world.interpreter);
    expect(living_objects() == 0, "every object dies with its interpreter");
}

void store_second() {
    if (!attach(world.interpreter)) return;
    put(world.slot, world.second, "second");
    detach();
}

void store_first() {
    if (!attach(world.interpreter)) return;
    put(world.slot, world.first, "first");
    detach();
}

void load_twin() {
    if (!attach(world.interpreter)) return;
    drop_if(load_one_of(world.twin, world.other, world.other));
    detach();
}

void store_twin() {
    if (!attach(world.interpreter)) return;
    put(world.twin, world.other, "other");
    detach();
}

void set_up_with_first() {
    set_up();
    expect(attach(world.interpreter), "attached");
    put(world.slot, world.first, "first");
    detach();
}

/// The slot is not listed, so that its first store claims its entry, and no thread knows the object
/// but by the store.
Scenario first_store() {
    return {"claim and first store, against loads",
            [] {
                set_up();
                world.slot = new_slot("unlisted");
                register_unlisted(world.slot);
            },
            {{"storer", store_first}, {"loader", load_twice}},
            end};
}

Scenario overwrite() {
    return {"overwrite, against two loads",
            set_up_with_first,
            {{"storer", store_second}, {"loader", load_twice}},
            end};
}

Scenario overwrite_twice() {
    return {"overwrites by two threads, against a load",
            set_up_with_first,
            {{"storer", store_second},
             {"clearer",
              [] {
                  if (!attach(world.interpreter)) return;
                  store(world.context, world.slot, nullptr);
                  detach();
              }},
             {"loader", load_once}},
            end};
}

Scenario collision() {
    return {"two tokens on one entry, stored and loaded",
            set_up_with_first,
            {{"storer",
              [] {
                  if (!attach(world.interpreter)) return;
                  put(world.twin, world.other, "other");
                  PyObject* const own = load_one_of(world.twin, world.other, world.other);
                  expect(own != nullptr, "the object that this very thread stored");
                  drop(own);
                  detach();
              }},
             {"loader",
              [] {
                  if (!attach(world.interpreter)) return;
                  drop_if(load_one_of(world.twin, world.other, world.other));
                  PyObject* const first = load_one_of(world.slot, world.first, nullptr);
                  expect(first != nullptr, "the tenant of the entry stays");
                  drop(first);
                  detach();
              }}},
            end};
}

Scenario race_for_an_entry() {
    return {"two tokens race for one entry",
            [] {
                set_up();
                world.slot = new_slot("unlisted");
                world.twin = new_twin(world.slot, "its twin");
                register_unlisted(world.slot);
                register_unlisted(world.twin);
            },
            {{"storer", store_first}, {"other storer", store_twin}, {"loader", load_twin}},
            [] {
                expect(attach(world.interpreter), "attached");
                PyObject* const first = load_one_of(world.slot, world.first, nullptr);
                PyObject* const other = load_one_of(world.twin, world.other, nullptr);
                expect(first != nullptr && other != nullptr, "both objects, each under its token");
                drop(first);
                drop(other);
                detach();
                end();
            }};
}

Scenario two_entries() {
    return {"first stores to two entries at once",
            [] {
                set_up();
                world.slot = new_slot("one");
                world.late = new_slot("two");
                register_unlisted(world.slot);
                register_unlisted(world.late);
            },
            {{"storer", store_first},
             {"other storer",
              [] {
                  if (!attach(world.interpreter)) return;
                  put(world.late, world.second, "second");
                  detach();
              }}},
            end};
}

Scenario overwrite_overflow() {
    return {"overwrite of a token in the overflow, against its load",
            [] {
                set_up_with_first();
                expect(attach(world.interpreter), "attached");
                put(world.twin, world.second, "second");
                detach();
            },
            {{"storer", store_twin},
             {"loader",
              [] {
                  if (!attach(world.interpreter)) return;
                  drop_if(load_one_of(world.twin, world.second, world.other));
                  detach();
              }}},
            end};
}

/// Runs when an object dies in the exit callback, and in the last collection: nothing comes back.
void finalize() {
    expect(load(world.context, read_slot(world.slot)) == nullptr,
           "no load after the window closed");
    expect(load(world.context, read_slot(world.twin)) == nullptr, "nor from the overflow");
    expect(load(world.context, read_slot(world.late)) == nullptr, "nor of what still waits");
    PyObject* const late = new_object("late");
    store(world.context, world.slot, late);
    store(world.context, world.twin, late);
    drop(late);
    expect(load(world.context, read_slot(world.slot)) == nullptr, "no store after that");
    expect(current_context() == world.context, "the context of an interpreter that is ending");
}

void set_up_finalizers() {
    set_up();
    world.late = new_slot("late");
    register_unlisted(world.late);
    expect(attach(world.interpreter), "attached");
    put(world.slot, world.first, "first", &finalize);
    put(world.twin, world.other, "other", &finalize);
    detach();
}

Scenario store_against_end(const char* name, ExitCallbacks callbacks) {
    static Event gone("the interpreter is gone");
    return {name,
            set_up_finalizers,
            {{"storer",
              [] {
                  if (!attach(world.interpreter)) return;
                  put(world.late, world.second, "second");
                  drop_if(load_one_of(world.late, world.second, nullptr));
                  detach();
              }},
             {"ender",
              [=] {
                  end_interpreter(world.interpreter, &finalize, callbacks);
                  gone.set();
              }},
             {"stale",
              [] {
                  load_once(); // attached, or too late
                  gone.wait();
                  expect(load(world.context, read_slot(world.slot)) == nullptr, "a stale load");
                  expect(load(world.context, read_slot(world.twin)) == nullptr, "a stale load");
              }}},
            [] { expect(living_objects() == 0, "every object dies with its interpreter"); }};
}

Scenario collector() {
    return {"the collector, against stores",
            set_up_with_first,
            {{"storer",
              [] {
                  store_second();
                  store_twin();
              }},
             {"collector",
              [] {
                  if (!attach(world.interpreter)) return;
                  collect();
                  detach();
              }}},
            end};
}

} // namespace

std::vector<Scenario> entry_scenarios() {
    return {
        first_store(),
        overwrite(),
        overwrite_twice(),
        collision(),
        race_for_an_entry(),
        two_entries(),
        overwrite_overflow(),
        store_against_end("store and load, against the end, finalizers and a stale context",
                          ExitCallbacks::kRun),
        store_against_end("the same where CPython loses the exit callback", ExitCallbacks::kLost),
        collector()};
}

} // namespace hpystate::model
