/// stress/counts.cpp: the exported function of extensions/common.h.
#include "stress/counts.h"

#include <dlfcn.h>
#include <stdexcept>

namespace hpystate::stress {

Counts counts_of(const std::string& file, std::uint64_t key) {
    // The loader never closes a file, so the counts stay where they are.
    void* const library = dlopen(file.c_str(), RTLD_NOW | RTLD_NOLOAD);
    void* const symbol = library != nullptr ? dlsym(library, "stress_counts_of") : nullptr;
    if (symbol == nullptr) {
        throw std::runtime_error(file + ": stress_counts_of was not found; the file is not loaded");
    }
    dlclose(library);
    const auto find = reinterpret_cast<const long long* (*)(std::uint64_t)>(symbol);
    // Two atomics of C, which no thread writes any more.
    const long long* const counts = find(key);
    return {static_cast<std::uint64_t>(counts[0]), static_cast<std::uint64_t>(counts[1])};
}

void settle(Tally& tally, const std::string& file, std::uint64_t key) {
    const Counts counts = counts_of(file, key);
    tally.add("made", counts.made);
    tally.add("destroyed", counts.destroyed);
    if (counts.made != counts.destroyed) {
        tally.fail("interpreter " + std::to_string(key) + ": " + std::to_string(counts.destroyed) +
                   " of " + std::to_string(counts.made) + " objects were destroyed");
    }
}

} // namespace hpystate::stress
