/// runtime/images/executable_file.h: a new file whose bytes the process may run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace hpystate::images {

/// Where the bytes of an image are.
enum class Where : std::uint8_t {
    kMemory, ///< in memory without a name; in a folder, where the system refuses that
    kFolder, ///< in a folder that is removed when the process ends: for debuggers
};

/// A file of its own inode, which nobody else writes to. The descriptor is closed at the end of the
/// scope; mappings of the file stay.
class ExecutableFile {
  public:
    /// An empty one. `name` is shown by /proc/PID/maps. Throws ImageError (kind no-memory-file).
    ExecutableFile(const std::string& name, Where where);

    ExecutableFile(const ExecutableFile&) = delete;
    ExecutableFile& operator=(const ExecutableFile&) = delete;
    ~ExecutableFile();

    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

    /// By which it can be opened as long as this exists.
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

    [[nodiscard]] bool is_in_memory() const noexcept { return in_memory_; }

    /// Throws ImageError (no-memory-file): the memory or the disk is full.
    void write(std::uint64_t offset, const void* bytes, std::size_t count);

    /// Gives back the memory of these bytes, which nobody reads any more. Does nothing to a file in
    /// a folder.
    void forget(std::uint64_t offset, std::uint64_t count) noexcept;

    /// It is in use. A file in a folder that is not kept is removed at the end of the scope.
    void keep() noexcept { kept_ = true; }

    /// From now on nobody can write to it.
    void seal() noexcept;

  private:
    bool create_in_memory(const std::string& name) noexcept;
    void create_in_folder(const std::string& name);

    int descriptor_ = -1;
    std::string path_;
    bool in_memory_ = false;
    bool kept_ = false;
};

/// `path` in another spelling: `number` is written before the last part of it, as "./" and ".//".
/// It names the same file, and no other number gives the same text. The dynamic linker compares
/// names before it opens a file, and the name of a descriptor is used again and again.
[[nodiscard]] std::string respelled(const std::string& path, std::uint64_t number);

/// A number that no other call in this process returns.
[[nodiscard]] std::uint64_t next_number() noexcept;

} // namespace hpystate::images
