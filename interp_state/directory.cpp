/// interp_state/directory.cpp: the process-wide table, and which interpreter gets which region.
///
/// Shared words, and who touches them:
///   table     written under the mutex (release), when a larger copy is complete; read by lookups
///             (acquire). Old copies are kept: a reader may still be in one.
///   key       written under the mutex, after `region` (release); read by lookups (acquire). A key
///             is replaced only after its region lost that owner: no attached thread looks it up.
///   region    written under the mutex; read by lookups that matched the key.
///   owner     in the region; see there. A lookup trusts an entry only if the owner matches.
#include "interp_state/directory.h"

#include "globals/check.h"
#include "globals/locks.h"
#include "globals/throwing.h"
#include "interp_state/regions.h"
#include "runtime/cpython/attached.h"
#include "runtime/cpython/private_symbols.h"

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <new>

namespace hpystate {

namespace {

struct Entry {
    std::atomic<const PyInterpreterState*> key{nullptr};
    std::atomic<Region*> region{nullptr};
};

struct Table {
    explicit Table(std::size_t size) : mask(size - 1), entries(std::make_unique<Entry[]>(size)) {}

    std::size_t mask;
    std::unique_ptr<Entry[]> entries;
    std::size_t used = 0; ///< keys that are not null; guarded by the directory's mutex
    Table* older = nullptr;
};

struct Directory {
    RankedMutex mutex{LockRank::kDirectory};
    std::atomic<Table*> table{nullptr};
    Region* regions = nullptr; ///< every region ever reserved; guarded by mutex
    std::size_t count = 0;     ///< guarded by mutex
};

constinit Directory directory;

constexpr std::size_t kFirstTableSize = 64;

std::size_t first_index(const PyInterpreterState* interpreter, std::size_t mask) noexcept {
    // An interpreter state is a large, aligned allocation: its low bits are always the same.
    const auto bits = reinterpret_cast<std::uintptr_t>(interpreter) >> 6;
    return static_cast<std::size_t>(bits * 0x9E3779B97F4A7C15U >> 20) & mask;
}

/// The entry for `interpreter`: its own; if it has none, one that put() may use for it.
Entry& entry_for(Table& table, const PyInterpreterState* interpreter) noexcept {
    Entry* dead = nullptr;
    for (std::size_t i = first_index(interpreter, table.mask);; i = (i + 1) & table.mask) {
        Entry& entry = table.entries[i];
        const PyInterpreterState* const key = entry.key.load(std::memory_order_relaxed);
        if (key == interpreter) return entry;
        if (key == nullptr) return dead != nullptr ? *dead : entry;
        if (dead == nullptr && !entry.region.load()->belongs_to(key)) dead = &entry;
    }
}

void put(Table& table, const PyInterpreterState* interpreter, Region* region) noexcept {
    HPYSTATE_CHECK(directory.mutex.is_held());
    Entry& entry = entry_for(table, interpreter);
    if (entry.key.load(std::memory_order_relaxed) == nullptr) ++table.used;
    entry.region.store(region, std::memory_order_release);
    entry.key.store(interpreter, std::memory_order_release);
}

/// Makes room for one more key. False: no memory; the table stays as it was.
bool make_room() noexcept {
    HPYSTATE_CHECK(directory.mutex.is_held());
    Table* const old = directory.table.load(std::memory_order_relaxed);
    if (old != nullptr && (old->used + 1) * 2 <= old->mask + 1) return true;
    if (!can_throw()) return false;
    try {
        const std::size_t size = old != nullptr ? (old->mask + 1) * 2 : kFirstTableSize;
        auto larger = std::make_unique<Table>(size);
        for (Region* region = directory.regions; region != nullptr; region = region->next) {
            const PyInterpreterState* const owner = region->owner.load(std::memory_order_relaxed);
            if (owner != nullptr) put(*larger, owner, region);
        }
        larger->older = old;
        // release: pairs with the acquire in region_of(); the copy is complete.
        directory.table.store(larger.release(), std::memory_order_release);
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

/// The live region of the interpreter, which the calling thread is attached to; nullptr: it has
/// none yet. Under the mutex, since another thread of the interpreter may be adopting one, which
/// writes the id. The id tells a region from that of a dead interpreter at the same address.
Region* live_region(const PyInterpreterState* interpreter, std::int64_t id) noexcept {
    const std::lock_guard lock(directory.mutex);
    const Lookup found = region_of(interpreter);
    const bool live = found.region != nullptr && found.phase == Region::Phase::kLive;
    return live && found.region->interpreter_id == id ? found.region : nullptr;
}

/// Under the mutex: R3, and whether every owner finds its region in the table.
[[nodiscard]] bool is_directory_valid() noexcept {
    HPYSTATE_CHECK(directory.mutex.is_held());
    const Table* const table = directory.table.load(std::memory_order_relaxed);
    std::size_t count = 0;
    for (const Region* region = directory.regions; region != nullptr; region = region->next) {
        ++count;
        const PyInterpreterState* const owner = region->owner.load(std::memory_order_relaxed);
        // A second region of the same owner would find the first one here.
        if (owner != nullptr && region_of(owner).region != region) return false;
    }
    const bool half_full = table == nullptr || table->used * 2 <= table->mask + 1;
    return count == directory.count && half_full;
}

/// Whether the interpreter that owned a dying region is gone for good. Not under the mutex: CPython
/// reports an unknown id by an exception.
bool is_gone(const PyInterpreterState* owner, std::int64_t id) noexcept {
    HPYSTATE_CHECK(may_run_python());
    if (owner == nullptr) return true; // it lost its owner in an adoption that failed
    if (!can_look_up_interpreters()) return false;
    const PyInterpreterState* const found = interpreter_with_id(id);
    return found != owner;
}

/// A region that is not live, and what is_gone() needs to find out, without the lock, whether the
/// region can be reused.
struct Candidate {
    Region* region = nullptr;
    const PyInterpreterState* owner = nullptr;
    std::int64_t id = 0;
    std::uint32_t generation = 0;
};

Candidate next_candidate(const Region* after) noexcept {
    const std::lock_guard lock(directory.mutex);
    for (Region* region = after != nullptr ? after->next : directory.regions; region != nullptr;
         region = region->next) {
        if (region->phase.load(std::memory_order_relaxed) == Region::Phase::kLive) continue;
        if (region->is_led_to()) continue;
        return {region, region->owner.load(), region->interpreter_id, region->generation};
    }
    return {};
}

/// A dying region whose owner is gone; without a region if none of the first few is such.
Candidate find_recyclable() noexcept {
    constexpr int kLooks = 8; // each check walks CPython's list of interpreters
    Candidate candidate = next_candidate(nullptr);
    for (int i = 0; i < kLooks && candidate.region != nullptr; ++i) {
        if (is_gone(candidate.owner, candidate.id)) return candidate;
        candidate = next_candidate(candidate.region);
    }
    return {};
}

/// Under the mutex: the region whose owner has this address, dead or alive. If objects of a dead
/// owner still lead to it, it is given up: nullptr, and it has no owner from here on.
Region* region_at(const PyInterpreterState* interpreter, std::int64_t id) noexcept {
    HPYSTATE_CHECK(directory.mutex.is_held());
    for (Region* region = directory.regions; region != nullptr; region = region->next) {
        if (!region->belongs_to(interpreter)) continue;
        if (region->interpreter_id == id || !region->is_led_to()) return region;
        // release: no order is needed. Its owner is gone, and may have left the word.
        region->window.open_for().store(nullptr, std::memory_order_release);
        region->owner.store(nullptr, std::memory_order_release);
        return nullptr;
    }
    return nullptr;
}

/// Under the mutex: the candidate if no thread took it meanwhile, else a new region, else nullptr.
Region* take_or_reserve(const Candidate& candidate) noexcept {
    HPYSTATE_CHECK(directory.mutex.is_held());
    Region* const old = candidate.region;
    if (old != nullptr && old->generation == candidate.generation &&
        old->phase.load(std::memory_order_relaxed) != Region::Phase::kLive) {
        // No lookup may trust the old owner's key from here on.
        old->owner.store(nullptr, std::memory_order_release);
        return old;
    }
    Region* const fresh = Region::reserve();
    if (fresh == nullptr) return nullptr;
    fresh->next = directory.regions;
    directory.regions = fresh;
    ++directory.count;
    return fresh;
}

enum class Adopted : std::uint8_t { kYes, kNoMemory, kNotInstalled };

/// Under the mutex.
Adopted adopt_locked(PyInterpreterState* interpreter, std::int64_t id, const Candidate& candidate,
                     bool (*install)(Region&), Region*& region) noexcept {
    region = region_at(interpreter, id);
    const bool known = region != nullptr;
    if (known && region->phase.load() == Region::Phase::kLive && region->interpreter_id == id) {
        return Adopted::kYes;
    }
    if (!make_room()) return Adopted::kNoMemory;
    if (!known) region = take_or_reserve(candidate);
    if (region == nullptr) return Adopted::kNoMemory;
    // install() runs no Python code and does not release the GIL, so it may run under the lock.
    if (!install(*region)) return Adopted::kNotInstalled;
    region->prepare(id);
    // release: pairs with the acquire in belongs_to(); window and context are ready.
    region->owner.store(interpreter, std::memory_order_release);
    put(*directory.table.load(std::memory_order_relaxed), interpreter, region);
    HPYSTATE_CHECK(is_directory_valid());
    return Adopted::kYes;
}

} // namespace

Lookup region_of(const PyInterpreterState* interpreter) noexcept {
    const Table* const table = directory.table.load(std::memory_order_acquire);
    if (table == nullptr) [[unlikely]]
        return {};
    for (std::size_t i = first_index(interpreter, table->mask);; i = (i + 1) & table->mask) {
        const Entry& entry = table->entries[i];
        const PyInterpreterState* const key = entry.key.load(std::memory_order_acquire);
        if (key == interpreter) [[likely]] {
            Region* const region = entry.region.load(std::memory_order_acquire);
            // The phase is read before the owner. In the other order, the region of a dead
            // predecessor could pass the test of the owner, be given to another interpreter, and
            // then count as a live one of ours.
            const Region::Phase phase = region->phase.load(std::memory_order_acquire);
            return region->belongs_to(interpreter) ? Lookup{region, phase} : Lookup{};
        }
        if (key == nullptr) return {};
    }
}

Region* adopt(PyInterpreterState* interpreter, bool (*install)(Region&)) noexcept {
    HPYSTATE_CHECK(may_run_python());
    HPYSTATE_CHECK(is_attached_to(interpreter));
    const std::int64_t id = PyInterpreterState_GetID(interpreter);
    if (Region* const live = live_region(interpreter, id)) return live;
    // None yet, unless another thread of this interpreter is making it: adopt_locked() checks
    // again.
    const Candidate candidate = find_recyclable();
    Region* region = nullptr;
    Adopted outcome;
    {
        const std::lock_guard lock(directory.mutex);
        outcome = adopt_locked(interpreter, id, candidate, install, region);
    }
    if (outcome == Adopted::kYes) return region;
    if (outcome == Adopted::kNoMemory) PyErr_NoMemory();
    return nullptr;
}

bool directory_is_valid() noexcept {
    const std::lock_guard lock(directory.mutex);
    return is_directory_valid();
}

std::size_t region_count() noexcept {
    const std::lock_guard lock(directory.mutex);
    return directory.count;
}

const Region* read_next_region(const Region* after, void (*read)(const Region& region, void* data),
                               void* data) noexcept {
    const std::lock_guard lock(directory.mutex);
    const Region* const region = after != nullptr ? after->next : directory.regions;
    if (region != nullptr) read(*region, data);
    return region;
}

} // namespace hpystate
