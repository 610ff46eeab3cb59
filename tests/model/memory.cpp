/// tests/model/memory.cpp: modification orders, and the race check.
#include "tests/model/memory.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace hpystate::model {

namespace {

/// Which earlier accesses an access must be ordered after.
[[nodiscard]] bool conflicts(Access mine, Access other) noexcept {
    switch (mine) {
    case Access::kRead:
        return other == Access::kWrite || other == Access::kAtomicWrite;
    case Access::kAtomicRead:
        return other == Access::kWrite;
    case Access::kAtomicWrite:
        return other == Access::kWrite || other == Access::kRead;
    case Access::kWrite:
    case Access::kFree:
        break;
    }
    return true;
}

} // namespace

void Memory::begin() {
    ++execution_;
    filled_ = 0;
}

Memory::Granule& Memory::granule(std::uintptr_t address) {
    const std::uintptr_t base = address & ~std::uintptr_t{7};
    const std::size_t mask = table_.size() - 1;
    for (std::size_t i = (base >> 3) * 0x9E3779B97F4A7C15U >> 40 & mask;; i = (i + 1) & mask) {
        Granule& found = table_[i];
        if (found.execution == execution_) {
            if (found.address == base) return found;
            continue;
        }
        if (++filled_ * 2 > table_.size()) {
            std::fputs("model: a scenario touches more memory than the table holds\n", stderr);
            std::abort();
        }
        found.address = base;
        found.execution = execution_;
        found.used = 0;
        found.freed_by = kMaxThreads;
        return found;
    }
}

Memory::Location& Memory::part(Granule& granule, std::uintptr_t address, std::size_t size) {
    const auto offset = static_cast<std::uint8_t>(address & 7U);
    for (std::uint32_t i = 0; i < granule.used; ++i) {
        Location& known = granule.parts[i];
        if (known.offset == offset && known.size == size) return known;
    }
    if (granule.used == granule.parts.size()) granule.parts.emplace_back();
    Location& fresh = granule.parts[granule.used++];
    fresh.offset = offset;
    fresh.size = static_cast<std::uint8_t>(size);
    fresh.has_history = false;
    fresh.last.fill(Clock{});
    return fresh;
}

std::optional<Conflict> Memory::note(std::size_t thread, const Clock& clock, std::uintptr_t address,
                                     std::size_t size, Access access) {
    Granule& eight = granule(address);
    if (eight.freed_by != kMaxThreads)
        return Conflict{access, Access::kFree, eight.freed_by, address};
    part(eight, address, size);
    const std::size_t first = address & 7U;
    for (std::uint32_t i = 0; i < eight.used; ++i) {
        Location& known = eight.parts[i];
        if (known.offset >= first + size || first >= std::size_t{known.offset} + known.size)
            continue;
        for (std::size_t kind = 0; kind < known.last.size(); ++kind) {
            if (!conflicts(access, static_cast<Access>(kind))) continue;
            const std::size_t other = clock.first_unknown(known.last[kind]);
            if (other != kMaxThreads) {
                return Conflict{access, static_cast<Access>(kind), other, address};
            }
        }
        if (access == Access::kWrite) known.has_history = false;
        // A part that is wider does not tell who was where in it; the access has one of its own.
        const bool covered =
            known.offset >= first && std::size_t{known.offset} + known.size <= first + size;
        if (access != Access::kFree && covered) {
            known.last[static_cast<std::size_t>(access)].at[thread] = clock.at[thread];
        }
    }
    if (access == Access::kFree) eight.freed_by = thread;
    return std::nullopt;
}

std::optional<Conflict> Memory::plain(std::size_t thread, const Clock& clock,
                                      std::uintptr_t address, std::size_t size, Access access) {
    while (size > 0) {
        const std::size_t here = std::min(size, 8 - (address & 7U));
        if (const auto conflict = note(thread, clock, address, here, access)) return conflict;
        address += here;
        size -= here;
    }
    return std::nullopt;
}

std::optional<Conflict> Memory::atomic(std::size_t thread, const Clock& clock,
                                       std::uintptr_t address, std::size_t size, bool write) {
    return note(thread, clock, address, size, write ? Access::kAtomicWrite : Access::kAtomicRead);
}

std::uint64_t Memory::newest(std::uintptr_t address, std::size_t size) noexcept {
    std::uint64_t value = 0;
    std::memcpy(&value, reinterpret_cast<const void*>(address), size);
    return value;
}

Memory::Location& Memory::atomic_part(std::uintptr_t address, std::size_t size) {
    Location& location = part(granule(address), address, size);
    if (!location.has_history) {
        // What was there before, or was written plainly since: ordered before whoever comes here,
        // or the race check had found it.
        location.has_history = true;
        location.history.clear();
        location.history.push_back({newest(address, size), 0, 0, false, {}, {}});
    }
    return location;
}

std::size_t Memory::choices(const Clock& clock, std::uintptr_t address, std::size_t size,
                            Order order) {
    const std::vector<Store>& history = atomic_part(address, size).history;
    std::size_t count = 0;
    for (auto store = history.rbegin(); store != history.rend(); ++store) {
        ++count;
        bool last = clock.covers(store->thread, store->time) ||
                    (order == Order::kSequential && store->sequential);
        for (std::size_t t = 0; t < kMaxThreads && !last; ++t)
            last = store->seen.at[t] != 0 && clock.covers(t, store->seen.at[t]);
        if (last) break;
    }
    return count;
}

std::uint64_t Memory::load(std::size_t thread, Clock& clock, std::uintptr_t address,
                           std::size_t size, Order order, std::size_t choice) {
    std::vector<Store>& history = atomic_part(address, size).history;
    Store& store = history[history.size() - 1 - choice];
    if (store.seen.at[thread] == 0) store.seen.at[thread] = clock.at[thread];
    if (acquires(order)) clock.join(store.released);
    return store.value;
}

void Memory::append(Location& location, std::uintptr_t address, Store store) {
    std::memcpy(reinterpret_cast<void*>(address), &store.value, location.size);
    location.history.push_back(store);
}

void Memory::store(std::size_t thread, Clock& clock, std::uintptr_t address, std::size_t size,
                   std::uint64_t value, Order order) {
    Store fresh{value, thread, clock.at[thread], order == Order::kSequential, {}, {}};
    if (releases(order)) fresh.released = clock;
    append(atomic_part(address, size), address, fresh);
}

std::uint64_t Memory::exchange(std::size_t thread, Clock& clock, std::uintptr_t address,
                               std::size_t size, std::uint64_t value, Order order) {
    Location& location = atomic_part(address, size);
    Store& before = location.history.back();
    const std::uint64_t old = before.value;
    if (before.seen.at[thread] == 0) before.seen.at[thread] = clock.at[thread];
    if (acquires(order)) clock.join(before.released);
    Store fresh{value, thread, clock.at[thread], order == Order::kSequential, before.released, {}};
    if (releases(order)) fresh.released.join(clock);
    append(location, address, fresh);
    return old;
}

} // namespace hpystate::model
