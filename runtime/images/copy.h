/// runtime/images/copy.h: the copy of an extension's file that an image is mapped from.
#pragma once

#include "runtime/elf/error.h"
#include "runtime/images/error.h"
#include "runtime/images/executable_file.h"

#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

namespace hpystate::images {

/// The file that an image is made of, open from the first byte that is read to the last.
class Source {
  public:
    /// Throws ImageError: missing-file, not-shared-object (a folder, a pipe).
    explicit Source(const std::string& path);

    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    ~Source();

    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

    /// Device, inode, size and time of the last change, as a text: equal for the same contents.
    [[nodiscard]] const std::string& identity() const noexcept { return identity_; }

    /// Throws ImageError (changed-file) if somebody wrote to it since it was opened.
    void check_unchanged() const;

  private:
    std::string path_;
    int descriptor_;
    std::uint64_t size_ = 0;
    std::string identity_;
};

/// What was found of the file at `path`, as the error that a caller gets.
[[nodiscard]] ImageError as_image_error(const elf::Error& error, const std::string& path);

/// Pages of the copy that differ from the source, by their number.
using ChangedPages = std::vector<std::uint64_t>;

/// All bytes of `source`, checked (runtime/elf/image.h). Throws ImageError: changed-file,
/// open-failed, truncated, not-shared-object, other-machine, no-memory-file.
void copy_all(const Source& source, ExecutableFile& copy);

/// Symbols that are one per process, of all files that have them (STB_GNU_UNIQUE: the statics of
/// inline functions in C++), become the file's own. Adds the pages that it changes.
void make_symbols_private(ExecutableFile& copy, ChangedPages& changed);

/// What a library is called by those that need it, and by itself.
struct Rename {
    std::string from;
    std::string to; ///< as long as `from`
};

/// Replaces those texts among the names that the copy has for itself (DT_SONAME) and for libraries
/// that it needs (DT_NEEDED). Adds the pages that it changes. Throws ImageError (open-failed) where
/// another name of the file is part of such a text.
void rename_libraries(const std::string& path, ExecutableFile& copy,
                      const std::vector<Rename>& renames, ChangedPages& changed);

} // namespace hpystate::images
