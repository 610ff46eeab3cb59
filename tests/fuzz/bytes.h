/// tests/fuzz/bytes.h: what a fuzzer gives, read piece by piece; at its end everything is 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

namespace hpystate::fuzz {

using Input = std::span<const std::uint8_t>;

class Bytes {
  public:
    explicit Bytes(Input input) noexcept : left_(input) {}

    [[nodiscard]] bool empty() const noexcept { return left_.empty(); }

    template <typename Number = std::uint8_t>
    Number next() noexcept {
        Number number{};
        const std::size_t size = std::min(sizeof(number), left_.size());
        std::memcpy(&number, left_.data(), size);
        left_ = left_.subspan(size);
        return number;
    }

    /// A number below `end`.
    std::size_t below(std::size_t end) noexcept { return next() % end; }

    /// The characters up to a 0, at most `most`.
    std::string text(std::size_t most) {
        std::string text;
        while (!empty() && text.size() < most) {
            const char character = static_cast<char>(next());
            if (character == '\0') break;
            text.push_back(character);
        }
        return text;
    }

  private:
    Input left_;
};

} // namespace hpystate::fuzz
