/// stress/tally.h: what a scenario checked and found; printed on standard output, one JSON text a
/// line.
///
///     {"progress": {"share": 0.4, "seconds": 3.9, "resident": 31457280, "checked": 120000, ...}}
///     {"result": {"scenario": "churn", "seed": 7, "checked": ..., "problems": [...], ...}}
#pragma once

#include "stress/options.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace hpystate::stress {

/// Any thread may use it; calls are rare (once a batch of loads).
class Tally {
  public:
    explicit Tally(const Options& options);

    /// Adds to a count: "checked", "wrong", "interpreters", "made", "destroyed" and any other.
    void add(const std::string& name, std::uint64_t count = 1);
    [[nodiscard]] std::uint64_t count(const std::string& name) const;

    /// A number that is not a count: it replaces the last one of that name.
    void note(const std::string& name, double value);

    /// Something that must not be. The first few texts are kept, all are counted.
    void fail(const std::string& problem);
    void expect(bool good, const std::string& problem) {
        if (!good) fail(problem);
    }

    [[nodiscard]] std::string first_problem() const;

    /// How much of the scenario is done, from 0 to 1, where it is not the time that decides.
    void set_share(double share);

    [[nodiscard]] double seconds() const;
    [[nodiscard]] bool time_is_up() const { return seconds() >= options_.seconds; }

    void say_progress() const;

    /// Prints the result; returns the exit status of the process: 0 only where something was
    /// checked, and nothing was wrong or lost.
    [[nodiscard]] int say_result();

  private:
    void judge();

    const Options& options_;
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
    mutable std::mutex mutex_; ///< guards what follows
    std::map<std::string, std::uint64_t> counts_;
    std::map<std::string, double> notes_;
    std::vector<std::string> problems_;
    std::uint64_t problem_count_ = 0;
    double share_ = 0;
};

/// Memory of this process that no other process shares, in bytes.
[[nodiscard]] std::uint64_t resident_bytes();

} // namespace hpystate::stress
