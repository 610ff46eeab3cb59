/// runtime/cpython/thread_word.h: where CPython keeps the state of the calling thread.
///
/// It is a thread-local variable of CPython. Its name is not exported, and in a shared libpython
/// each read of it is a call of __tls_get_addr, which takes longer than all else that a load does.
/// Where glibc keeps it in a thread's static block, it has one distance from the thread pointer in
/// all threads, and inline code of hpystate/global.h reads it by one instruction.
#pragma once

#include <cstddef>

namespace hpystate {

/// Bytes from the thread pointer (%fs:0) to that variable, for every thread of the process; 0: it
/// has no such place, or it was not found, and CPython's function must be called. Found once, then
/// remembered. The calling thread is attached, holds no lock of ours, and is detached for a moment
/// by the first call: other threads may run Python code in between.
[[nodiscard]] std::ptrdiff_t find_thread_word() noexcept;

} // namespace hpystate
