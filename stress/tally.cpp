/// stress/tally.cpp: counting, judging, and the lines of JSON.
#include "stress/tally.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <unistd.h>

namespace hpystate::stress {

namespace {

constexpr std::size_t kProblemsKept = 5;

std::string in_quotes(const std::string& text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            result += '\\';
            result += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            char escape[8];
            std::snprintf(escape, sizeof(escape), "\\u%04x", static_cast<unsigned>(c));
            result += escape;
        } else {
            result += c;
        }
    }
    return result + "\"";
}

std::string written(double value) {
    char text[40];
    std::snprintf(text, sizeof(text), "%.6g", value);
    return text;
}

void print(const std::string& line) {
    // One write: lines of two threads do not mix.
    const std::string whole = line + "\n";
    if (write(STDOUT_FILENO, whole.data(), whole.size()) < 0) _exit(3); // standard output is closed
}

} // namespace

std::uint64_t resident_bytes() {
    std::ifstream file("/proc/self/statm");
    std::uint64_t size = 0;
    std::uint64_t resident = 0;
    std::uint64_t shared = 0;
    file >> size >> resident >> shared;
    return (resident - shared) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

Tally::Tally(const Options& options) : options_(options) {}

void Tally::add(const std::string& name, std::uint64_t count) {
    const std::lock_guard lock(mutex_);
    counts_[name] += count;
}

std::uint64_t Tally::count(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto at = counts_.find(name);
    return at != counts_.end() ? at->second : 0;
}

void Tally::note(const std::string& name, double value) {
    const std::lock_guard lock(mutex_);
    notes_[name] = value;
}

void Tally::fail(const std::string& problem) {
    const std::lock_guard lock(mutex_);
    ++problem_count_;
    if (problems_.size() < kProblemsKept) problems_.push_back(problem);
}

std::string Tally::first_problem() const {
    const std::lock_guard lock(mutex_);
    return problems_.empty() ? "" : ": " + problems_.front();
}

void Tally::set_share(double share) {
    const std::lock_guard lock(mutex_);
    share_ = share;
}

double Tally::seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
}

void Tally::say_progress() const {
    const double elapsed = seconds();
    const std::lock_guard lock(mutex_);
    const double by_time = options_.seconds > 0 ? elapsed / options_.seconds : 0;
    std::string line = "{\"progress\": {\"share\": " + written(std::max(share_, by_time)) +
                       ", \"seconds\": " + written(elapsed) +
                       ", \"resident\": " + std::to_string(resident_bytes());
    for (const auto& [name, count] : counts_)
        line += ", " + in_quotes(name) + ": " + std::to_string(count);
    print(line + "}}");
}

void Tally::judge() {
    const auto count_of = [&](const char* name) { return counts_[name]; };
    const auto problem = [&](const std::string& text) {
        ++problem_count_;
        problems_.push_back(text);
    };
    if (count_of("checked") == 0 && !options_.without) problem("nothing was checked");
    if (count_of("wrong") != 0) {
        problem(std::to_string(count_of("wrong")) + " loads gave a wrong value");
    }
    if (count_of("made") != count_of("destroyed")) {
        problem(std::to_string(count_of("destroyed")) + " of " + std::to_string(count_of("made")) +
                " objects were destroyed");
    }
}

int Tally::say_result() {
    const double elapsed = seconds();
    const std::lock_guard lock(mutex_);
    judge();
    std::string line = "{\"result\": {\"scenario\": " + in_quotes(options_.scenario) +
                       ", \"seed\": " + std::to_string(options_.seed) +
                       ", \"threads\": " + std::to_string(options_.threads) +
                       ", \"without\": " + (options_.without ? "true" : "false") +
                       ", \"seconds\": " + written(elapsed) +
                       ", \"resident\": " + std::to_string(resident_bytes());
    for (const auto& [name, count] : counts_)
        line += ", " + in_quotes(name) + ": " + std::to_string(count);
    for (const auto& [name, value] : notes_)
        line += ", " + in_quotes(name) + ": " + written(value);
    line += ", \"problem_count\": " + std::to_string(problem_count_) + ", \"problems\": [";
    for (std::size_t i = 0; i < problems_.size(); ++i)
        line += (i != 0 ? ", " : "") + in_quotes(problems_[i]);
    print(line + "]}}");
    return problem_count_ == 0 ? 0 : 1;
}

} // namespace hpystate::stress
