/// runtime/face/here.cpp: fills what inline code of hpystate/global.h reads.
#include <Python.h>

#include "runtime/face/here.h"

#include "interp_state/current.h"
#include "runtime/cpython/capsule_layout.h"
#include "runtime/cpython/thread_word.h"
#include "runtime/cpython/versions.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>

namespace hpystate::face {

// Zero at first, so it takes no room in the file, and memory only for the pages that are used.
constinit hpystate_fast fast{};

namespace {

// Another layout is another major version: files of this one then need a table of functions alone,
// with a `thread` that returns nullptr.
static_assert(kThreadInterpreter == HPYSTATE_THREAD_KEY);
static_assert(HPYSTATE_ENTRIES == -static_cast<std::ptrdiff_t>(Window::kEntriesToOpenFor));
static_assert(offsetof(Window::Entry, token) == 0 && offsetof(Window::Entry, word) == 8);
static_assert(sizeof(Window::Entry) == 16 &&
              HPYSTATE_ENTRIES_MASK == (Window::kEntries - 1) * sizeof(Window::Entry));

/// As hpystate_unstable_distance() has it.
[[nodiscard]] std::ptrdiff_t& place_of(const PyInterpreterState* interpreter) noexcept {
    return fast.seen[reinterpret_cast<std::uintptr_t>(interpreter) >> 16 & 0xFFFFU];
}

void remember(const Region& region, const PyInterpreterState* interpreter) noexcept {
    const auto* const table = reinterpret_cast<const char*>(&region.window.open_for());
    const std::ptrdiff_t distance = table - reinterpret_cast<const char*>(&fast);
    // relaxed: what is there is checked by its readers.
    std::atomic_ref(place_of(interpreter)).store(distance, std::memory_order_relaxed);
}

[[noreturn, gnu::cold]] void not_attached(const char* function) noexcept {
    std::array<char, 400> text{};
    static_cast<void>(std::snprintf(
        text.data(), text.size(),
        "%.100s: the calling thread is not attached to an interpreter. Attach it first, by "
        "PyGILState_Ensure or a thread state of its own, and do not call this between "
        "Py_BEGIN_ALLOW_THREADS and Py_END_ALLOW_THREADS.",
        function));
    Py_FatalError(text.data());
}

} // namespace

bool complete_fast() noexcept {
    const std::ptrdiff_t distance = find_capsule_pointer();
    if (distance < 0) return false;
    std::atomic_ref(fast.capsule_pointer)
        .store(static_cast<std::size_t>(distance), std::memory_order_relaxed);
    std::atomic_ref(fast.thread_word).store(find_thread_word(), std::memory_order_relaxed);
    // relaxed: files get the struct's address by a release (hpystate_unstable_keep).
    std::atomic_ref(fast.thread)
        .store(reinterpret_cast<void* (*)()>(thread_state_function()), std::memory_order_relaxed);
    return true;
}

Region* here(const char* function) noexcept {
    const PyInterpreterState* const interpreter = current_interpreter();
    if (interpreter == nullptr) not_attached(function);
    Region* const region = current_region();
    if (region != nullptr) {
        if (region->window.open_for().load(std::memory_order_acquire) == interpreter) {
            remember(*region, interpreter);
            return region;
        }
        // Its end has begun: loads find nothing, stores have no effect.
        if (region->window.closed()) return region;
    }
    PyErr_Format(PyExc_SystemError,
                 "%s: hpystate_import() was not called in this interpreter, or it failed. Call it "
                 "in the module's Py_mod_exec slot, which runs in each interpreter, and return -1 "
                 "there if it returns -1.",
                 function);
    return nullptr;
}

} // namespace hpystate::face
