/// runtime/elf/static_data.h: finding C statics that an extension writes to after its exec.
///
/// HPy keeps an extension's objects apart for each interpreter. Its other statics are one per
/// process: whoever writes them while several interpreters run shares them, and, with GILs of their
/// own, races for them. Debug mode can compare a file's writable data with what it was.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hpystate {

/// The writable data of one shared object, as it was when a module's exec was done.
class StaticData {
  public:
    /// Takes the data of the file that `address` lies in, which stays mapped for as long as this
    /// lives: files of extensions are never closed. Throws std::bad_alloc.
    explicit StaticData(const void* address);

    /// "'counter' of x.hpy0.so" for every variable that changed since; each is named once. Slots of
    /// globals that were registered since are no changes. Throws std::bad_alloc.
    [[nodiscard]] std::vector<std::string> changed();

    /// What a word held that holds `value` now, and did not then; 0: there is no such word.
    [[nodiscard]] std::uintptr_t replaced_by(std::uintptr_t value) const noexcept;

    [[nodiscard]] const std::string& file() const noexcept { return file_; }

    /// Bytes that are still as they were taken, or changed; what lies between is protected.
    struct Part {
        const char* start;
        std::string bytes;
    };

  private:
    std::string file_;
    std::vector<Part> parts_;
    std::vector<std::string> told_;
};

} // namespace hpystate
