/// runtime/images/text.h: what images and their file have in common, in memory once.
#pragma once

#include "runtime/images/copy.h"
#include "runtime/images/executable_file.h"

#include <cstdint>
#include <link.h>

namespace hpystate::images {

/// Bytes of an image that its file has too, and that it has alone.
struct Sizes {
    std::uint64_t shared = 0;   ///< mapped from the file itself
    std::uint64_t separate = 0; ///< of segments that are mapped: everything else
};

/// Maps the pages of read-only segments that the copy did not change from `source` instead, and
/// gives back the copy's memory for them. So all images share code, and a debugger, perf and
/// /proc/PID/maps show the file's own path. A page that could not be mapped stays the copy's.
/// Throws ImageError (changed-file); then the image is mapped from the copy as before.
[[nodiscard]] Sizes share_text(const link_map& map, const Source& source, ExecutableFile& copy,
                               const ChangedPages& changed);

} // namespace hpystate::images
