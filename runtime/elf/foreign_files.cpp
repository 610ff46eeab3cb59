/// runtime/elf/foreign_files.cpp: a set of load addresses.
#include "runtime/elf/foreign_files.h"

#include "globals/locks.h"
#include "runtime/elf/loaded.h"

#include <mutex>
#include <unordered_set>

namespace hpystate {

namespace {

struct ForeignFiles {
    RankedMutex mutex{LockRank::kForeignFiles};
    std::unordered_set<std::uintptr_t> load_addresses; ///< guarded by mutex
};

/// Never destroyed.
ForeignFiles& foreign_files() {
    static ForeignFiles& process_wide = *new ForeignFiles;
    return process_wide;
}

} // namespace

void add_foreign_file(const void* address) {
    const auto file = elf::find_loaded(address);
    if (!file) return;
    ForeignFiles& files = foreign_files();
    const std::lock_guard lock(files.mutex);
    files.load_addresses.insert(file->load_address);
}

bool is_in_foreign_file(const void* address) noexcept {
    const auto file = elf::find_loaded(address);
    if (!file) return false;
    ForeignFiles& files = foreign_files();
    const std::lock_guard lock(files.mutex);
    return files.load_addresses.count(file->load_address) != 0;
}

} // namespace hpystate
