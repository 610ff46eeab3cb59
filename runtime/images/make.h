/// runtime/images/make.h: from a file to its private image.
#pragma once

#include "runtime/images/executable_file.h"
#include "runtime/images/image.h"

#include <cstddef>
#include <string>
#include <vector>

namespace hpystate::images {

/// How images are made.
struct Policy {
    /// Patterns as of fnmatch, for the file names of bundled libraries that each interpreter gets
    /// its own image of. Those that use Python's symbols are copied always.
    std::vector<std::string> copied;
    Where where = Where::kMemory;
};

/// The image of a file for the calling interpreter: the one that it has already, if the file is the
/// same and unchanged. Constructors of the file run. Throws ImageError, std::bad_alloc; nullptr
/// with an exception set.
[[nodiscard]] Image* open_image(const std::string& path, const Policy& policy);

/// How many images the process has, and how many bytes they share with their files and do not.
struct Counts {
    std::size_t images = 0;
    Sizes sizes;
};
[[nodiscard]] Counts counts() noexcept;

} // namespace hpystate::images
