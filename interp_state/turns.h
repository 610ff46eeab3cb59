/// interp_state/turns.h: one thread makes a thing, others that need it wait.
///
///     absent --a thread's turn--> being made --done--> present
///        ^------------- failed ------'
///
/// Such things are the first values of globals (interp_state/first_value.h) and the contexts of
/// files (runtime/loader/file_context.h). All are on one board, since what makes a value may load a
/// file, and a function of the file may ask for the value.
///
/// A thread that needs what another one makes waits, detached from its interpreter. One list holds
/// the waits of the whole process, since a thread of one interpreter may run code of another. A
/// wait that would close a circle of threads is refused, and so is a maker that asks for what it
/// makes. In an interpreter that is ending no thread waits, since the maker may have been stopped
/// for good. The caller decides what a refusal means. Three waits are not recognized as endless,
/// and last until a signal arrives: for a maker that waits for an import lock of the waiter's, for
/// one whose own interpreter, another one, has ended under it, and for one that waits on the board
/// of another copy of this code (runtime/embed/).
///
/// Signals interrupt a wait, as they do for Python's own locks: the waiter leaves its list,
/// attaches, runs the handlers, and checks again. The maker goes on.
///
/// Concurrency: both lists are read and written under one lock (rank kTurns). Nothing that
/// runs Python code, releases an object or attaches a thread happens under it. A waiter sleeps on a
/// counter that the makers advance after they left the list; it reads the counter under the lock in
/// which it saw the thing being made, so no advance is missed. A fork takes the lock, and its child
/// forgets the entries of all threads that it does not have (watch_forks). Whether a thing is
/// present is the caller's to know: a maker makes it known before it leaves the list, and whose
/// turn has come looks once more.
#pragma once

#include "interp_state/region.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <thread>

namespace hpystate {

/// Names what is made: a slot's value in one generation of a region, or the context of a file.
struct Thing {
    const Region* region;     ///< nullptr: a file
    std::uint32_t generation; ///< of the region
    std::uintptr_t address;   ///< of the slot; of a function of the file

    bool operator==(const Thing&) const = default;
};

/// An entry of one of the lists; it is on the stack of the thread that it describes.
struct TurnNode {
    explicit TurnNode(const Thing& wanted) noexcept : thing(wanted) {}

    Thing thing;
    std::thread::id thread = std::this_thread::get_id();
    TurnNode* next = nullptr;
};

/// The circle that a wait would close: the thing waited for, then what its maker waits for, and so
/// on. Only the first few are kept, for a message.
struct Circle {
    std::array<Thing, 8> things{};
    std::size_t count = 0;
    bool closed = false;
};

enum class Turn : std::uint8_t {
    kMake,      ///< the caller is the maker: construct a Making, check whether the thing is there
    kLookAgain, ///< a maker has left
    kRaised,    ///< an exception is set: a signal's handler raised it
    kCircle,    ///< refused: the wait would never end, as `circle` tells
    kStopped,   ///< refused: the interpreter is ending, and the maker may be stopped for good
};

/// Makes the caller the maker, or waits for another maker. The thread is attached, and Python code
/// may run: handlers of signals. An exception that is set stays. `circle` is filled for kCircle.
[[nodiscard]] Turn take_turn(TurnNode& node, Circle& circle) noexcept;

/// The caller, whose node had its turn, is the maker as long as this lives.
class Making {
  public:
    explicit Making(TurnNode& node) noexcept : node_(node) {}
    Making(const Making&) = delete;
    Making& operator=(const Making&) = delete;
    ~Making();

  private:
    TurnNode& node_;
};

/// Registers what a fork has to do about makers and waiters; a second call does nothing. False: no
/// memory, and nothing was changed.
[[nodiscard]] bool watch_forks() noexcept;

} // namespace hpystate
