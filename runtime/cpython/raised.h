/// runtime/cpython/raised.h: whether no exception is set, without a call.
///
/// PyErr_Occurred reads the state of the calling thread, which in a shared libpython is a call of
/// __tls_get_addr: 29 instructions. Where the state has a place that is known
/// (runtime/cpython/thread_word.h), it is 5. The member of the state is in CPython's public
/// headers, but not in its stable ABI: a build for one version serves that version only.
#pragma once

#include <Python.h>

#include <atomic>
#include <cstddef>

namespace hpystate {

/// What find_thread_word() returned; 0: PyErr_Occurred is called. Written by prepare_raised(), by
/// threads that would write the same. relaxed: it is all that is published.
[[gnu::visibility("hidden")]] extern std::atomic<std::ptrdiff_t> raised_word;

/// Makes is_not_raised() fast from now on; called before a module is made. The calling thread is
/// attached, holds no lock of ours, and is detached for a moment by the first call.
void prepare_raised() noexcept;

/// True: no exception is set in the calling thread, which is attached. False: PyErr_Occurred()
/// tells, which the caller's slow path asks; here it would be a call, and a frame for it.
[[nodiscard]] inline bool is_not_raised() noexcept {
#if defined(__x86_64__) && !defined(__ILP32__)
    if (const std::ptrdiff_t word = raised_word.load(std::memory_order_relaxed)) [[likely]] {
        const PyThreadState* state;
        // volatile: a thread may get another state between two calls.
        __asm__ volatile("{movq %%fs:(%1), %0|mov %0, fs:[%1]}" : "=r"(state) : "r"(word));
        return state->current_exception == nullptr;
    }
#endif
    return false;
}

} // namespace hpystate
