/// tests/model/crash.h: an access that the processor refuses is a finding of the model.
///
/// A mistake in the code under test may follow a pointer that holds anything. The search reports
/// it, with the schedule that led there, where the process would die without a word.
#pragma once

#include <array>
#include <csignal>
#include <memory>

namespace hpystate::model {

/// As long as this lives, SIGSEGV and its kin end the execution as a violation. One at a time.
class CrashReports {
  public:
    CrashReports();
    CrashReports(const CrashReports&) = delete;
    CrashReports& operator=(const CrashReports&) = delete;
    ~CrashReports();

  private:
    static constexpr std::array<int, 4> kSignals{SIGSEGV, SIGBUS, SIGILL, SIGFPE};
    static constexpr std::size_t kStackBytes = 256 * 1024;

    static void report(int number, siginfo_t* info, void* context);

    /// A fiber may have no stack left for the handler.
    std::unique_ptr<char[]> stack_ = std::make_unique<char[]>(kStackBytes);
    stack_t old_stack_{};
    std::array<struct sigaction, kSignals.size()> old_{};
};

} // namespace hpystate::model
