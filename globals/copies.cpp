/// globals/copies.cpp: finds the meeting of the process among the objects that are loaded.
#include "globals/copies.h"

#include <dlfcn.h>
#include <link.h>
#include <string>
#include <vector>

/// Exported (python/hpystate/_native.map), unlike everything else. A program that is linked with
/// the runtime, as tests are, does not export it and meets nobody.
extern "C" {
[[gnu::visibility("default")]] constinit hpystate::Meeting hpystate_meeting_1{nullptr};
}

namespace hpystate {

namespace {

constexpr const char* kSymbol = "hpystate_meeting_1";

/// The paths of all objects, in the order in which they were loaded. The program itself has none.
[[nodiscard]] std::vector<std::string> loaded_objects() {
    std::vector<std::string> paths;
    const auto note = [](dl_phdr_info* object, std::size_t, void* into) {
        if (object->dlpi_name == nullptr || object->dlpi_name[0] == '\0') return 0;
        static_cast<std::vector<std::string>*>(into)->emplace_back(object->dlpi_name);
        return 0;
    };
    dl_iterate_phdr(note, &paths);
    return paths;
}

/// The meeting in the object of that path; nullptr: it has none.
[[nodiscard]] Meeting* meeting_in(const std::string& path) noexcept {
    void* const handle = dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL | RTLD_NOLOAD);
    if (handle == nullptr) return nullptr; // it was closed meanwhile, or is the kernel's
    void* const found = dlsym(handle, kSymbol);
    dlclose(handle); // only the count: whatever has the symbol stays loaded
    return static_cast<Meeting*>(found);
}

[[nodiscard]] Meeting& find_meeting() {
    for (const std::string& path : loaded_objects()) {
        if (Meeting* const found = meeting_in(path)) return *found;
    }
    return hpystate_meeting_1;
}

} // namespace

Meeting& meeting() {
    static Meeting& found = find_meeting();
    return found;
}

void join(RuntimeCopy& copy) {
    std::atomic<RuntimeCopy*>& first = meeting().first;
    copy.next = first.load(std::memory_order_relaxed);
    // release: whoever finds the entry finds it complete.
    while (!first.compare_exchange_weak(copy.next, &copy, std::memory_order_release,
                                        std::memory_order_relaxed)) {
    }
}

const RuntimeCopy* first_copy() {
    // acquire: pairs with the release in join(); so for all that follow.
    return meeting().first.load(std::memory_order_acquire);
}

} // namespace hpystate
