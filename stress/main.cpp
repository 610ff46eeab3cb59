/// stress/main.cpp: one scenario in one process; stress/run.py runs them all and draws the curves.
///
///     stress --only churn --seed 7 --seconds 30 --threads 4
///
/// Prints lines of JSON on standard output (stress/tally.h). Exit status 0: something was checked
/// and nothing was wrong. The process leaves by _exit: what CPython does at its end after own-GIL
/// interpreters (3.12.1 aborts) is not tested here, but by a scenario of its own.
#include "stress/embed.h"
#include "stress/options.h"
#include "stress/scenarios.h"
#include "stress/tally.h"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <oneapi/tbb/global_control.h>
#include <optional>
#include <thread>
#include <unistd.h>

namespace {

/// Prints how far the scenario is, four times a second, until it ends.
class Reporter {
  public:
    explicit Reporter(const hpystate::stress::Tally& tally)
        : thread_([this, &tally] { report(tally); }) {}
    Reporter(const Reporter&) = delete;
    Reporter& operator=(const Reporter&) = delete;
    ~Reporter() {
        {
            const std::lock_guard lock(mutex_);
            done_ = true;
        }
        wake_.notify_all();
        thread_.join();
    }

  private:
    void report(const hpystate::stress::Tally& tally) {
        std::unique_lock lock(mutex_);
        while (!wake_.wait_for(lock, std::chrono::milliseconds(250), [this] { return done_; }))
            tally.say_progress();
    }

    std::mutex mutex_;
    std::condition_variable wake_;
    bool done_ = false;  ///< guarded by mutex_
    std::thread thread_; ///< last: it uses the others
};

} // namespace

int main(int argc, char** argv) {
    using namespace hpystate::stress;
    const Options options = parse_options(argc, argv);
    const oneapi::tbb::global_control workers(oneapi::tbb::global_control::max_allowed_parallelism,
                                              options.threads);
    Tally tally(options);
    {
        std::optional<Reporter> reporter;
        if (!options.quiet) reporter.emplace(tally);
        try {
            find_scenario(options.scenario)->run(options, tally);
        } catch (const std::exception& error) {
            tally.fail(error.what());
        }
    }
    if (ended_by_another_state() > 0) tally.add("gh_157519", ended_by_another_state());
    tally.expect(brought_gil_back() == 0,
                 "an interpreter ended with the GIL on, in a Python that runs without it");
    _exit(tally.say_result());
}
