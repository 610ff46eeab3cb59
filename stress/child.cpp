/// stress/child.cpp: fork, wait with a limit, read what was found.
#include "stress/child.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <sys/mman.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace hpystate::stress {

namespace {

ChildEnd wait_for(pid_t child, double seconds) {
    using Clock = std::chrono::steady_clock;
    const auto limit = Clock::now() + std::chrono::duration<double>(seconds);
    int status = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
        if (Clock::now() > limit) {
            kill(-child, SIGKILL); // it leads a group: what it forked itself goes too
            waitpid(child, &status, 0);
            return {Ended::kTooLate, SIGKILL};
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    if (WIFSIGNALED(status)) return {Ended::kBySignal, WTERMSIG(status)};
    const int code = WEXITSTATUS(status);
    return {code == 0 ? Ended::kWell : Ended::kByStatus, code};
}

} // namespace

void ChildReport::fail(const std::string& text) {
    if (problem[0] != '\0') return; // the first one is the most useful
    std::snprintf(problem, sizeof(problem), "%s", text.c_str());
}

std::string ChildEnd::text() const {
    switch (how) {
    case Ended::kWell:
        return "ended well";
    case Ended::kBySignal:
        return "was ended by signal " + std::to_string(code);
    case Ended::kByStatus:
        return "ended with status " + std::to_string(code);
    case Ended::kTooLate:
        return "did not end in time";
    }
    return "ended in an unknown way";
}

ChildEnd run_child(Tally& tally, double seconds, const std::function<int(ChildReport&)>& body,
                   std::uint64_t* stage) {
    void* const memory = mmap(nullptr, sizeof(ChildReport), PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        throw std::runtime_error("mmap failed: no memory to share with the child process");
    auto& report = *static_cast<ChildReport*>(memory);
    const pid_t child = fork();
    if (child < 0) throw std::runtime_error("fork failed");
    if (child == 0) {
        setpgid(0, 0);
        int status = 99;
        try {
            status = body(report);
        } catch (const std::exception& error) {
            report.fail(error.what());
        }
        _exit(status);
    }
    setpgid(child, child); // whoever of the two is first
    const ChildEnd end = wait_for(child, seconds);
    tally.add("checked", report.checked);
    tally.add("wrong", report.wrong);
    if (report.problem[0] != '\0') tally.fail(report.problem);
    if (stage != nullptr) *stage = report.stage;
    munmap(memory, sizeof(ChildReport));
    return end;
}

} // namespace hpystate::stress
