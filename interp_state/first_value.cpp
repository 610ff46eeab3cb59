/// interp_state/first_value.cpp: who makes a value, who waits for it, and which waits are refused.
#include <Python.h>

#include "interp_state/first_value.h"

#include "globals/locks.h"
#include "globals/sleep.h"
#include "interp_state/values.h"
#include "runtime/cpython/attached.h"
#include "runtime/cpython/guarded.h"
#include "runtime/cpython/interpreter_end.h"
#include "runtime/cpython/ref.h"
#include "runtime/elf/symbol_name.h"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <pthread.h>
#include <string>
#include <thread>

namespace hpystate {

namespace {

/// Names a value that is being made: a slot, in one generation of a region.
struct Key {
    const Region* region;
    std::uint32_t generation;
    std::uintptr_t slot;

    bool operator==(const Key&) const = default;
};

/// An entry of one of the lists; it is on the stack of the thread that it describes.
struct Node {
    Key key;
    std::thread::id thread;
    Node* next = nullptr;
};

/// Makers and waiters of the whole process. `mutex` guards all but `finished`.
struct Board {
    RankedMutex mutex{LockRank::kFirstValue};
    Node* makers = nullptr;
    Node* waiters = nullptr;

    /// Every maker advances it after it left the list; waiters sleep on it. Relaxed: they read the
    /// list under the lock.
    std::atomic<std::uint32_t> finished{0};

    [[nodiscard]] const Node* maker_of(const Key& key) const noexcept {
        const Node* at = makers;
        while (at != nullptr && at->key != key)
            at = at->next;
        return at;
    }

