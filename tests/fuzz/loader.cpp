/// tests/fuzz/loader.cpp: whatever bytes a file has, it is passed or refused with a reason.
#include "runtime/elf/image.h"
#include "runtime/elf/relocations.h"
#include "runtime/elf/symbol_name.h"
#include "runtime/elf/symbols.h"
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

void require_reason(const elf::Error& error) {
    const bool expected = error.fault() == elf::Fault::kNotSharedObject ||
                          error.fault() == elf::Fault::kTruncated ||
                          error.fault() == elf::Fault::kOtherMachine;
    require(expected, "a file that can be read is refused for what is in it");
    require(!error.found().empty(), "what was found is told");
}

/// What a file that was never checked has: each part is read, or an Error.
void read_all(const std::string& path) {
    const elf::Object object(path);
    const elf::Symbols symbols = elf::dynamic_symbols(object);
    for (const Elf64_Sym& symbol : symbols.entries()) {
        require(symbols.name_of(symbol).size() < object.bytes().size(), "a name is in the file");
    }
    constexpr std::size_t kWordsOfASet = 63; // packed relocations: so many for 8 bytes
    require(elf::relocations(object).size() <= kWordsOfASet * object.bytes().size(),
            "a relocation is in the file");
}

} // namespace

void loader(Input input) {
    static const Scratch file;
    file.fill(input);
    try {
        elf::check_image(file.path());
    } catch (const elf::Error& error) {
        require_reason(error);
    }
    try {
        read_all(file.path());
    } catch (const elf::Error& error) {
        require_reason(error);
    }
    const std::uintptr_t offset = input.empty() ? 0 : input.size() * 64 / (input.back() + 1U);
    require(variable_at(file.path(), offset).size() <= input.size(), "a name is in the file");
}

} // namespace hpystate::fuzz
