/// tests/globals/threads.h: the same work on several threads at once.
///
/// Plain threads, not TBB's: ThreadSanitizer sees that they begin after what their parent wrote and
/// end before what it reads, which it does not see through a libtbb that is not built for it.
#pragma once

#include <thread>
#include <vector>

namespace hpystate::testing {

/// Calls `work` with each number below `count`, each on one of eight threads; returns when all are
/// done.
template <typename Work>
void on_threads(int count, const Work& work) {
    constexpr int kThreads = 8;
    std::vector<std::jthread> threads;
    for (int first = 0; first < kThreads; ++first) {
        threads.emplace_back([&work, first, count] {
            for (int i = first; i < count; i += kThreads)
                work(i);
        });
    }
}

} // namespace hpystate::testing