    [[nodiscard]] const Node* wait_of(std::thread::id thread) const noexcept {
        const Node* at = waiters;
        while (at != nullptr && at->thread != thread)
            at = at->next;
        return at;
    }
};

constinit Board board;

void link(Node*& list, Node& node) noexcept {
    HPYSTATE_CHECK(board.mutex.is_held());
    node.next = list;
    list = &node;
}

void unlink(Node*& list, const Node& node) noexcept {
    HPYSTATE_CHECK(board.mutex.is_held());
    Node** at = &list;
    while (*at != &node)
        at = &(*at)->next;
    *at = node.next;
}

/// Removes the nodes of all other threads from a list.
void keep_own(Node*& list) noexcept {
    const std::thread::id self = std::this_thread::get_id();
    for (Node** at = &list; *at != nullptr;) {
        if ((*at)->thread == self) {
            at = &(*at)->next;
        } else {
            *at = (*at)->next;
        }
    }
}

// Waiters take the lock while they are detached, so neither the GIL nor a stopped world keeps one
// from holding it at the moment of a fork: the thread that forks takes it first. The child has only
// that thread: it drops the entries of all others, and the next thread that asks for such a value
// makes it.
void before_fork() {
    board.mutex.lock();
}
void after_fork_in_parent() {
    board.mutex.unlock();
}
void after_fork_in_child() {
    keep_own(board.makers);
    keep_own(board.waiters);
    board.mutex.unlock();
}

/// The slots of a circle that a wait would close: the one waited for, then what its maker waits
/// for, and so on. Only the first few are kept, for the message.
struct Circle {
    std::array<std::uintptr_t, 8> slots{};
    std::size_t count = 0;
    bool closed = false;
};

/// Under the lock: whether waiting for `maker` would never end.
[[nodiscard]] Circle find_circle(const Node* maker) noexcept {
    HPYSTATE_CHECK(board.mutex.is_held());
    const std::thread::id self = std::this_thread::get_id();
    Circle circle;
    // This ends: a wait that would close a circle is never added, so every chain is finite.
    while (maker != nullptr) {
        if (circle.count < circle.slots.size()) circle.slots[circle.count++] = maker->key.slot;
        if (maker->thread == self) {
            circle.closed = true;
            break;
        }
        const Node* const wait = board.wait_of(maker->thread);
        maker = wait != nullptr ? board.maker_of(wait->key) : nullptr;
    }
    return circle;
}

void raise_circle(const Circle& circle, const char* function) noexcept {
    static_cast<void>(guarded(0, [&] {
        std::string text = std::string(function) + ": ";
        if (circle.count == 1) {
            text +=
                "the first value of " + describe_slot(circle.slots[0]) +
                " is already being made by this thread: its initializer asked for the same value.";
        } else {
            text += "this thread would wait forever for the first value of " +
                    describe_slot(circle.slots[0]);
            for (std::size_t i = 1; i < circle.count; ++i)
                text += ", whose initializer waits for that of " + describe_slot(circle.slots[i]);
            text += ", which this thread is making.";
        }
        text += " Store the value before calling code that needs it, or make both values in one "
                "initializer.";
        PyErr_SetString(PyExc_RuntimeError, text.c_str());
        return 0;
    }));
}

void raise_stopped(std::uintptr_t slot, const char* function) noexcept {
    static_cast<void>(guarded(0, [&] {
        const std::string text =
            std::string(function) + ": the first value of " + describe_slot(slot) +
            " was being made by a thread that Python has stopped, since this "
            "interpreter is ending, so it will never be ready. Join the thread "
            "before the interpreter ends, or keep what a destructor needs in "
            "the object.";
        PyErr_SetString(PyExc_RuntimeError, text.c_str());
        return 0;
    }));
}

void raise_silent(std::uintptr_t slot, const char* function) noexcept {
    static_cast<void>(guarded(0, [&] {
        const std::string text = std::string(function) + ": the initializer of " +
                                 describe_slot(slot) +
                                 " returned HPy_NULL without setting an exception. Set one before "
                                 "it returns HPy_NULL.";
        PyErr_SetString(PyExc_SystemError, text.c_str());
        return 0;
    }));
}

enum class Turn : std::uint8_t { kMake, kLookAgain, kRefused };

/// Runs the signal handlers and pending calls of this thread, as CPython does when a wait for one
/// of its own locks is interrupted. An exception that is set stays, or becomes the context of what
/// a handler raises. False: a handler raised.
[[nodiscard]] bool run_handlers() noexcept {
    HPYSTATE_CHECK(may_run_python());
    PyObject* const pending = PyErr_GetRaisedException();
    const bool good = Py_MakePendingCalls() == 0;
    if (pending == nullptr) return good;
    if (good) {
        PyErr_SetRaisedException(pending);
        return true;
    }
    PyObject* const raised = PyErr_GetRaisedException();
    if (raised != pending) {
        PyException_SetContext(raised, pending); // takes the reference
    } else {
        Py_DECREF(pending); // a handler may raise the same one: it is not its own context
    }
    PyErr_SetRaisedException(raised);
    return false;
}

/// A signal may arrive just before its thread sleeps, or at another thread, and a pending call
/// wakes no thread. So the thread that runs handlers wakes up by itself this often.
constexpr std::chrono::milliseconds kBetweenLooks{50};

/// Sleeps, detached, until the maker has left or a signal arrived. The caller's node is in the list
/// of waiters.
[[nodiscard]] Turn wait_for_maker(Node& node, std::uint32_t seen) noexcept {
    HPYSTATE_CHECK(may_run_python());
    const auto limit = is_first_thread() ? kBetweenLooks : std::chrono::milliseconds::zero();
    bool interrupted = false;
    PyThreadState* const thread = PyEval_SaveThread();
    for (bool waiting = true; waiting && !interrupted;) {
        interrupted = sleep_on(board.finished, seen, limit) == Woken::kInterrupted;
        const std::lock_guard lock(board.mutex);
        seen = board.finished.load(std::memory_order_relaxed);
        waiting = board.maker_of(node.key) != nullptr;
        // The node leaves the list before the thread attaches again, since CPython may stop the
        // thread there, and its stack holds the node; and before handlers run, since they may ask
        // for any value, and fork.
        if (!waiting || interrupted) unlink(board.waiters, node);
    }
    PyEval_RestoreThread(thread);
    return interrupted && !run_handlers() ? Turn::kRefused : Turn::kLookAgain;
}

/// Makes the caller the maker, or waits for another maker, or raises: RuntimeError, or what a
/// signal's handler raised.
[[nodiscard]] Turn take_turn(Node& node, const char* function) noexcept {
    // If this thread ends the interpreter, the maker may be a thread that CPython has stopped for
    // good, whose node stays in the list. If the end begins later, this thread is stopped too.
    const bool stopped = has_stopped_threads();
    std::uint32_t seen = 0;
    Circle circle;
    {
        const std::lock_guard lock(board.mutex);
        const Node* const maker = board.maker_of(node.key);
        if (maker == nullptr) {
            link(board.makers, node);
            return Turn::kMake;
        }
        circle = find_circle(maker);
        if (!circle.closed && !stopped) {
            link(board.waiters, node);
            seen = board.finished.load(std::memory_order_relaxed);
        }
    }
    if (circle.closed) {
        raise_circle(circle, function);
        return Turn::kRefused;
    }
    if (stopped) {
        raise_stopped(node.key.slot, function);
        return Turn::kRefused;
    }
    return wait_for_maker(node, seen);
}

/// The caller is the maker as long as this lives.
class Making {
  public:
    explicit Making(Node& node) noexcept : node_(node) {}
    Making(const Making&) = delete;
    Making& operator=(const Making&) = delete;
    ~Making() {
        {
            const std::lock_guard lock(board.mutex);
            unlink(board.makers, node_);
        }
        board.finished.fetch_add(1, std::memory_order_relaxed);
        wake_all(board.finished);
    }

