/// tests/model/scenarios_region.cpp: interpreters that come and go, and the regions they are given.
///
/// What is asserted: a thread finds the region of the interpreter that it is attached to, with a
/// filled context and an empty window, or none; a value stored by one interpreter is seen by no
/// other.
#include "tests/model/scenarios.h"
#include "tests/model/standin/interpreters.h"
#include "tests/model/subject.h"

namespace hpystate::model {

namespace {

struct World {
    PyInterpreterState* x;
    PyInterpreterState* y;
    PyInterpreterState* z;
    HPyContext* context_of_x;
    Slot* slot;
};

World world;

void drop_if(PyObject* object) {
    if (object != nullptr) drop(object);
}

/// Makes the module in the attached thread's interpreter, which is new, and works with its global.
HPyContext* work_in(const char* name) {
    HPyContext* const context = import_module(world.slot);
    expect(context != nullptr && current_context() == context, "the context just made is found");
    use_context(context);
    expect(load(context, read_slot(world.slot)) == nullptr, "nothing was stored here");
    PyObject* const object = new_object(name);
    store(context, world.slot, object);
    PyObject* const found = load(context, read_slot(world.slot));
    expect(found == object, "what this interpreter stored");
    drop(found);
    drop(object);
    return context;
}

HPyContext* come_and_work(PyInterpreterState* interpreter, const char* name) {
    expect(attach(interpreter), "attached");
    HPyContext* const context = work_in(name);
    detach();
    return context;
}

void begin() {
    begin_process();
    world = World{};
    world.x = new_interpreter();
    world.y = new_interpreter();
    world.z = new_interpreter();
    world.slot = new_slot("slot");
}

void begin_with_x() {
    begin();
    world.context_of_x = come_and_work(world.x, "of X");
}

void work_in_y() {
    static_cast<void>(come_and_work(world.y, "of Y"));
}

void end(PyInterpreterState* interpreter) {
    end_interpreter(interpreter);
}

void all_dead() {
    expect(living_objects() == 0, "every object dies with its interpreter");
}

Scenario growth() {
    return {"look-ups, while the directory grows",
            begin_with_x,
            {{"looker",
              [] {
                  expect(attach(world.x), "attached");
                  HPyContext* const context = current_context();
                  expect(context == world.context_of_x, "the context of X");
                  PyObject* const object = load(context, read_slot(world.slot));
                  expect(object != nullptr, "the object of X");
                  use(object);
                  drop(object);
                  detach();
              }},
             {"adopter", work_in_y},
             {"other", [] { static_cast<void>(come_and_work(world.z, "of Z")); }}},
            [] {
                end(world.x);
                end(world.y);
                end(world.z);
                all_dead();
            }};
}

/// Runs in the last collection of X, when others may already want its region.
void late_finalizer() {
    expect(current_context() == world.context_of_x, "the context of an interpreter that is ending");
    use_context(world.context_of_x);
    PyObject* const late = new_object("late");
    store(world.context_of_x, world.slot, late);
    expect(load(world.context_of_x, read_slot(world.slot)) == nullptr, "no value of anybody");
    drop(late);
}

Scenario recycling() {
    return {"an interpreter ends, and others want its region",
            begin_with_x,
            {{"ender", [] { end_interpreter(world.x, &late_finalizer); }},
             {"adopter", work_in_y},
             {"other", [] { static_cast<void>(come_and_work(world.z, "of Z")); }}},
            [] {
                end(world.y);
                end(world.z);
                all_dead();
            }};
}

/// X is gone; a new interpreter has its address. One thread loads an extension there, another only
/// looks: it finds no context, or the new one.
Scenario same_address() {
    static Event reborn("a new interpreter has X's address");
    return {"a new interpreter at a dead one's address",
            begin_with_x,
            {{"importer",
              [] {
                  end(world.x);
                  world.x = new_interpreter(world.x);
                  reborn.set();
                  expect(attach(world.x), "attached");
                  static_cast<void>(work_in("of the new X"));
                  detach();
              }},
             {"looker",
              [] {
                  reborn.wait();
                  expect(attach(world.x), "attached");
                  if (HPyContext* const context = current_context()) {
                      use_context(context);
                      PyObject* const object = load(context, read_slot(world.slot));
                      if (object != nullptr) use(object); // of the new X: the old one's is freed
                      drop_if(object);
                  }
                  detach();
              }},
             {"adopter", work_in_y}},
            [] {
                end(world.x);
                end(world.y);
                all_dead();
            }};
}

Scenario one_region_for_two() {
    return {
        "two interpreters want the one region that is free",
        [] {
            begin_with_x();
            end(world.x);
        },
        {{"one", work_in_y}, {"two", [] { static_cast<void>(come_and_work(world.z, "of Z")); }}},
        [] {
            end(world.y);
            end(world.z);
            all_dead();
        }};
}

Scenario two_importers() {
    static HPyContext* found[2];
    static Slot* own[2];
    const auto import = [](std::size_t i) {
        expect(attach(world.y), "attached");
        found[i] = import_module(own[i]);
        PyObject* const object = new_object(i == 0 ? "first" : "second");
        store(found[i], own[i], object);
        drop(object);
        drop_if(load(current_context(), read_slot(own[i])));
        detach();
    };
    return {"two threads load their first extension into one interpreter",
            [] {
                begin();
                own[0] = new_slot("one's");
                own[1] = new_slot("two's");
            },
            {{"one", [=] { import(0); }}, {"two", [=] { import(1); }}},
            [] {
                expect(found[0] == found[1], "one region for one interpreter");
                end(world.y);
                all_dead();
            }};
}

// ---- tokens
// --------------------------------------------------------------------------------------

Scenario two_interpreters_import() {
    return {
        "two interpreters make the same module at once",
        begin,
        {{"one", [] { static_cast<void>(come_and_work(world.x, "of X")); }}, {"two", work_in_y}},
        [] {
            expect(registered(world.slot), "the slot is known");
            end(world.x);
            end(world.y);
            all_dead();
        }};
}

/// Two runtimes in one process write the same token into one slot, and know nothing of each other.
Scenario two_implementations() {
    const auto look = [] {
        const std::uintptr_t bits = read_slot_atomically(world.slot);
        expect(bits == reinterpret_cast<std::uintptr_t>(world.slot), "the slot's own address");
    };
    return {"two implementations write a token at once",
            begin,
            {{"ours",
              [=] {
                  register_unlisted(world.slot);
                  look();
              }},
             {"theirs",
              [=] {
                  publish_slot(world.slot);
                  look();
              }},
             {"reader",
              [] {
                  const std::uintptr_t bits = read_slot_atomically(world.slot);
                  expect(bits == 0 || bits == reinterpret_cast<std::uintptr_t>(world.slot),
                         "nothing, or the slot's own address");
              }}},
            nullptr};
}

/// Another runtime stores something of its own into a slot, while ours registers it and stores too.
Scenario foreign_content() {
    static constexpr std::uintptr_t kForeign = 0x57; // an index, as PyPy writes it
    static PyObject* object = nullptr;
    return {"another runtime writes into a slot",
            [] {
                begin();
                expect(attach(world.x), "attached");
                world.context_of_x = import_module(new_slot("first", 0));
                detach();
            },
            {{"ours",
              [] {
                  expect(attach(world.x), "attached");
                  object = new_object("ours");
                  store(world.context_of_x, world.slot, object);
                  drop(object);
                  detach();
              }},
             {"theirs", [] { write_slot_atomically(world.slot, kForeign); }}},
            [] {
                expect(read_slot_atomically(world.slot) == kForeign,
                       "what the other runtime wrote is left alone");
                expect(attach(world.x), "attached");
                Slot own{};
                own._i = reinterpret_cast<std::intptr_t>(world.slot);
                PyObject* const found = load(world.context_of_x, own);
                expect(found == object, "and our value is kept under the slot's address");
                drop(found);
                detach();
                end(world.x);
                all_dead();
            }};
}

/// A heap array of globals is moved by realloc, its bytes with it; what was at the old address is
/// used as a slot again.
Scenario moved_and_reused() {
    static Slot* fresh = nullptr;
    static Slot copied;
    static PyObject* old_object = nullptr;
    static PyObject* new_object_of = nullptr;
    return {"a slot is moved, and its old address is used again",
            [] {
                begin();
                expect(attach(world.x), "attached");
                world.context_of_x = import_module(world.slot);
                old_object = new_object("old");
                store(world.context_of_x, world.slot, old_object);
                drop(old_object);
                detach();
                copied = read_slot(world.slot);
                observe();
                fresh = new_slot("moved", static_cast<std::uintptr_t>(copied._i));
                write_slot(world.slot, 0); // calloc uses the memory again
                note("the slot's bytes are at another address now");
                observe();
            },
            {{"storer",
              [] {
                  expect(attach(world.x), "attached");
                  new_object_of = new_object("new");
                  store(world.context_of_x, fresh, new_object_of);
                  drop(new_object_of);
                  PyObject* const found = load(world.context_of_x, read_slot(fresh));
                  expect(found == new_object_of, "what was stored at the new address");
                  drop(found);
                  store(world.context_of_x, world.slot, nullptr); // another slot lies there now
                  expect(load(world.context_of_x, read_slot(world.slot)) == nullptr, "cleared");
                  detach();
              }},
             {"loader",
              [] {
                  expect(attach(world.x), "attached");
                  PyObject* const found = load(world.context_of_x, copied);
                  expect(found == nullptr || found == old_object, "only what the old slot held");
                  if (found != nullptr) use(found);
                  drop_if(found);
                  detach();
              }}},
            [] {
                observe();
                end(world.x);
                all_dead();
            }};
}

} // namespace

std::vector<Scenario> region_scenarios() {
    // The largest is the last: a mutant that another one finds is found before it.
    return {growth(), recycling(), one_region_for_two(), two_importers(), same_address()};
}

std::vector<Scenario> token_scenarios() {
    return {two_interpreters_import(), two_implementations(), foreign_content(),
            moved_and_reused()};
}

} // namespace hpystate::model
