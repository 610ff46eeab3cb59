/// globals/thunk_table.cpp: gives each function its number, and holds the array that thunks read.
#include "globals/thunk_table.h"

#include "globals/check.h"

#include <mutex>

namespace hpystate {

constinit std::array<ThunkTarget, ThunkTable::kThunks> thunk_targets{};

std::optional<unsigned> ThunkTable::assign(ThunkPool pool, ThunkTarget target) {
    const std::lock_guard lock(mutex_);
    HPYSTATE_CHECK(target != nullptr && pool.first + pool.size <= kThunks);
    unsigned& used = used_[pool.first];
    const auto known = numbers_.find({pool.first, target});
    if (known != numbers_.end()) return known->second;
    if (used == pool.size) return std::nullopt;
    const unsigned number = pool.first + used;
    numbers_.emplace(std::pair{pool.first, target}, number);
    ++used;
    thunk_targets[number] = target; // the address of the thunk is handed out after this
    return number;
}

unsigned ThunkTable::used(ThunkPool pool) const {
    const std::lock_guard lock(mutex_);
    const auto used = used_.find(pool.first);
    return used == used_.end() ? 0 : used->second;
}

ThunkTable& thunk_table() {
    static ThunkTable& process_wide = *new ThunkTable;
    return process_wide;
}

} // namespace hpystate
