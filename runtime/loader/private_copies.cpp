/// runtime/loader/private_copies.cpp: a map, and its removal at the end of the process.
#include "runtime/loader/private_copies.h"

#include "globals/locks.h"

#include <cstdlib>
#include <mutex>
#include <new>
#include <unistd.h>
#include <unordered_map>

namespace hpystate {

namespace {

struct KeptFile {
    std::string path;
    pid_t maker;
};

struct PrivateCopies {
    RankedMutex mutex{LockRank::kPrivateCopies};
    std::unordered_map<std::string, KeptFile> by_key; ///< guarded by mutex
};

/// Never destroyed.
PrivateCopies& private_copies() {
    static PrivateCopies& process_wide = *new PrivateCopies;
    return process_wide;
}

/// At the end of the process. Somebody else may have removed a file already.
void remove_copies() noexcept {
    PrivateCopies& all = private_copies();
    const std::lock_guard lock(all.mutex);
    for (const auto& [key, copy] : all.by_key) {
        if (copy.maker != getpid()) continue;
        static_cast<void>(unlink(copy.path.c_str()));
        static_cast<void>(rmdir(copy.path.substr(0, copy.path.rfind('/')).c_str()));
    }
}

} // namespace

std::string private_copy_of(const std::string& key) {
    PrivateCopies& all = private_copies();
    const std::lock_guard lock(all.mutex);
    const auto found = all.by_key.find(key);
    return found != all.by_key.end() ? found->second.path : "";
}

std::string keep_private_copy(const std::string& key, const std::string& path) {
    PrivateCopies& all = private_copies();
    const std::lock_guard lock(all.mutex);
    static const bool at_end = std::atexit(remove_copies) == 0;
    if (!at_end) throw std::bad_alloc(); // the one reason that it has
    return all.by_key.try_emplace(key, KeptFile{path, getpid()}).first->second.path;
}

} // namespace hpystate
