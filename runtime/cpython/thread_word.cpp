/// runtime/cpython/thread_word.cpp: looks for CPython's thread-local word among those of its file.
///
/// Three things are shown before a word is used, none of them by a version number:
///
/// 1. It holds what CPython's function returns while this thread is attached, and while it is not.
/// 2. It is in a part of a thread's memory that has one layout in all threads: in a thread that is
///    made for this it is inside the memory of that thread's stack, where glibc puts the static
///    blocks. A file that was opened later may have its words in memory of malloc instead.
/// 3. In that thread it has the same distance from the thread pointer, and holds NULL, as CPython's
///    function returns for a thread that was never attached.
#include <Python.h>

#include "runtime/cpython/thread_word.h"

#include "globals/check.h"
#include "runtime/cpython/attached.h"
#include "runtime/cpython/versions.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <link.h>
#include <pthread.h>
#include <signal.h>

namespace hpystate {

namespace {

#if defined(__x86_64__) && !defined(__ILP32__) && defined(__GLIBC__)

/// The thread-local words of CPython's file, as the calling thread has them.
struct Block {
    const char* begin = nullptr; // nullptr: none, or this thread has not got them yet
    std::size_t size = 0;
};

[[nodiscard]] const char* thread_pointer() noexcept {
    return static_cast<const char*>(__builtin_thread_pointer());
}

int keep_if_cpython(dl_phdr_info* info, std::size_t, void* data) {
    const auto function = reinterpret_cast<std::uintptr_t>(thread_state_function());
    bool is_cpython = false;
    std::size_t size = 0;
    for (int i = 0; i < info->dlpi_phnum; ++i) {
        const ElfW(Phdr)& part = info->dlpi_phdr[i];
        const std::uintptr_t begin = info->dlpi_addr + part.p_vaddr;
        if (part.p_type == PT_TLS) size = part.p_memsz;
        if (part.p_type == PT_LOAD && function - begin < part.p_memsz) is_cpython = true;
    }
    if (!is_cpython) return 0;
    *static_cast<Block*>(data) = {static_cast<const char*>(info->dlpi_tls_data), size};
    return 1;
}

[[nodiscard]] Block own_block() noexcept {
    Block block;
    dl_iterate_phdr(&keep_if_cpython, &block);
    return block;
}

/// The word at that distance holds what CPython's function returns, here and now.
[[nodiscard]] bool is_right_here(std::ptrdiff_t distance) noexcept {
    const void* word = nullptr;
    std::memcpy(&word, thread_pointer() + distance, sizeof(word));
    return word == thread_state_or_null();
}

struct Question {
    std::ptrdiff_t distance;
    std::ptrdiff_t block;
    bool yes = false;
};

/// In a thread that was made for it: shows 2 and 3 of the file's comment.
void* answer(void* data) {
    auto& question = *static_cast<Question*>(data);
    const Block block = own_block();
    if (block.begin == nullptr || block.begin - thread_pointer() != question.block) return nullptr;
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return nullptr;
    void* stack = nullptr;
    std::size_t size = 0;
    const bool known = pthread_attr_getstack(&attributes, &stack, &size) == 0;
    pthread_attr_destroy(&attributes);
    const auto inside = reinterpret_cast<std::uintptr_t>(thread_pointer() + question.distance) -
                        reinterpret_cast<std::uintptr_t>(stack);
    question.yes = known && inside < size && is_right_here(question.distance);
    return nullptr;
}

[[nodiscard]] bool is_right_elsewhere(std::ptrdiff_t distance, std::ptrdiff_t block) noexcept {
    Question question{distance, block};
    pthread_t thread{};
    // The program's handlers do not expect this thread.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const bool made = pthread_create(&thread, nullptr, &answer, &question) == 0;
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (made) pthread_join(thread, nullptr);
    return made && question.yes;
}

[[nodiscard]] std::ptrdiff_t look() noexcept {
    const Block block = own_block();
    if (block.begin == nullptr) return 0;
    // Few: 16 bytes in 3.12, 41 in 3.15.
    std::array<std::ptrdiff_t, 8> possible{};
    std::size_t count = 0;
    const std::ptrdiff_t distance = block.begin - thread_pointer();
    for (std::size_t at = 0; at + sizeof(void*) <= block.size; at += sizeof(void*)) {
        const std::ptrdiff_t place = distance + static_cast<std::ptrdiff_t>(at);
        if (count < possible.size() && is_right_here(place)) possible[count++] = place;
    }
    // Other words, as the state that PyGILState_Ensure uses, stay while the thread is detached.
    PyThreadState* const state = PyEval_SaveThread();
    std::ptrdiff_t found = 0;
    for (std::size_t i = 0; i < count && found == 0; ++i)
        if (is_right_here(possible[i]) && is_right_elsewhere(possible[i], distance))
            found = possible[i];
    PyEval_RestoreThread(state);
    return found;
}

#else

[[nodiscard]] std::ptrdiff_t look() noexcept {
    return 0;
}

#endif

constexpr std::ptrdiff_t kUnknown = 1; // no word has an odd place

/// Written by threads that look for it at once, with the same answer, or with 0 where a thread
/// could not be made: each is right. relaxed: it is all that is published.
constinit std::atomic<std::ptrdiff_t> thread_word{kUnknown};

} // namespace

std::ptrdiff_t find_thread_word() noexcept {
    HPYSTATE_CHECK(may_run_python());
    std::ptrdiff_t word = thread_word.load(std::memory_order_relaxed);
    if (word != kUnknown) return word;
    word = look();
    thread_word.store(word, std::memory_order_relaxed);
    return word;
}

} // namespace hpystate
