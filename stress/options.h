/// stress/options.h: the options of a run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace hpystate::stress {

struct Options {
    std::string scenario;
    std::uint64_t seed = 0;         ///< 0: one is drawn, and printed
    double seconds = 10;            ///< the scenario begins nothing new after that
    unsigned threads = 4;           ///< TBB's workers, the main thread among them
    std::uint64_t interpreters = 0; ///< 0: as many as the time allows
    std::uint64_t loads = 0;        ///< 0: as many as the time allows
    bool without = false;           ///< the same script with no hpystate: the control
    bool quiet = false;             ///< no progress: no thread but the scenario's own
    std::filesystem::path extensions;

    [[nodiscard]] std::string extension(const std::string& name) const {
        return (extensions / (name + ".hpy0.so")).string();
    }
};

/// Reads the command line; on a mistake prints what was expected, and ends the process.
[[nodiscard]] Options parse_options(int argc, char** argv);

} // namespace hpystate::stress
