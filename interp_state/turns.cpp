/// interp_state/turns.cpp: who makes a thing, who waits for it, and which waits are refused.
#include <Python.h>

#include "interp_state/turns.h"

#include "globals/locks.h"
#include "globals/sleep.h"
#include "runtime/cpython/attached.h"
#include "runtime/cpython/interpreter_end.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <pthread.h>
#include <thread>

namespace hpystate {

namespace {

/// Makers and waiters of the whole process. `mutex` guards all but `finished`.
struct Board {
    RankedMutex mutex{LockRank::kTurns};
    TurnNode* makers = nullptr;
    TurnNode* waiters = nullptr;

    /// Every maker advances it after it left the list; waiters sleep on it. Relaxed: they read the
    /// list under the lock.
    std::atomic<std::uint32_t> finished{0};

    [[nodiscard]] const TurnNode* maker_of(const Thing& thing) const noexcept {
        const TurnNode* at = makers;
        while (at != nullptr && at->thing != thing)
            at = at->next;
        return at;
    }

    [[nodiscard]] const TurnNode* wait_of(std::thread::id thread) const noexcept {
        const TurnNode* at = waiters;
        while (at != nullptr && at->thread != thread)
            at = at->next;
        return at;
    }
};

constinit Board board;

void link(TurnNode*& list, TurnNode& node) noexcept {
    HPYSTATE_CHECK(board.mutex.is_held());
    node.next = list;
    list = &node;
}

void unlink(TurnNode*& list, const TurnNode& node) noexcept {
    HPYSTATE_CHECK(board.mutex.is_held());
    TurnNode** at = &list;
    while (*at != &node)
        at = &(*at)->next;
    *at = node.next;
}

/// Removes the nodes of all other threads from a list.
void keep_own(TurnNode*& list) noexcept {
    const std::thread::id self = std::this_thread::get_id();
    for (TurnNode** at = &list; *at != nullptr;) {
        if ((*at)->thread == self) {
            at = &(*at)->next;
        } else {
            *at = (*at)->next;
        }
    }
}

// Waiters take the lock while they are detached, so neither the GIL nor a stopped world keeps one
// from holding it at the moment of a fork: the thread that forks takes it first. The child has only
// that thread: it drops the entries of all others, and the next thread that asks for what they made
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

/// Under the lock: whether waiting for `maker` would never end.
[[nodiscard]] Circle find_circle(const TurnNode* maker) noexcept {
    HPYSTATE_CHECK(board.mutex.is_held());
    const std::thread::id self = std::this_thread::get_id();
    Circle circle;
    // This ends: a wait that would close a circle is never added, so every chain is finite.
    while (maker != nullptr) {
        if (circle.count < circle.things.size()) circle.things[circle.count++] = maker->thing;
        if (maker->thread == self) {
            circle.closed = true;
            break;
        }
        const TurnNode* const wait = board.wait_of(maker->thread);
        maker = wait != nullptr ? board.maker_of(wait->thing) : nullptr;
    }
    return circle;
}

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
[[nodiscard]] Turn wait_for_maker(TurnNode& node, std::uint32_t seen) noexcept {
    HPYSTATE_CHECK(may_run_python());
    const auto limit = is_first_thread() ? kBetweenLooks : std::chrono::milliseconds::zero();
    bool interrupted = false;
    PyThreadState* const thread = PyEval_SaveThread();
    for (bool waiting = true; waiting && !interrupted;) {
        interrupted = sleep_on(board.finished, seen, limit) == Woken::kInterrupted;
        const std::lock_guard lock(board.mutex);
        seen = board.finished.load(std::memory_order_relaxed);
        waiting = board.maker_of(node.thing) != nullptr;
        // The node leaves the list before the thread attaches again, since CPython may stop the
        // thread there, and its stack holds the node; and before handlers run, since they may ask
        // for anything, and fork.
        if (!waiting || interrupted) unlink(board.waiters, node);
    }
    PyEval_RestoreThread(thread);
    return interrupted && !run_handlers() ? Turn::kRaised : Turn::kLookAgain;
}

} // namespace

Turn take_turn(TurnNode& node, Circle& circle) noexcept {
    // If this thread ends the interpreter, the maker may be a thread that CPython has stopped for
    // good, whose node stays in the list. If the end begins later, this thread is stopped too.
    const bool stopped = has_stopped_threads();
    std::uint32_t seen = 0;
    {
        const std::lock_guard lock(board.mutex);
        const TurnNode* const maker = board.maker_of(node.thing);
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
    if (circle.closed) return Turn::kCircle;
    if (stopped) return Turn::kStopped;
    return wait_for_maker(node, seen);
}

Making::~Making() {
    {
        const std::lock_guard lock(board.mutex);
        unlink(board.makers, node_);
    }
    board.finished.fetch_add(1, std::memory_order_relaxed);
    wake_all(board.finished);
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
