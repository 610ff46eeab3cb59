/// tests/model/standin/interpreters.h: what a scenario does to the stand-in: threads attach,
/// interpreters end.
#pragma once

#include "tests/model/standin/Python.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace hpystate::model {

/// Everything as in a process that has just started; in a scenario's set_up.
void begin_python();

/// An interpreter; where `at` is one that is gone, at the same address with another id.
[[nodiscard]] PyInterpreterState* new_interpreter(PyInterpreterState* at = nullptr);

/// Attaches the calling thread. False: the interpreter has ended; CPython would let the thread
/// hang.
[[nodiscard]] bool attach(PyInterpreterState* interpreter);
/// An exception that is still set is an error.
void detach();

/// What code of Python does: lets other threads run. Does not return if the interpreter ends.
void switch_threads();

/// The exception that is set in the calling thread, by its type; nullptr: none. It is not set any
/// more.
[[nodiscard]] PyObject* take_exception();

/// From now on there are signals, and this is their handler, which runs attached. It may set an
/// exception. In a scenario's set_up.
void set_handler(void (*handler)());
/// A signal for a thread. Who sleeps is to be woken by the caller.
void send_signal(std::size_t thread);
/// Whether one waits for the calling thread.
[[nodiscard]] bool has_signal();

/// CPython before 3.13.2 loses exit callbacks.
enum class ExitCallbacks : std::uint8_t { kRun, kLost };

/// Ends an interpreter on the calling thread, which is not attached: waits until nobody else is,
/// lets go of its modules, with `early` in that, and of its dict, runs the exit callbacks, then the
/// last collection, with `last` in it, and forgets its id. Nobody attaches to it again, unless
/// new_interpreter() has its address.
void end_interpreter(PyInterpreterState* interpreter, void (*last)() = nullptr,
                     ExitCallbacks callbacks = ExitCallbacks::kRun, void (*early)() = nullptr);

/// The collector of the attached thread's interpreter: stops all others where they are not kept
/// out, and walks over what it was told of.
void collect();

/// An object with one reference, the caller's. `finalize` runs when it dies, before its memory
/// goes.
[[nodiscard]] PyObject* new_object(const char* name, void (*finalize)() = nullptr);

/// Looks into an object that the caller has a reference to.
void use(PyObject* object);

/// How many objects of new_object() are alive.
[[nodiscard]] std::size_t living_objects();

/// What is at an address, for schedules; "" if nothing of ours.
[[nodiscard]] std::string describe_python(std::uintptr_t address);

} // namespace hpystate::model
