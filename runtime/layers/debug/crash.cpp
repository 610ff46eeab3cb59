/// runtime/layers/debug/crash.cpp: a table of pages, and a signal handler that searches it.
#include "runtime/layers/debug/crash.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <execinfo.h>
#include <unistd.h>

namespace hpystate::layers {

namespace {

constexpr std::size_t kEntries = 4096;
constexpr std::uintptr_t kClaimed = 1; ///< no page starts there

struct Entry {
    std::atomic<std::uintptr_t> start; ///< 0: free
    std::size_t size;
    const void* handle;
    std::int64_t generation;
    std::int64_t interpreter;
    const std::vector<void*>* made_at;
    const char* function;
    std::atomic<bool> closed;
    std::array<char, 80> type_name;
};

struct Crash {
    std::array<Entry, kEntries> entries;
    std::atomic<std::uint32_t> next; ///< where to look for a free entry first; a hint

    /// What SIGSEGV did before; written before our handler is installed, read by it.
    struct sigaction previous;
    /// Guards `previous`: the thread that sets it installs the handler.
    std::atomic_flag installing;
    std::atomic<bool> installed; ///< once; written under the flag above
};

constinit Crash crash{};

// ---- writing, as a signal handler may ----

void print(const char* text) noexcept {
    for (std::size_t left = std::strlen(text); left != 0;) {
        const ssize_t written = write(STDERR_FILENO, text, left);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return; // stderr is closed
        text += written;
        left -= static_cast<std::size_t>(written);
    }
}

void print_number(std::uint64_t number, unsigned base = 10) noexcept {
    std::array<char, 32> text{};
    std::size_t at = text.size() - 1;
    do {
        text[--at] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0);
    if (base == 16) print("0x");
    print(&text[at]);
}

void print_frames(void* const* frames, std::size_t count) noexcept {
    backtrace_symbols_fd(frames, static_cast<int>(count), STDERR_FILENO);
}

[[nodiscard]] const Entry* find_entry(std::uintptr_t address) noexcept {
    for (const Entry& entry : crash.entries) {
        // acquire: pairs with the release in watch_pages().
        const std::uintptr_t start = entry.start.load(std::memory_order_acquire);
        if (start > kClaimed && address >= start && address - start < pages_for(entry.size))
            return &entry;
    }
    return nullptr;
}

void explain(const Entry& entry, std::uintptr_t address) noexcept {
    const bool closed = entry.closed.load(std::memory_order_relaxed);
    print("hpystate, debug mode: the characters that ");
    print(entry.function);
    print(" returned for a '");
    print(entry.type_name.data());
    print(closed ? "' were used after their handle was closed"
                 : "' were written to; they belong to the object");
    print(": byte ");
    print_number(address - entry.start.load(std::memory_order_relaxed));
    print(" of ");
    print_number(entry.size);
    print(", at ");
    print_number(address, 16);
    print(".\nThe handle: ");
    print_number(reinterpret_cast<std::uintptr_t>(entry.handle), 16);
    print(" of generation ");
    print_number(static_cast<std::uint64_t>(entry.generation));
    print(" in interpreter ");
    print_number(static_cast<std::uint64_t>(entry.interpreter));
    if (entry.made_at->empty()) {
        print(
            ". hpystate.debug.set_handle_stack_trace_limit(16) records where handles are made.\n");
    } else {
        print(", made at:\n");
        print_frames(entry.made_at->data(), entry.made_at->size());
    }
    print(closed ? "Keep the handle open as long as you use its characters, or copy them.\n"
                 : "Copy them, and write to the copy.\n");
    print_c_stack();
}

// ---- the signal ----

void end_by_default(int number, bool raised) noexcept {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    sigaction(number, &action, nullptr);
    if (raised) static_cast<void>(raise(number)); // a fault happens again by itself
}

/// Calls the handler that was there before.
void hand_on(int number, siginfo_t* info, void* context) noexcept {
    const struct sigaction& previous = crash.previous;
    const bool raised = info->si_code <= 0; // by kill or raise
    if (previous.sa_handler == SIG_IGN && raised) return;
    if (previous.sa_handler == SIG_IGN || previous.sa_handler == SIG_DFL) {
        return end_by_default(number, raised);
    }
    if ((previous.sa_flags & SA_SIGINFO) != 0) {
        previous.sa_sigaction(number, info, context);
    } else {
        previous.sa_handler(number);
    }
}

void on_fault(int number, siginfo_t* info, void* context) {
    const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
    const Entry* const entry = info->si_code > 0 ? find_entry(address) : nullptr;
    if (entry != nullptr) explain(*entry, address);
    hand_on(number, info, context);
}

/// Installs our handler on top of the present one, once. A handler that was installed later may
/// call ours, so ours must not call it. But if the default action is back, as after
/// faulthandler.disable(), ours is gone, and is installed again.
void install() noexcept {
    struct sigaction current {};
    if (sigaction(SIGSEGV, nullptr, &current) != 0) return;
    const bool first = !crash.installed.load(std::memory_order_relaxed);
    if (!first && current.sa_handler != SIG_DFL) return;
    // A second thread need not wait: the first one is about to be done.
    if (crash.installing.test_and_set(std::memory_order_acquire)) return;
    void* frame = nullptr;
    static_cast<void>(backtrace(&frame, 1)); // loads what it needs, which a handler may not
    struct sigaction ours {};
    ours.sa_sigaction = &on_fault;
    ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&ours.sa_mask);
    if (!crash.installed.exchange(true, std::memory_order_relaxed) ||
        current.sa_handler == SIG_DFL) {
        crash.previous = current;
        sigaction(SIGSEGV, &ours, nullptr);
    }
    crash.installing.clear(std::memory_order_release);
}

} // namespace

