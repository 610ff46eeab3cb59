/// runtime/elf/bytes.h: an ELF file that is looked at before it is mapped, and how it is
/// refused.
#pragma once

#include "runtime/elf/error.h"

#include <cstdint>
#include <elf.h>
#include <string>
#include <type_traits>
#include <vector>

namespace hpystate::elf {

/// An open file, closed at the end of the scope. Nothing in it is trusted: reads are checked
/// against its size, and what is wrong becomes an Error.
class Bytes {
  public:
    /// Throws Error: kMissing, kNotSharedObject where it is no regular file.
    explicit Bytes(const std::string& path);
    Bytes(const Bytes&) = delete;
    Bytes& operator=(const Bytes&) = delete;
    ~Bytes();

    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

    /// Whether `count` bytes from `offset` lie inside the file; hostile numbers do not overflow.
    [[nodiscard]] bool holds(std::uint64_t offset, std::uint64_t count) const noexcept {
        return offset <= size_ && count <= size_ - offset;
    }

    /// `count` structures from `offset`. Throws Error (kTruncated) where the file ends before.
    template <typename Struct>
    [[nodiscard]] std::vector<Struct> read(std::uint64_t offset, std::uint64_t count) const {
        static_assert(std::is_trivially_copyable_v<Struct>);
        if (count > size_ / sizeof(Struct)) refuse_truncated(offset, count);
        if (!holds(offset, count * sizeof(Struct)))
            refuse_truncated(offset, count * sizeof(Struct));
        std::vector<Struct> structures(count);
        read_bytes(structures.data(), offset, count * sizeof(Struct));
        return structures;
    }

    [[noreturn]] static void refuse(const std::string& found, const char* advice) {
        elf::refuse(found, advice);
    }
    [[noreturn]] static void refuse_damaged(const std::string& part) { elf::refuse_damaged(part); }

    /// Throws Error (kTruncated): the headers name bytes that the file does not have.
    [[noreturn]] void refuse_truncated(std::uint64_t offset, std::uint64_t count) const;

  private:
    [[noreturn]] void raise(Fault kind, const std::string& found, const char* advice) const;
    void read_bytes(void* into, std::uint64_t offset, std::uint64_t count) const;

    int fd_;
    std::uint64_t size_ = 0;
};

/// The program headers of a file, and which segment an address lies in.
struct Segments {
    std::vector<Elf64_Phdr> headers;

    /// Whether `count` bytes from `address` lie in one loaded segment that has all of `flags`
    /// (PF_R, PF_W, PF_X).
    [[nodiscard]] bool load(std::uint64_t address, std::uint64_t count,
                            Elf64_Word flags = 0) const noexcept;

    /// The same, in the part of a readable segment that comes from the file: where in the file they
    /// stand. False where there is none.
    [[nodiscard]] bool offset_of(std::uint64_t address, std::uint64_t count,
                                 std::uint64_t& offset) const noexcept;
};

/// Whether `count` bytes from `at` lie in the `size` bytes from `start`, without overflow.
[[nodiscard]] constexpr bool lies_in(std::uint64_t at, std::uint64_t count, std::uint64_t start,
                                     std::uint64_t size) noexcept {
    return at >= start && at - start <= size && count <= size - (at - start);
}

} // namespace hpystate::elf
