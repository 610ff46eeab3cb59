/// globals/interner.cpp: a map from bytes to storage that is never given back.
#include "globals/interner.h"

#include "globals/check.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace hpystate {

Interner::~Interner() {
    for (const auto& [key, storage] : known_)
        ::operator delete(storage);
}

void* Interner::find_or_reserve(std::string key, std::size_t size, bool& fresh) {
    HPYSTATE_CHECK(mutex_.is_held());
    const auto known = known_.find(key);
    if (known != known_.end()) return known->second;
    void* const storage = ::operator new(std::max<std::size_t>(size, 1));
    try {
        known_.emplace(std::move(key), storage);
    } catch (...) {
        ::operator delete(storage);
        throw;
    }
    std::memset(storage, 0, size);
    fresh = true;
    return storage;
}

const void* Interner::intern(std::string bytes) {
    const std::string contents = bytes;
    return find_or_make("bytes:" + std::move(bytes), contents.size(), [&](void* storage) {
        std::memcpy(storage, contents.data(), contents.size());
    });
}

Interner& interner() {
    static Interner& process_wide = *new Interner;
    return process_wide;
}

} // namespace hpystate