std::size_t pages_for(std::size_t size) noexcept {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return (size + page - 1) / page * page;
}

WatchPlace watch_pages(const Watched& pages) noexcept {
    install();
    // relaxed: a hint. Entries become free in about the order in which they were taken.
    const std::uint32_t first = crash.next.fetch_add(1, std::memory_order_relaxed);
    for (std::uint32_t i = 0; i < kEntries; ++i) {
        const std::uint32_t place = (first + i) % kEntries;
        Entry& entry = crash.entries[place];
        std::uintptr_t free = 0;
        // acquire: pairs with the release in forget_pages().
        if (entry.start.load(std::memory_order_relaxed) != 0 ||
            !entry.start.compare_exchange_strong(free, kClaimed, std::memory_order_acquire))
            continue;
        entry.size = pages.size;
        entry.handle = pages.handle;
        entry.generation = pages.generation;
        entry.interpreter = pages.interpreter;
        entry.made_at = pages.made_at;
        entry.function = pages.function;
        entry.closed.store(false, std::memory_order_relaxed);
        std::strncpy(entry.type_name.data(), pages.type_name, entry.type_name.size() - 1);
        entry.start.store(reinterpret_cast<std::uintptr_t>(pages.start), std::memory_order_release);
        return static_cast<WatchPlace>(place);
    }
    return kNowhere;
}

void note_closed(WatchPlace place) noexcept {
    if (place == kNowhere) return;
    install();
    // relaxed: a thread that uses the characters later got them by means that order this.
    crash.entries[static_cast<std::size_t>(place)].closed.store(true, std::memory_order_relaxed);
}

void forget_pages(WatchPlace place) noexcept {
    if (place == kNowhere) return;
    crash.entries[static_cast<std::size_t>(place)].start.store(0, std::memory_order_release);
}

void print_c_stack() noexcept {
    std::array<void*, 32> frames{};
    const int count = backtrace(frames.data(), static_cast<int>(frames.size()));
    print("C stack, the latest call first:\n");
    print_frames(frames.data(), static_cast<std::size_t>(count));
}

} // namespace hpystate::layers
