/// tests/limits/stacks.cpp: from the timer's signal to the text.
#include "tests/limits/stacks.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <unwind.h>

namespace {

constexpr int kDeepest = 64;      ///< frames of a stack that are shown
constexpr int kAnswerTenths = 20; ///< how long a thread may take to answer
constexpr int kGuardSeconds = 60; ///< how long all of it may take
constexpr int kTimedOut = 124;    ///< as timeout(1)
constexpr int kGroup = 16;        ///< frames per call of addr2line

using Frames = std::array<void*, kDeepest>;

struct Limit {
    char test[1024] = "";
    double seconds = 0;
    double grace = 0;
    int fd = STDERR_FILENO;
    int python = 0;
    bool shown = false; ///< the stacks; written by the handler
};

/// Written by the thread of the tests while no test runs, read by the handler while one does. The
/// handler notes that it is `showing` and then looks whether a test is `running`; the thread notes
/// that none is and then waits for the handler. Both are sequentially consistent, so that one of
/// the two sees the other.
Limit limit;
std::atomic<bool> running{false};
std::atomic<bool> showing{false};
timer_t timer{};
bool ready = false;

/// Written by the thread that is looked at, read by the one that looks, which waits for `answered`.
Frames frames;
int depth = 0;
std::atomic<bool> answered{false}; ///< release by the one, acquire by the other

int expiry_signal() {
    return SIGRTMAX - 1;
}
int look_signal() {
    return SIGRTMAX - 2;
}

void put(const char* text) {
    const std::size_t size = std::strlen(text);
    for (std::size_t done = 0; done < size;) {
        const ssize_t count = write(limit.fd, text + done, size - done);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return; // nobody reads
        done += static_cast<std::size_t>(count);
    }
}

template <typename... Value>
void put_formatted(const char* format, Value... values) {
    char text[1400];
    // snprintf allocates for nothing but wide characters and very long numbers.
    if (std::snprintf(text, sizeof(text), format, values...) > 0) put(text);
}

/// Of each frame an address inside the instruction that runs. A call's frame has the address of the
/// return, which may lie behind its function; a frame that a signal interrupted has the address of
/// the instruction, which may be the first of its function.
_Unwind_Reason_Code add_frame(_Unwind_Context* context, void*) {
    int is_instruction = 0;
    const std::uintptr_t address = _Unwind_GetIPInfo(context, &is_instruction);
    if (address == 0 || depth == kDeepest) return _URC_END_OF_STACK;
    frames[static_cast<std::size_t>(depth++)] =
        reinterpret_cast<void*>(address - (is_instruction != 0 ? 0 : 1));
    return _URC_NO_REASON;
}

[[gnu::noinline]] void collect() {
    depth = 0;
    _Unwind_Backtrace(&add_frame, nullptr);
    answered.store(true, std::memory_order_release);
}

void look(int) {
    const int error = errno;
    collect();
    errno = error;
}

/// Where an address is: the file, and the address as the file's own tools count it.
struct Place {
    const char* file = nullptr;
    const char* name = nullptr; ///< of an exported function, else nullptr
    std::uintptr_t offset = 0;
};

[[nodiscard]] Place place_of(void* address) {
    Dl_info info{};
    void* map = nullptr;
    if (dladdr1(address, &info, &map, RTLD_DL_LINKMAP) == 0) return {};
    const auto base = static_cast<const link_map*>(map)->l_addr;
    return {info.dli_fname, info.dli_sname, reinterpret_cast<std::uintptr_t>(address) - base};
}

/// Lets addr2line name what the dynamic linker has no names for; false where it cannot be run.
bool put_with_addr2line(const char* file, const std::uintptr_t* offsets, int count) {
    char tool[] = "addr2line";
    char options[] = "-Cfpi";
    char option[] = "-e";
    char path[1024];
    char texts[kGroup][24];
    char* arguments[kGroup + 5] = {tool, options, option, path};
    std::snprintf(path, sizeof(path), "%s", file);
    for (int i = 0; i < count; ++i) {
        std::snprintf(texts[i], sizeof(texts[i]), "0x%lx", static_cast<unsigned long>(offsets[i]));
        arguments[4 + i] = texts[i];
    }
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0) return false;
    pid_t child = 0;
    const bool spawned =
        posix_spawn_file_actions_adddup2(&actions, limit.fd, STDOUT_FILENO) == 0 &&
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0) == 0 &&
        posix_spawnp(&child, tool, &actions, nullptr, arguments, environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
    if (!spawned) return false;
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// The frames from `first` on of the same file that have no exported name; the next one.
int put_unnamed(int first, const Place& place) {
    std::array<std::uintptr_t, kGroup> offsets{};
    int count = 0;
    for (int i = first; i < depth && count < kGroup; ++i) {
        const Place next = place_of(frames[i]);
        if (next.file != place.file || next.name != nullptr) break;
        offsets[count++] = next.offset;
    }
    if (!put_with_addr2line(place.file, offsets.data(), count)) {
        for (int i = 0; i < count; ++i)
            put_formatted("%s(+0x%lx)\n", place.file, static_cast<unsigned long>(offsets[i]));
    }
    return first + count;
}

void put_stack(int first) {
    for (int i = first; i < depth;) {
        const Place place = place_of(frames[i]);
        if (place.file == nullptr) {
            put_formatted("%p\n", frames[i++]);
        } else if (place.name != nullptr) {
            put_formatted("%s in %s\n", place.name, place.file);
            ++i;
        } else {
            i = put_unnamed(i, place);
        }
    }
    if (depth == kDeepest) put("and so on\n");
}

void put_name(pid_t thread) {
    char path[64];
    char name[64] = "?\n";
    std::snprintf(path, sizeof(path), "/proc/self/task/%d/comm", thread);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        const ssize_t size = read(fd, name, sizeof(name) - 1);
        name[size > 0 ? size : 0] = '\0';
        close(fd);
    }
    name[std::strcspn(name, "\n")] = '\0';
    put_formatted("\nthread %d (%s), its C functions, the newest first:\n", thread, name);
}

