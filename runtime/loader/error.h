/// runtime/loader/error.h: why a file could not be loaded. python/hpystate/_native.cpp turns it
/// into hpystate.errors.LoadError.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace hpystate {

/// Every kind has a short name for programs; the message is for people.
enum class LoadErrorKind : std::uint8_t {
#define HPYSTATE_KIND(name, text) name,
#include "runtime/loader/errors.def"
};

[[nodiscard]] constexpr const char* name_of(LoadErrorKind kind) noexcept {
    switch (kind) {
#define HPYSTATE_KIND(name, text)                                                                  \
    case LoadErrorKind::name:                                                                      \
        return text;
#include "runtime/loader/errors.def"
    }
    return "unknown";
}

class LoadError : public std::exception {
  public:
    using Details = std::vector<std::pair<std::string, std::string>>;

    /// `message` names the file, what was expected and found, and what to do. `details` are its
    /// parts by name, for hpystate.universal, whose texts are HPy's.
    LoadError(LoadErrorKind kind, std::string message, Details details)
        : kind_(kind), message_(std::move(message)), details_(std::move(details)) {}

    [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }
    [[nodiscard]] LoadErrorKind kind() const noexcept { return kind_; }
    [[nodiscard]] const Details& details() const noexcept { return details_; }

  private:
    LoadErrorKind kind_;
    std::string message_;
    Details details_;
};

} // namespace hpystate
