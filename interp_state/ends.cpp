/// interp_state/ends.cpp: a list of slots, the newest first, and one of those that have ended.
#include "interp_state/ends.h"

#include <mutex>
#include <new>
#include <utility>

namespace hpystate {

std::unique_ptr<Ends::Place> Ends::new_place(Token slot) noexcept {
    return std::unique_ptr<Place>(new (std::nothrow) Place(slot));
}

Ends::List Ends::taken_from(List& list, Token slot) noexcept {
    List* at = &list;
    while (*at != nullptr && (*at)->token != slot)
        at = &(*at)->older;
    List found = std::move(*at);
    if (found != nullptr) *at = std::move(found->older);
    return found;
}

void Ends::destroy(List list) noexcept {
    while (list != nullptr)
        list = std::move(list->older);
}

void Ends::put(std::unique_ptr<Place> place) noexcept {
    List before; // freed without the lock
    const std::lock_guard lock(mutex_);
    before = taken_from(filled_, place->token);
    place->older = std::move(filled_);
    filled_ = std::move(place);
}

bool Ends::has_ended(Token slot) const noexcept {
    const std::lock_guard lock(mutex_);
    const Place* at = ended_.get();
    while (at != nullptr && at->token != slot)
        at = at->older.get();
    return at != nullptr;
}

bool Ends::begun() const noexcept {
    const std::lock_guard lock(mutex_);
    return begun_;
}

bool Ends::begin() noexcept {
    const std::lock_guard lock(mutex_);
    return !std::exchange(begun_, true);
}

Ends::List Ends::take_newest() noexcept {
    const std::lock_guard lock(mutex_);
    List newest = std::move(filled_);
    if (newest != nullptr) filled_ = std::move(newest->older);
    return newest;
}

void Ends::add_ended(List place) noexcept {
    const std::lock_guard lock(mutex_);
    place->older = std::move(ended_);
    ended_ = std::move(place);
}

void Ends::reset() noexcept {
    List filled;
    List ended;
    {
        const std::lock_guard lock(mutex_);
        filled = std::move(filled_);
        ended = std::move(ended_);
        begun_ = false;
    }
    destroy(std::move(filled));
    destroy(std::move(ended));
}

} // namespace hpystate
