/// tests/globals/stops.h: whether code breaks an invariant: it runs in a child, which is stopped.
#pragma once

#include "tests/catch.h"

#include <array>
#include <csignal>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hpystate::testing {

/// Runs `code` in a fork of this process. True: it was aborted, and its message has `condition` as
/// the invariant that is broken.
template <typename Code>
[[nodiscard]] bool stopped_by(const std::string& condition, Code&& code) {
    std::array<int, 2> ends{};
    REQUIRE(pipe(ends.data()) == 0);
    const pid_t child = fork();
    if (child == 0) {
        const rlimit no_core{0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        std::signal(SIGABRT, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        code();
        _exit(0);
    }
    close(ends[1]);
    std::string message;
    std::array<char, 256> part{};
    for (ssize_t size = 0; (size = read(ends[0], part.data(), part.size())) > 0;)
        message.append(part.data(), static_cast<std::size_t>(size));
    close(ends[0]);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    const bool aborted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
    return aborted && message.find("broken invariant: " + condition) != std::string::npos;
}

} // namespace hpystate::testing
