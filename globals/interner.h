/// globals/interner.h: keeps equal bytes at one address until the process ends.
///
/// CPython keeps pointers into the tables it is given (methods, get-sets) for as long as any type,
/// module or bound method made of them lives, and shares module definitions between interpreters.
/// So such tables are made once per process for the same contents and never freed: creating a type
/// or a module again, in this interpreter or another, costs no memory, and nothing can dangle.
#pragma once

#include "globals/locks.h"

#include <cstddef>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

namespace hpystate {

/// Thread-safe; takes one lock (rank kDefinitions).
class Interner {
  public:
    Interner() = default;
    Interner(const Interner&) = delete;
    Interner& operator=(const Interner&) = delete;
    ~Interner(); ///< for tests: frees the storage, so no pointer into it may be left

    /// The address, aligned for any type, that holds `bytes` from now on. Padding must be zero.
    /// Throws std::bad_alloc.
    [[nodiscard]] const void* intern(std::string bytes);

    /// Whether find_or_make() has made something for `key`.
    [[nodiscard]] bool knows(const std::string& key) const {
        const std::lock_guard lock(mutex_);
        return known_.count(key) != 0;
    }

    /// Storage of `size` zero bytes that belongs to `key`; `make(storage)` fills it the first time.
    /// `make` runs under the lock: no Python code, no exception.
    template <typename Make>
    [[nodiscard]] void* find_or_make(std::string key, std::size_t size, Make&& make) {
        const std::lock_guard lock(mutex_);
        bool fresh = false;
        void* const storage = find_or_reserve(std::move(key), size, fresh);
        if (fresh) make(storage);
        return storage;
    }

  private:
    /// Under the lock. Sets `fresh` if the key was not known.
    void* find_or_reserve(std::string key, std::size_t size, bool& fresh);

    mutable RankedMutex mutex_{LockRank::kDefinitions};
    std::unordered_map<std::string, void*> known_; ///< guarded by mutex_
};

/// The interner of this process. Never destroyed.
[[nodiscard]] Interner& interner();

} // namespace hpystate
