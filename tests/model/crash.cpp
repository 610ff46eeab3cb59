/// tests/model/crash.cpp: from the signal to the violation.
#include "tests/model/crash.h"

#include "tests/model/execution.h"

#include <cstdint>
#include <cstring>
#include <string>

namespace hpystate::model {

CrashReports::CrashReports() {
    stack_t stack{};
    stack.ss_sp = stack_.get();
    stack.ss_size = kStackBytes;
    sigaltstack(&stack, &old_stack_);
    struct sigaction action {};
    action.sa_sigaction = &CrashReports::report;
    // The handler is left by a jump, so the signal must not stay blocked.
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    for (std::size_t i = 0; i < kSignals.size(); ++i)
        sigaction(kSignals[i], &action, &old_[i]);
}

CrashReports::~CrashReports() {
    for (std::size_t i = 0; i < kSignals.size(); ++i)
        sigaction(kSignals[i], &old_[i], nullptr);
    sigaltstack(&old_stack_, nullptr);
}

/// The signal comes from an instruction of the thread that runs the search, so what fail() does is
/// as allowed here as it was there. An address that cannot be one at all arrives as 0.
void CrashReports::report(int number, siginfo_t* info, void*) {
    code_runs = false;
    if (!engine().inside()) { // the checker's own mistake: the process dies of it, as it should
        std::signal(number, SIG_DFL);
        return;
    }
    std::string what = "a crash (SIG";
    what += sigabbrev_np(number);
    what += ')';
    if (number == SIGSEGV || number == SIGBUS) {
        what += ": an access to memory that is not there";
        const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
        if (address != 0) what += ", " + hexadecimal(address);
    }
    engine().fail(what);
}

} // namespace hpystate::model
