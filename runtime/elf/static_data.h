/// runtime/elf/static_data.h: the words of an extension's C statics; those that it writes to after
/// its exec.
///
/// A second use is to look for words in that data without writing any.
///
/// HPy keeps an extension's objects apart for each interpreter. Its other C statics are shared by
/// all interpreters of the process, and those with GILs of their own may write them at the same
/// time. Debug mode can compare a file's writable data with a copy.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hpystate {

/// The writable data of one shared object, as it was when a module's exec was done.
class StaticData {
  public:
    /// Copies the data of the file that contains `address`, which stays mapped for as long as this
    /// lives: files of extensions are never closed. Throws std::bad_alloc.
    explicit StaticData(const void* address);

    /// "'counter' of x.hpy0.so" for every variable that changed since; each is named once. Slots of
    /// globals that were registered since do not count. Throws std::bad_alloc.
    [[nodiscard]] std::vector<std::string> changed();

    [[nodiscard]] const std::string& file() const noexcept { return file_; }

    /// A run of words and the copy of their bytes. The words between two parts are protected.
    struct Part {
        const char* start;
        std::string bytes;
    };

  private:
    std::string file_;
    std::vector<Part> parts_;
    std::vector<std::string> told_;
};

/// The words in the writable data of the file that contains `address` whose content is `wanted`, in
/// their order. Content that is an address in the same file is left out: most words of that data
/// are. Nothing is written. Another thread may write a word meanwhile: then its old or its new
/// content is seen. Throws std::bad_alloc.
[[nodiscard]] std::vector<const std::uintptr_t*> find_words(const void* address,
                                                            bool (*wanted)(std::uintptr_t content));

} // namespace hpystate
