/// loader/image.cpp: headers and segments of an ELF file against the file's size.
#include "loader/image.h"

#include "loader/error.h"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <vector>

#if !defined(__linux__) || !defined(__LP64__)
#error "loader/image.cpp knows ELF files of 64-bit Linux; port it before you build elsewhere"
#endif

namespace hpystate {

namespace {

#if defined(__x86_64__)
constexpr Elf64_Half kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr Elf64_Half kMachine = EM_AARCH64;
#elif defined(__riscv)
constexpr Elf64_Half kMachine = EM_RISCV;
#elif defined(__powerpc64__)
constexpr Elf64_Half kMachine = EM_PPC64;
#elif defined(__s390x__)
constexpr Elf64_Half kMachine = EM_S390;
#else
#error "loader/image.cpp: name this machine's EM_ constant"
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
constexpr unsigned char kByteOrder = ELFDATA2LSB;
#else
constexpr unsigned char kByteOrder = ELFDATA2MSB;
#endif

/// An open file, closed at the end of the scope.
class File {
  public:
    explicit File(const std::string& path)
        : path_(path), fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
        if (fd_ < 0)
            refuse(LoadErrorKind::kMissingFile, std::generic_category().message(errno),
                   "Check the path.");
        struct stat info {};
        if (fstat(fd_, &info) != 0 || !S_ISREG(info.st_mode)) {
            close(fd_);
            refuse(LoadErrorKind::kNotSharedObject, "it is no regular file",
                   "Give the path of the extension's .so file.");
        }
        size_ = static_cast<std::uint64_t>(info.st_size);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() { close(fd_); }

    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

    /// Whether `count` bytes from `offset` lie inside the file; hostile numbers do not overflow.
    [[nodiscard]] bool holds(std::uint64_t offset, std::uint64_t count) const noexcept {
        return offset <= size_ && count <= size_ - offset;
    }

    void read(void* into, std::uint64_t offset, std::uint64_t count) const {
        auto* at = static_cast<char*>(into);
        while (count > 0) {
            const ssize_t got = pread(fd_, at, count, static_cast<off_t>(offset));
            if (got <= 0) truncated(offset, count);
            at += got;
            offset += static_cast<std::uint64_t>(got);
            count -= static_cast<std::uint64_t>(got);
        }
    }

    [[noreturn]] void refuse(LoadErrorKind kind, const std::string& found,
                             const char* advice) const {
        throw LoadError(kind, path_ + ": cannot be loaded: " + found + ". " + advice,
                        {{"reason", found}});
    }

    [[noreturn]] void truncated(std::uint64_t offset, std::uint64_t count) const {
        refuse(LoadErrorKind::kTruncated,
               "the file is truncated: it has " + std::to_string(size_) +
                   " bytes, and its headers "
                   "name " +
                   std::to_string(count) + " bytes at offset " + std::to_string(offset),
               "Build or copy the file again.");
    }

  private:
    std::string path_;
    int fd_;
    std::uint64_t size_ = 0;
};

Elf64_Ehdr read_header(const File& file) {
    Elf64_Ehdr header{};
    if (file.size() < SELFMAG) {
        file.refuse(LoadErrorKind::kNotSharedObject, "it is no ELF file",
                    "Give the path of the extension's .so file.");
    }
    file.read(&header, 0, SELFMAG);
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
        file.refuse(LoadErrorKind::kNotSharedObject, "it is no ELF file",
                    "Give the path of the extension's .so file.");
    }
    if (!file.holds(0, sizeof(header))) file.truncated(0, sizeof(header));
    file.read(&header, 0, sizeof(header));
    return header;
}

void check_header(const File& file, const Elf64_Ehdr& header) {
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != kByteOrder ||
        header.e_machine != kMachine) {
        file.refuse(LoadErrorKind::kNotSharedObject,
                    "it was built for another machine (ELF machine " +
                        std::to_string(header.e_machine) + ", this process has " +
                        std::to_string(kMachine) + ")",
                    "Build the extension for this machine.");
    }
    if (header.e_type != ET_DYN || header.e_phentsize != sizeof(Elf64_Phdr) ||
        header.e_phnum == 0) {
        file.refuse(LoadErrorKind::kNotSharedObject, "it is an ELF file, but no shared object",
                    "Link the extension with -shared.");
    }
}

std::vector<Elf64_Phdr> read_segments(const File& file, const Elf64_Ehdr& header) {
    std::vector<Elf64_Phdr> segments(header.e_phnum);
    const std::uint64_t bytes = segments.size() * sizeof(Elf64_Phdr);
    if (!file.holds(header.e_phoff, bytes)) file.truncated(header.e_phoff, bytes);
    file.read(segments.data(), header.e_phoff, bytes);
    return segments;
}

} // namespace

void check_image(const std::string& path) {
    const File file(path);
    const Elf64_Ehdr header = read_header(file);
    check_header(file, header);
    bool has_dynamic = false;
    for (const Elf64_Phdr& segment : read_segments(file, header)) {
        if (segment.p_type != PT_LOAD && segment.p_type != PT_DYNAMIC) continue;
        if (!file.holds(segment.p_offset, segment.p_filesz)) {
            file.truncated(segment.p_offset, segment.p_filesz);
        }
        if (segment.p_type == PT_LOAD && segment.p_filesz > segment.p_memsz) {
            file.refuse(LoadErrorKind::kNotSharedObject,
                        "a segment is larger in the file than in memory", "Build the file again.");
        }
        has_dynamic = has_dynamic || segment.p_type == PT_DYNAMIC;
    }
    if (!has_dynamic) {
        file.refuse(LoadErrorKind::kNotSharedObject, "it has no dynamic section",
                    "Link the extension with -shared.");
    }
    // The section headers stand last in what linkers write, and the dynamic linker does not look at
    // them. Where they are cut off, so may be data behind the last segment: say so now.
    const std::uint64_t sections = std::uint64_t{header.e_shnum} * header.e_shentsize;
    if (header.e_shoff != 0 && !file.holds(header.e_shoff, sections)) {
        file.truncated(header.e_shoff, sections);
    }
}

} // namespace hpystate
