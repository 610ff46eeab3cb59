/// stress/scratch.h: a folder for the time of a scenario.
#pragma once

#include <filesystem>
#include <string>
#include <unistd.h>

namespace hpystate::stress {

/// Removed in the end with what is in it.
class Scratch {
  public:
    Scratch()
        : path_(std::filesystem::temp_directory_path() / ("stress-" + std::to_string(getpid()))) {
        std::filesystem::create_directory(path_);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() {
        std::error_code ignored; // what is left is in the system's temporary folder
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

} // namespace hpystate::stress
