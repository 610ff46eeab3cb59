/// runtime/cpython/raised.cpp: finds where the state of the calling thread is.
#include <Python.h>

#include "runtime/cpython/raised.h"

#include "runtime/cpython/thread_word.h"

namespace hpystate {

constinit std::atomic<std::ptrdiff_t> raised_word{0};

void prepare_raised() noexcept {
    raised_word.store(find_thread_word(), std::memory_order_relaxed);
}

} // namespace hpystate
