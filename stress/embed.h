/// stress/embed.h: Python inside this program: interpreters, threads in them, calls.
///
/// A thread of the program is attached to no interpreter but for the scope of an Attached; so no
/// thread that waits for another one holds a GIL.
#pragma once

#include <Python.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace hpystate::stress {

/// What Python raised, with its traceback; or what the embedding API refused.
class PythonError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Owned reference; may only be used, and end, attached to the object's interpreter.
class Object {
  public:
    Object() = default;
    explicit Object(PyObject* owned) : object_(owned) {}
    Object(Object&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    Object& operator=(Object&& other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    ~Object() { Py_XDECREF(object_); }

    [[nodiscard]] PyObject* get() const { return object_; }
    [[nodiscard]] PyObject* release() { return std::exchange(object_, nullptr); }

  private:
    PyObject* object_ = nullptr;
};

/// The result, or PythonError with the exception that is set, which is cleared.
[[nodiscard]] Object checked(PyObject* result);

/// Initializes Python; the calling thread is attached to no interpreter afterwards. Without
/// end_python() the process leaves by _exit, since CPython may abort at its end (own-GIL
/// interpreters on 3.12.1).
void start_python();

/// Ends what start_python() began; the status of Py_FinalizeEx.
[[nodiscard]] int end_python();

enum class Gil : std::uint8_t { kOwn, kShared };

/// A thread state of the calling thread's own in an interpreter, for a scope.
class Attached {
  public:
    explicit Attached(PyInterpreterState* interpreter);
    Attached(const Attached&) = delete;
    Attached& operator=(const Attached&) = delete;
    ~Attached();

    [[nodiscard]] const PyThreadState* state() const { return state_; }

  private:
    PyThreadState* state_;
};

/// A subinterpreter. Made and ended by any thread that is attached to none.
///
/// CPython 3.12 and 3.13 may crash if many threads make interpreters at the same time, and 3.12
/// also if one ends meanwhile: a mutex of the process prevents that. Before 3.14 an interpreter
/// must be ended with its first thread state. From 3.14 on that one may only be used on the thread
/// that made the interpreter: CPython compares the running thread's stack with the limits of that
/// thread. If it is at lower addresses, CPython takes it for full, and never destroys an object
/// that the collector tracks (gh-157519). So another thread ends the interpreter with a thread
/// state of its own.
class Interpreter {
  public:
    explicit Interpreter(Gil gil);
    Interpreter(const Interpreter&) = delete;
    Interpreter& operator=(const Interpreter&) = delete;
    ~Interpreter() { end(); }

    /// Ends it, once: by then no other thread may be in it.
    void end();

    [[nodiscard]] PyInterpreterState* state() const { return interpreter_; }
    [[nodiscard]] std::int64_t id() const { return id_; }
    [[nodiscard]] Gil gil() const { return gil_; }

  private:
    PyThreadState* first_ = nullptr;
    PyInterpreterState* interpreter_ = nullptr;
    std::int64_t id_ = 0;
    std::thread::id began_on_ = std::this_thread::get_id();
    Gil gil_;
};

/// How many interpreters were ended so far with another thread state than their first: gh-157519.
[[nodiscard]] std::uint64_t ended_by_another_state();

/// How many ended with the GIL on, in a build that can do without it; 0 in a build with the GIL.
[[nodiscard]] std::uint64_t brought_gil_back();

/// Runs Python code in a dict of its own with `names` (pairs of a name and a str or an int);
/// returns the dict. The thread is attached.
struct Name {
    const char* name;
    std::string text;
};
[[nodiscard]] Object run(const char* code, std::initializer_list<Name> names = {});

/// An entry of a dict that run() returned.
[[nodiscard]] Object item(const Object& dict, const char* name);

/// What a function of a stress extension returns: (checked, wrong).
struct Found {
    std::uint64_t checked = 0;
    std::uint64_t wrong = 0;
};
[[nodiscard]] Found call_work(PyObject* function, std::uint64_t n, std::uint64_t seed,
                              std::uint64_t key);

/// The int that a function without arguments returns.
[[nodiscard]] long long call_number(PyObject* function);

} // namespace hpystate::stress
