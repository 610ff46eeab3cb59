/// runtime/images/error.h: why no image of a file could be made.
#pragma once

#include <cerrno>
#include <exception>
#include <string>
#include <system_error>
#include <utility>

namespace hpystate::images {

/// python/hpystate/_images.cpp turns it into hpystate.errors.LoadError.
class ImageError : public std::exception {
  public:
    /// `kind` is a short name for programs, which docs/debugging.md explains. `message` names the
    /// file, what was found, and what to do.
    ImageError(const char* kind, std::string message) : kind_(kind), message_(std::move(message)) {}

    [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }
    [[nodiscard]] const char* kind() const noexcept { return kind_; }

  private:
    const char* kind_;
    std::string message_;
};

/// The text of an errno.
[[nodiscard]] inline std::string text_of(int error) {
    return std::generic_category().message(error);
}

} // namespace hpystate::images
