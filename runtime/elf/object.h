/// runtime/elf/object.h: a shared object, as a file or in memory.
///
/// Its contents are read by address, as its own headers name places. So the readers of the dynamic
/// section, the symbols and the relocations are the same for both:
///
///     const elf::Object file(path);
///     file.segments();             // segments.h
///     elf::Dynamic(file);          // dynamic.h
///     elf::dynamic_symbols(file);  // symbols.h
///     elf::relocations(file);      // relocations.h
#pragma once

#include "runtime/elf/bytes.h"
#include "runtime/elf/loaded.h"
#include "runtime/elf/segments.h"

#include <cstdint>
#include <elf.h>
#include <optional>
#include <string>
#include <vector>

namespace hpystate::elf {

class Object {
  public:
    /// Opens a file and reads its headers. Throws Error: kMissing, kUnreadable, kTruncated,
    /// kOtherMachine, kNotSharedObject; std::bad_alloc. The program headers are
    /// not checked yet: image.h does that.
    explicit Object(const std::string& path);

    /// An object that stays open for as long as this lives.
    explicit Object(const Loaded& loaded) noexcept;

    Object(const Object&) = delete;
    Object& operator=(const Object&) = delete;
    ~Object() = default;

    [[nodiscard]] const Bytes& bytes() const noexcept { return bytes_; }
    [[nodiscard]] const Segments& segments() const noexcept { return segments_; }

    /// All zero for an object in memory: the dynamic linker keeps its program headers, and the rest
    /// of this header need not be mapped.
    [[nodiscard]] const Elf64_Ehdr& header() const noexcept { return header_; }

    [[nodiscard]] bool in_memory() const noexcept { return in_memory_; }

    /// 0 for a file.
    [[nodiscard]] std::uintptr_t load_address() const noexcept { return load_address_; }

    /// Where in bytes() the `count` bytes from `address` are, if they are all in one readable
    /// segment (of a file: in the part that is read from it). Else nothing.
    [[nodiscard]] std::optional<std::uint64_t> position_of(std::uint64_t address,
                                                           std::uint64_t count) const noexcept;

    /// `count` structures from `address`. Throws Error (kNotSharedObject) if they are outside the
    /// readable segments, and as Bytes::read. Not for memory that the dynamic linker or the object
    /// itself writes to meanwhile.
    template <typename Struct>
    [[nodiscard]] std::vector<Struct> at(std::uint64_t address, std::uint64_t count) const {
        return bytes_.read<Struct>(checked<Struct>(address, count), count);
    }

    /// One structure. Throws as at.
    template <typename Struct>
    [[nodiscard]] Struct one_at(std::uint64_t address) const {
        return bytes_.read_one<Struct>(checked<Struct>(address, 1));
    }

    /// The headers of its sections; none for an object in memory, or if the file has none, or of a
    /// size that is unknown to us. Throws as Bytes::read.
    [[nodiscard]] std::vector<Elf64_Shdr> sections() const;

  private:
    template <typename Struct>
    [[nodiscard]] std::uint64_t checked(std::uint64_t address, std::uint64_t count) const {
        if (count <= bytes_.size() / sizeof(Struct)) {
            if (const auto position = position_of(address, count * sizeof(Struct)))
                return *position;
        }
        refuse_damaged("a table of its dynamic section is outside its readable segments");
    }

    Bytes bytes_;
    Elf64_Ehdr header_{};
    std::vector<Elf64_Phdr> headers_; ///< of a file: what segments_ shows
    Segments segments_;
    std::uintptr_t load_address_ = 0;
    bool in_memory_ = false;
};

} // namespace hpystate::elf
