/// stress/scenarios.h: the list of scenarios; each is a file of its own.
#pragma once

#include "stress/options.h"
#include "stress/tally.h"

#include <string_view>

namespace hpystate::stress {

void churn(const Options& options, Tally& tally);
void first_import(const Options& options, Tally& tally);
void late(const Options& options, Tally& tally);
void again(const Options& options, Tally& tally);
void overwrite(const Options& options, Tally& tally);
void faults_memory(const Options& options, Tally& tally);
void faults_exec(const Options& options, Tally& tally);
void faults_thread(const Options& options, Tally& tally);
void faults_fork(const Options& options, Tally& tally);
void cost(const Options& options, Tally& tally);
void flat(const Options& options, Tally& tally);

/// A name that ends in "-c" or "-embed" is the same scenario with another face (options.h).
struct Scenario {
    const char* name;
    void (*run)(const Options&, Tally&);
};

inline constexpr Scenario kScenarios[] = {
    {"churn", churn},
    {"churn-c", churn},
    {"churn-embed", churn},
    {"first-import", first_import},
    {"first-import-c", first_import},
    {"first-import-embed", first_import},
    {"late", late},
    {"late-c", late},
    {"late-embed", late},
    {"again", again},
    {"overwrite", overwrite},
    {"overwrite-c", overwrite},
    {"overwrite-embed", overwrite},
    {"faults-memory", faults_memory},
    {"faults-memory-c", faults_memory},
    {"faults-memory-embed", faults_memory},
    {"faults-exec", faults_exec},
    {"faults-thread", faults_thread},
    {"faults-fork", faults_fork},
    {"cost", cost},
    {"flat", flat},
};

[[nodiscard]] inline const Scenario* find_scenario(std::string_view name) {
    for (const Scenario& scenario : kScenarios) {
        if (name == scenario.name) return &scenario;
    }
    return nullptr;
}

} // namespace hpystate::stress
