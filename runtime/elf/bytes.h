/// runtime/elf/bytes.h: the bytes of a file or of memory, each read checked against their end.
#pragma once

#include "runtime/elf/error.h"

#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

namespace hpystate::elf {

/// All files of this folder read through this class. Nothing in the bytes is trusted: an offset or
/// a count that leads out of them is an Error. An open file is closed at the end of the scope;
/// memory belongs to somebody else, who keeps it mapped meanwhile.
class Bytes {
  public:
    /// A file, read piece by piece. It is not mapped: reading a mapped file that is truncated
    /// meanwhile kills the process. Throws Error: kMissing; kNotSharedObject: not a regular file.
    explicit Bytes(const std::string& path);

    /// `size` bytes of memory from `start`. Not all need be readable: see Object::at.
    Bytes(std::uintptr_t start, std::uint64_t size) noexcept : start_(start), size_(size) {}

    Bytes(const Bytes&) = delete;
    Bytes& operator=(const Bytes&) = delete;
    ~Bytes();

    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

    /// Whether `count` bytes from `offset` are inside; hostile numbers do not overflow.
    [[nodiscard]] bool holds(std::uint64_t offset, std::uint64_t count) const noexcept {
        return offset <= size_ && count <= size_ - offset;
    }

    /// `count` structures from `offset`. Throws Error: kTruncated where the bytes end before,
    /// kUnreadable; std::bad_alloc.
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

    /// One structure at `offset`. Throws as read.
    template <typename Struct>
    [[nodiscard]] Struct read_one(std::uint64_t offset) const {
        static_assert(std::is_trivially_copyable_v<Struct>);
        if (!holds(offset, sizeof(Struct))) refuse_truncated(offset, sizeof(Struct));
        Struct structure;
        read_bytes(&structure, offset, sizeof(Struct));
        return structure;
    }

    /// Throws Error (kTruncated): the headers name bytes that are not there.
    [[noreturn]] void refuse_truncated(std::uint64_t offset, std::uint64_t count) const;

  private:
    void read_bytes(void* into, std::uint64_t offset, std::uint64_t count) const;

    int fd_ = -1; ///< of a file; -1: these are bytes of memory
    std::uintptr_t start_ = 0;
    std::uint64_t size_ = 0;
};

} // namespace hpystate::elf
