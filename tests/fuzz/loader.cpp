/// tests/fuzz/loader.cpp: whatever bytes a file has, it is passed or refused with a reason.
#include "runtime/elf/error.h"
#include "runtime/elf/image.h"
#include "runtime/elf/symbol_name.h"
#include "tests/fuzz/targets.h"

#include <string>
#include <sys/mman.h>
#include <unistd.h>

namespace hpystate::fuzz {

namespace {

/// A file in memory that each input fills anew.
class Scratch {
  public:
    Scratch() : fd_(memfd_create("fuzz", MFD_CLOEXEC)) {
        require(fd_ >= 0, "there is memory for a file");
    }

    void fill(Input input) const {
        const auto size = static_cast<ssize_t>(input.size());
        require(ftruncate(fd_, 0) == 0, "the file can be emptied");
        require(pwrite(fd_, input.data(), input.size(), 0) == size, "the file takes the input");
    }

    [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

  private:
    int fd_;
};

} // namespace

void loader(Input input) {
    static const Scratch file;
    file.fill(input);
    try {
        elf::check_image(file.path());
    } catch (const elf::Error& error) {
        const bool expected = error.fault() == elf::Fault::kNotSharedObject ||
                              error.fault() == elf::Fault::kTruncated;
        require(expected, "a file that can be read is refused for what is in it");
        require(!error.found().empty(), "what was found is told");
    }
    const std::uintptr_t offset = input.empty() ? 0 : input.size() * 64 / (input.back() + 1U);
    require(variable_at(file.path(), offset).size() <= input.size(), "a name is in the file");
}

} // namespace hpystate::fuzz
