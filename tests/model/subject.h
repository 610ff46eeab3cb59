/// tests/model/subject.h: the real code, as scenarios call it.
///
/// subject.cpp includes the real files, so that they are one unit of compilation, instrumented, and
/// linked once as they are and once for every deliberate mistake (mutants.py).
#pragma once

#include "tests/model/standin/Python.h"

#include <hpy/context.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace hpystate::model {

/// A process that has just started: no region, no token, `begin_python()`.
void begin_process();

/// What an extension keeps: a static, read and passed on by value without an atomic.
using Slot = HPyGlobal;

/// A slot that holds `bits`, in memory of the execution; on an entry of its own (there are eight).
[[nodiscard]] Slot* new_slot(const char* name, std::uintptr_t bits = 0);
/// A slot that falls on the same entry of a window as another.
[[nodiscard]] Slot* new_twin(const Slot* other, const char* name);
/// The extension's read of its own static.
[[nodiscard]] Slot read_slot(const Slot* slot);
/// The same where somebody else may be writing the token at this moment.
[[nodiscard]] std::uintptr_t read_slot_atomically(Slot* slot);
/// Whether the registry knows it.
[[nodiscard]] bool registered(const Slot* slot);
/// Foreign hands: a plain write, as realloc or memcpy make it.
void write_slot(Slot* slot, std::uintptr_t bits);

/// A module that lists one slot is made in the attached thread's interpreter: registers the slot,
/// adopts a region, claims the entry. nullptr: refused, since the interpreter is ending.
[[nodiscard]] HPyContext* import_module(Slot* slot);

/// The same by an atomic: what another HPy runtime does, as the compilers in use write a word.
void write_slot_atomically(Slot* slot, std::uintptr_t bits);
/// Registry::add_unlisted and publish: what Store, and another implementation, do to a slot.
void register_unlisted(Slot* slot);
void publish_slot(Slot* slot);

/// HPyGlobal_Load and HPyGlobal_Store of the real context.
[[nodiscard]] PyObject* load(HPyContext* context, Slot slot);
void store(HPyContext* context, Slot* slot, PyObject* object);

/// A signal that wakes the thread where it waits for a first value.
void interrupt(std::size_t thread);
/// What is_valid() of each region and of the directory tells, once all threads are done.
[[nodiscard]] bool is_valid();
/// No thread makes a value or waits for one.
[[nodiscard]] bool nobody_waits();

/// What makes a first value: a new reference, or nullptr with an exception set.
using Initializer = HPy (*)(HPyContext* context, void* argument);
/// HPyGlobal_LoadOrInit of the real context: a new reference, or nullptr with an exception set.
[[nodiscard]] PyObject* load_or_init(HPyContext* context, Slot* slot, Initializer init,
                                     void* argument = nullptr);
[[nodiscard]] HPy handle_of(PyObject* object);

/// The thunk's way to a context: by the interpreter of the attached thread; nullptr where it has
/// none.
[[nodiscard]] HPyContext* current_context();

/// Reads what adopt() filled into a context before anybody could find it.
void use_context(HPyContext* context);

void hold(PyObject* object);
void drop(PyObject* object);

/// What scenarios must have been through, so that none of them passes without having been there.
enum class State : std::uint8_t {
    kEmpty,
    kClaimed,
    kValue,
    kCell,
    kOverflow,
    kLive,
    kDying,
    kRecycled,
    kRegistered,
    kMoved,
    kReused,
    kMaking,
    kWaiting,
};
inline constexpr std::size_t kStates = 13;

/// Notes the states that regions, entries and slots are in now.
void observe();
/// How often each state was seen, in all executions so far.
[[nodiscard]] const std::array<std::size_t, kStates>& seen_states();
[[nodiscard]] const char* name_of(State state);

[[nodiscard]] std::string describe(std::uintptr_t address);

} // namespace hpystate::model
