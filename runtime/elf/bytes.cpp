/// runtime/elf/bytes.cpp: opening and reading.
#include "runtime/elf/bytes.h"

#include "globals/check.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hpystate::elf {

namespace {

/// The text of an errno. The C library's function, since std::error_category brings much of the C++
/// library into an extension that has hpystate::embed in it.
[[nodiscard]] std::string text_of(int error) {
    std::array<char, 128> buffer{};
    return strerror_r(error, buffer.data(), buffer.size()); // GNU's: returns a text of its own
}

} // namespace

// O_NONBLOCK: opening a pipe without a writer would wait forever. It has no effect on files.
Bytes::Bytes(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (fd_ < 0) {
        throw Error(Fault::kMissing, text_of(errno), "Check the path and the right to read it.");
    }
    struct stat info {};
    if (fstat(fd_, &info) != 0 || !S_ISREG(info.st_mode)) {
        close(fd_); // the destructor does not run for an object whose constructor throws
        refuse("it is not a regular file", "Give the path of the extension's .so file.");
    }
    size_ = static_cast<std::uint64_t>(info.st_size);
}

Bytes::~Bytes() {
    if (fd_ >= 0) close(fd_);
}

void Bytes::read_bytes(void* into, std::uint64_t offset, std::uint64_t count) const {
    HPYSTATE_CHECK(holds(offset, count));
    auto* at = static_cast<char*>(into);
    if (fd_ < 0) {
        if (count > 0) std::memcpy(at, reinterpret_cast<const char*>(start_ + offset), count);
        return;
    }
    while (count > 0) {
        const ssize_t got = pread(fd_, at, count, static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            throw Error(Fault::kUnreadable, std::string("it cannot be read: ") + text_of(errno),
                        "Check the disk or the network share that holds it.");
        }
        if (got == 0) refuse_truncated(offset, count); // the file has shrunk since it was opened
        at += got;
        offset += static_cast<std::uint64_t>(got);
        count -= static_cast<std::uint64_t>(got);
    }
}

void Bytes::refuse_truncated(std::uint64_t offset, std::uint64_t count) const {
    throw Error(Fault::kTruncated,
                "the file is truncated: it has " + std::to_string(size_) +
                    " bytes, and its headers name " + std::to_string(count) + " bytes at offset " +
                    std::to_string(offset),
                "Build or copy the file again.");
}

} // namespace hpystate::elf
