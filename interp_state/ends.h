/// interp_state/ends.h: the slots of an interpreter whose values end before all others, and their
/// order.
///
/// When an interpreter ends, the values of its globals are released in no order, and no value finds
/// another one. Values that have a destructor of their own (hpystate_pointer, C++ objects) need
/// more: the last one that was made ends first, while everything that was there when it was made
/// can still be used. So their slots are listed here as they are filled.
///
///     put() ... put() --> begin() --> take_newest(), until there is none --> the window closes
///                                     ^ a destructor may make another value: it is next
///
/// A slot whose value has ended is not filled again: so the end of an interpreter has an end, and
/// nobody waits for an object that was destroyed. One that is listed and empty, since it was
/// cleared, can still be filled.
///
/// Concurrency: `mutex_` guards all words. Threads of the interpreter call put() and has_ended();
/// the thread that ends it calls begin(), take_newest() and add_ended(), with no other one
/// attached. Nothing that runs Python code or releases an object happens under the lock.
#pragma once

#include "globals/locks.h"
#include "globals/token.h"

#include <memory>

namespace hpystate {

class Ends {
  public:
    /// Where a slot is in the order. Made before the value is, so that to list it cannot fail.
    struct Place {
        explicit Place(Token slot) noexcept : token(slot) {}

        Token token;
        std::unique_ptr<Place> older;
    };

    Ends() noexcept = default;
    Ends(const Ends&) = delete;
    Ends& operator=(const Ends&) = delete;
    ~Ends() { reset(); }

    /// nullptr: no memory.
    [[nodiscard]] static std::unique_ptr<Place> new_place(Token slot) noexcept;

    /// From now on the slot of `place`, which is not null, is the newest one.
    void put(std::unique_ptr<Place> place) noexcept;

    /// Whether the value of a slot has ended, so that the slot stays empty.
    [[nodiscard]] bool has_ended(Token slot) const noexcept;

    /// Whether begin() was called.
    [[nodiscard]] bool begun() const noexcept;

    /// The end begins. False: it has begun before.
    [[nodiscard]] bool begin() noexcept;

    /// Removes the newest slot from the list; null: there is none left.
    [[nodiscard]] std::unique_ptr<Place> take_newest() noexcept;

    /// The slot of `place`, which take_newest() returned, had a value, which ends now.
    void add_ended(std::unique_ptr<Place> place) noexcept;

    /// Forgets all slots, and the end.
    void reset() noexcept;

  private:
    using List = std::unique_ptr<Place>;

    /// Removes the place of a slot; null: it has none.
    [[nodiscard]] static List taken_from(List& list, Token slot) noexcept;
    /// One by one, since a list that destroys itself recurses.
    static void destroy(List list) noexcept;

    mutable InterpreterMutex mutex_{LockRank::kEnds};
    List filled_; ///< the newest first
    List ended_;
    bool begun_ = false;
};

} // namespace hpystate