void show_thread(pid_t thread) {
    put_name(thread);
    answered.store(false, std::memory_order_relaxed);
    int hidden = 2; // the handler's and the kernel's frames
    if (thread == gettid()) {
        collect();
        hidden = 0; // these depend on the compiler; the reader will know them
    } else if (tgkill(getpid(), thread, look_signal()) != 0) {
        put("it has ended\n");
        return;
    }
    for (int i = 0; i < kAnswerTenths && !answered.load(std::memory_order_acquire); ++i) {
        const timespec tenth{0, 100'000'000};
        nanosleep(&tenth, nullptr);
    }
    if (!answered.load(std::memory_order_acquire)) {
        put("no answer: it blocks all signals\n");
        return;
    }
    put_stack(hidden);
}

/// opendir allocates.
void show_threads() {
    const int fd = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    alignas(dirent64) static char bytes[32 * 1024];
    for (;;) {
        const ssize_t count = fd < 0 ? 0 : getdents64(fd, bytes, sizeof(bytes));
        if (count <= 0) break;
        for (ssize_t at = 0; at < count;) {
            const auto* const entry = reinterpret_cast<const dirent64*>(bytes + at);
            const int thread = std::atoi(entry->d_name); // "." and ".." give 0
            if (thread != 0) show_thread(thread);
            at += entry->d_reclen;
        }
    }
    if (fd >= 0) close(fd);
}

/// Ends the process if this is not stopped in time.
[[nodiscard]] bool start_guard(timer_t& guard) {
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGKILL;
    if (timer_create(CLOCK_MONOTONIC, &event, &guard) != 0) return false;
    const itimerspec when{{}, {kGuardSeconds, 0}};
    return timer_settime(guard, 0, &when, nullptr) == 0;
}

[[nodiscard]] timespec duration(double seconds) {
    const double whole = std::floor(seconds);
    return {static_cast<time_t>(whole), static_cast<long>((seconds - whole) * 1e9)};
}

[[nodiscard]] bool set_timer(double seconds) {
    const itimerspec when{{}, duration(seconds)};
    return timer_settime(timer, 0, &when, nullptr) == 0;
}

void show() {
    timer_t guard{};
    const bool guarded = start_guard(guard);
    put_formatted("\n==== time limit: %s took longer than %g seconds; all threads:\n", limit.test,
                  limit.seconds);
    if (limit.python != 0) raise(limit.python);
    show_threads();
    put("==== end of the stacks\n");
    if (guarded) timer_delete(guard);
}

void expired(int) {
    const int error = errno;
    showing.store(true);
    if (running.load()) {
        const bool last = limit.shown || limit.grace <= 0;
        if (!limit.shown) show();
        limit.shown = true;
        if (last || !set_timer(limit.grace)) {
            put_formatted("==== time limit: %s does not end; the process does\n", limit.test);
            _exit(kTimedOut);
        }
    }
    showing.store(false);
    errno = error;
}

[[nodiscard]] bool prepare() {
    if (ready) return true;
    struct sigaction action {};
    action.sa_flags = SA_RESTART;
    action.sa_handler = &look;
    if (sigaction(look_signal(), &action, nullptr) != 0) return false;
    // A system call that waits returns with EINTR: pytest-timeout's signal may have arrived while
    // this handler ran, and a wait that is begun again would not hear of it.
    action.sa_flags = 0;
    action.sa_handler = &expired;
    if (sigaction(expiry_signal(), &action, nullptr) != 0) return false;
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = expiry_signal();
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) return false;
    collect(); // the first look at a stack reads the tables of all files
    ready = true;
    return true;
}

} // namespace

int hpystate_limit_begin(const char* test, double seconds, double grace, int fd, int python) {
    if (!prepare()) return -1;
    std::snprintf(limit.test, sizeof(limit.test), "%s", test);
    limit.seconds = seconds;
    limit.grace = grace;
    limit.fd = fd;
    limit.python = python;
    limit.shown = false;
    running.store(true);
    return set_timer(seconds) ? 0 : -1;
}

void hpystate_limit_end() {
    if (!ready) return;
    running.store(false);
    static_cast<void>(set_timer(0)); // fails only without a timer, which is fine here
    const timespec tick{0, 1'000'000};
    while (showing.load())
        nanosleep(&tick, nullptr);
}