  private:
    Node& node_;
};

/// nullptr with a SystemError.
[[nodiscard]] PyObject* refuse_ended(const Region& region, Token token, const char* function) {
    raise_unset(region, function, token);
    return nullptr;
}

/// Makes and publishes the value; the caller is the maker.
[[nodiscard]] PyObject* make_value(Region& region, std::uintptr_t* slot, const Maker& maker,
                                   const char* function) noexcept {
    const Token token = token_of_slot(slot);
    Ref value(maker.make(maker.data));
    if (!value) {
        if (PyErr_Occurred() == nullptr) {
            raise_silent(token.bits(), function);
        }
        return nullptr;
    }
    // The initializer may have stored to the slot itself. That value stays.
    if (PyObject* const stored = load_value(region, token)) return stored;
    if (region.window.closed()) return refuse_ended(region, token, function);
    if (!store_value(region, slot, value.get())) return nullptr;
    return value.release();
}

} // namespace

PyObject* first_value(Region& region, std::uintptr_t* slot, const Maker& maker,
                      const char* function) noexcept {
    const Token token = token_of_slot(slot);
    for (;;) {
        if (PyObject* const stored = load_value(region, token)) return stored;
        if (region.window.closed()) return refuse_ended(region, token, function);
        Node node{{&region, region.generation, token.bits()}, std::this_thread::get_id()};
        const Turn turn = take_turn(node, function);
        if (turn == Turn::kRefused) return nullptr;
        if (turn == Turn::kLookAgain) continue;
        const Making making(node);
        // Another thread may have published a value before this thread's turn.
        if (PyObject* const stored = load_value(region, token)) return stored;
        return make_value(region, slot, maker, function);
    }
}

Maker Import::maker() noexcept {
    return {[](void* data) noexcept -> PyObject* {
                const auto& self = *static_cast<const Import*>(data);
                Ref module(PyImport_ImportModule(self.module));
                if (!module || self.attribute == nullptr) return module.release();
                return PyObject_GetAttrString(module.get(), self.attribute);
            },
            this};
}

bool watch_forks() noexcept {
    // relaxed: one of several threads registers the handlers; nothing else is published.
    static std::atomic<bool> registered{false};
    if (registered.exchange(true, std::memory_order_relaxed)) return true;
    if (pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child) == 0) return true;
    registered.store(false, std::memory_order_relaxed);
    return false;
}

} // namespace hpystate
