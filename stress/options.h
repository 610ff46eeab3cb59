/// stress/options.h: the options of a run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace hpystate::stress {

/// Whose globals the extensions use: HPyGlobal; hpystate/global.h with the package, or with
/// hpystate::embed. The last two are the same sources as extensions of CPython's API.
enum class Face : std::uint8_t { kHpy, kRuntime, kEmbed };

struct Options {
    std::string scenario; ///< with its ending "-c" or "-embed", which is the face
    Face face = Face::kHpy;
    std::uint64_t seed = 0;         ///< 0: one is drawn, and printed
    double seconds = 10;            ///< the scenario begins nothing new after that
    unsigned threads = 4;           ///< TBB's workers, the main thread among them
    std::uint64_t interpreters = 0; ///< 0: as many as the time allows
    std::uint64_t loads = 0;        ///< 0: as many as the time allows
    bool without = false;           ///< the same script with no hpystate: the control
    bool quiet = false;             ///< no progress: no thread but the scenario's own
    std::filesystem::path extensions;

    [[nodiscard]] std::string extension(const std::string& name) const {
        const char* const ending = face == Face::kHpy       ? ".hpy0.so"
                                   : face == Face::kRuntime ? ".runtime.so"
                                                            : ".embed.so";
        return (extensions / (name + ending)).string();
    }

    /// Python code that defines `load(name, path)`; with hpystate::embed the package is not
    /// imported.
    [[nodiscard]] std::string load_code() const;
};

/// Reads the command line; on a mistake prints what was expected, and ends the process.
[[nodiscard]] Options parse_options(int argc, char** argv);

} // namespace hpystate::stress
