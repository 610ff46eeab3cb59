/// runtime/elf/error.h: why a file or an object in memory cannot be read as a shared object.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

namespace hpystate::elf {

enum class Fault : std::uint8_t {
    kMissing,         ///< the file cannot be opened
    kUnreadable,      ///< reading it failed: the disk, the network
    kNotSharedObject, ///< it is something else, or it contradicts itself
    kOtherMachine,    ///< other words, another byte order, another architecture
    kTruncated,       ///< its headers name bytes past its end
};

/// What was found, without the name of the file: whoever reads the file knows it.
class Error : public std::exception {
  public:
    /// `found` is a sentence without its full stop, `advice` one with it.
    Error(Fault fault, std::string found, const char* advice)
        : fault_(fault), found_(std::move(found)), advice_(advice) {}

    [[nodiscard]] const char* what() const noexcept override { return found_.c_str(); }
    [[nodiscard]] Fault fault() const noexcept { return fault_; }
    [[nodiscard]] const std::string& found() const noexcept { return found_; }
    [[nodiscard]] const char* advice() const noexcept { return advice_; }

  private:
    Fault fault_;
    std::string found_;
    const char* advice_;
};

/// Throws Error (kNotSharedObject).
[[noreturn]] inline void refuse(const std::string& found, const char* advice) {
    throw Error(Fault::kNotSharedObject, found, advice);
}

/// Throws Error (kNotSharedObject): `part` contradicts the rest.
[[noreturn]] inline void refuse_damaged(const std::string& part) {
    refuse("the file is damaged: " + part, "Build or copy the file again.");
}

} // namespace hpystate::elf
