/// tests/elf/test_image.cpp: a damaged file is refused, or the dynamic linker accepts it.
#include "runtime/elf/error.h"
#include "runtime/elf/image.h"
#include "tests/catch.h"

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using hpystate::elf::check_image;
using hpystate::elf::Error;
using hpystate::elf::Fault;

namespace {

using Bytes = std::vector<char>;

Bytes sample() {
    std::ifstream file(HPYSTATE_SAMPLE, std::ios::binary);
    Bytes bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    REQUIRE(bytes.size() > sizeof(Elf64_Ehdr));
    return bytes;
}

/// A file in the system's folder for such, gone at the end of the scope.
class Scratch {
  public:
    explicit Scratch(const Bytes& bytes) {
        const int fd = mkstemp(path_.data());
        REQUIRE(fd >= 0);
        const bool whole =
            write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
        REQUIRE(close(fd) == 0);
        REQUIRE(whole);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() { static_cast<void>(unlink(path_.c_str())); }

    [[nodiscard]] const std::string& path() const noexcept { return path_; }

  private:
    std::string path_ = "/tmp/hpystate-image-XXXXXX";
};

enum class Outcome : std::uint8_t { kOpened, kRefusedByUs, kRefusedByLinker, kCrash };

constexpr int kNotSetUp = 99; ///< status of a child that never reached the file

/// What becomes of the file in a process of its own.
Outcome outcome_of(const Bytes& bytes) {
    const Scratch file(bytes);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        for (const int number : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) {
            static_cast<void>(std::signal(number, SIG_DFL)); // Catch2's handlers print a report
        }
        alarm(20);
        // The linker's own assertions are not for whoever reads the tests.
        if (std::freopen("/dev/null", "w", stderr) == nullptr) _exit(kNotSetUp);
        try {
            check_image(file.path());
        } catch (const Error&) {
            _exit(1);
        }
        _exit(dlopen(file.path().c_str(), RTLD_NOW | RTLD_LOCAL) != nullptr ? 0 : 2);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE_FALSE((WIFEXITED(status) && WEXITSTATUS(status) == kNotSetUp));
    if (!WIFEXITED(status) || WEXITSTATUS(status) > 2) return Outcome::kCrash;
    return WEXITSTATUS(status) == 0   ? Outcome::kOpened
           : WEXITSTATUS(status) == 1 ? Outcome::kRefusedByUs
                                      : Outcome::kRefusedByLinker;
}

template <typename Struct>
Struct read_at(const Bytes& bytes, std::uint64_t offset) {
    Struct value;
    REQUIRE(offset + sizeof(value) <= bytes.size());
    std::memcpy(&value, bytes.data() + offset, sizeof(value));
    return value;
}

/// Where in the file the program headers and the dynamic section are.
struct Layout {
    Elf64_Ehdr header;
    std::vector<Elf64_Phdr> segments;
    Elf64_Phdr dynamic;
    std::uint64_t entries; ///< of the dynamic section, up to DT_NULL

    explicit Layout(const Bytes& bytes)
        : header(read_at<Elf64_Ehdr>(bytes, 0)), dynamic{}, entries(0) {
        for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
            segments.push_back(read_at<Elf64_Phdr>(bytes, header.e_phoff + i * sizeof(Elf64_Phdr)));
            if (segments.back().p_type == PT_DYNAMIC) dynamic = segments.back();
        }
        while (entry(bytes, entries).d_tag != DT_NULL)
            ++entries;
    }

    [[nodiscard]] Elf64_Dyn entry(const Bytes& bytes, std::uint64_t index) const {
        return read_at<Elf64_Dyn>(bytes, dynamic.p_offset + index * sizeof(Elf64_Dyn));
    }
};

/// Damages one byte in several ways and tells the ones that end in a crash.
std::string crashes_of(const Bytes& good, std::uint64_t offset, const char* part) {
    std::string crashes;
    for (const unsigned mask : {0x01U, 0x10U, 0x80U, 0xffU}) {
        Bytes bad = good;
        bad[offset] = static_cast<char>(static_cast<unsigned char>(bad[offset]) ^ mask);
        if (outcome_of(bad) != Outcome::kCrash) continue;
        crashes += std::string(part) + " at " + std::to_string(offset) + " xor " +
                   std::to_string(mask) + "; ";
    }
    return crashes;
}

std::string name_of(Fault fault) {
    switch (fault) {
    case Fault::kMissing:
        return "missing";
    case Fault::kUnreadable:
        return "unreadable";
    case Fault::kNotSharedObject:
        return "not-shared-object";
    case Fault::kOtherMachine:
        return "other-machine";
    case Fault::kTruncated:
        return "truncated";
    }
    return "unknown";
}

/// The kind of the error, or "" where nothing is found.
std::string kind_of(const Bytes& bytes) {
    const Scratch file(bytes);
    try {
        check_image(file.path());
    } catch (const Error& error) {
        return name_of(error.fault());
    }
    return "";
}

/// What is said about a file, or "" where nothing is found.
std::string message_of(const std::string& path) {
    try {
        check_image(path);
    } catch (const Error& error) {
        return error.what();
    }
    return "";
}

Bytes cut(const Bytes& bytes, std::uint64_t length) {
    return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length)};
}

} // namespace

TEST_CASE("a good file is opened", "[image]") {
    CHECK(outcome_of(sample()) == Outcome::kOpened);
}

TEST_CASE("every truncation is seen", "[image]") {
    const Bytes good = sample();
    const Layout layout(good);
    std::set<std::uint64_t> lengths{1, 4, sizeof(Elf64_Ehdr), good.size() - 1,
                                    layout.header.e_shoff};
    for (std::uint64_t length = 64; length < good.size(); length += 64)
        lengths.insert(length);
    for (const Elf64_Phdr& segment : layout.segments) {
        lengths.insert({segment.p_offset, segment.p_offset + segment.p_filesz});
    }
    lengths.insert(layout.header.e_phoff + layout.segments.size() * sizeof(Elf64_Phdr));
    for (const std::uint64_t boundary : std::set(lengths)) {
        if (boundary > 0) lengths.insert({boundary - 1, boundary + 1});
    }

    for (const std::uint64_t length : lengths) {
        if (length >= good.size()) continue;
        CAPTURE(length);
        CHECK(kind_of(cut(good, length)) == (length < SELFMAG ? "not-shared-object" : "truncated"));
    }
}

TEST_CASE("a file whose end was never written does not crash the reader", "[image]") {
    const Bytes good = sample();
    for (std::uint64_t length = 0; length < good.size(); length += 256) {
        Bytes hollow = cut(good, length);
        hollow.resize(good.size(), '\0'); // what a copy that was interrupted may leave
        const Layout whole(good);
        if (length > whole.dynamic.p_offset) break; // later bytes are contents, not headers
        CAPTURE(length);
        CHECK(outcome_of(hollow) != Outcome::kCrash);
    }
}

TEST_CASE("no damaged byte of the headers is a crash", "[image]") {
    const Bytes good = sample();
    const Layout layout(good);
    std::string crashes;
    for (std::uint64_t offset = 0; offset < sizeof(Elf64_Ehdr); ++offset) {
        crashes += crashes_of(good, offset, "header");
    }
    for (std::size_t i = 0; i < layout.segments.size(); ++i) {
        const std::uint64_t start = layout.header.e_phoff + i * sizeof(Elf64_Phdr);
        for (std::uint64_t at = 0; at < sizeof(Elf64_Phdr); ++at) {
            // More of the same segment may be protected than the linker meant: nothing tells.
            if (layout.segments[i].p_type == PT_GNU_RELRO &&
                at / 8 == offsetof(Elf64_Phdr, p_memsz) / 8) {
                continue;
            }
            crashes += crashes_of(good, start + at, "program header");
        }
    }
    CHECK(crashes == "");
}

TEST_CASE("an entry of the dynamic section that changed its meaning does not crash the reader",
          "[image]") {
    const Bytes good = sample();
    const Layout layout(good);
    std::string crashes;
    for (std::uint64_t i = 0; i < layout.entries; ++i) {
        const std::uint64_t start = layout.dynamic.p_offset + i * sizeof(Elf64_Dyn);
        for (std::uint64_t at = 0; at < sizeof(Elf64_Sxword); ++at) {
            crashes += crashes_of(good, start + at, "tag");
        }
    }
    CHECK(crashes == "");
}

TEST_CASE("an entry of the dynamic section that leads out of the file does not crash the reader",
          "[image]") {
    const Bytes good = sample();
    const Layout layout(good);
    const std::uint64_t values[] = {0x7fffffff, 0x7fffffffffff, UINT64_MAX, UINT64_MAX - 7,
                                    std::uint64_t{1} << 63};
    std::size_t refused = 0;
    for (std::uint64_t i = 0; i < layout.entries; ++i) {
        for (const std::uint64_t value : values) {
            Bytes bad = good;
            const std::uint64_t at = layout.dynamic.p_offset + i * sizeof(Elf64_Dyn);
            std::memcpy(bad.data() + at + offsetof(Elf64_Dyn, d_un), &value, sizeof(value));
            const Outcome outcome = outcome_of(bad);
            CAPTURE(layout.entry(good, i).d_tag, value);
            CHECK(outcome != Outcome::kCrash);
            refused += outcome == Outcome::kRefusedByUs ? 1 : 0;
        }
    }
    CHECK(refused >
          layout.entries * 3); // flags and counts of no consequence are left to the linker
}

TEST_CASE("a file with so many program headers that looking at them takes minutes is refused",
          "[image]") {
    Bytes bad = sample();
    Elf64_Ehdr header = read_at<Elf64_Ehdr>(bad, 0);
    const std::vector<Elf64_Phdr> segments = Layout(bad).segments;
    header.e_phoff = bad.size();
    header.e_phnum = UINT16_MAX;
    std::memcpy(bad.data(), &header, sizeof(header));
    bad.resize(bad.size() + sizeof(Elf64_Phdr) * UINT16_MAX); // the rest is of type PT_NULL
    std::memcpy(bad.data() + header.e_phoff, segments.data(), segments.size() * sizeof(Elf64_Phdr));

    CHECK(kind_of(bad) == "not-shared-object");
}

TEST_CASE("what is not a regular file is refused at once", "[image]") {
    Scratch place({});
    REQUIRE(unlink(place.path().c_str()) == 0);
    REQUIRE(mkfifo(place.path().c_str(), 0600) == 0); // opening a pipe may wait for its writer
    for (const std::string& path : {place.path(), std::string("/dev/null"), std::string("/")}) {
        CAPTURE(path);
        CHECK_THROWS_AS(check_image(path), Error);
    }
}

TEST_CASE("a file that must not be read is an error with that reason", "[image]") {
    const Scratch file(sample());
    REQUIRE(chmod(file.path().c_str(), 0) == 0);
    const uid_t user = geteuid();
    if (user == 0) REQUIRE(seteuid(65534) == 0); // root may read every file
    const std::string message = message_of(file.path());
    if (user == 0) REQUIRE(seteuid(user) == 0);

    CHECK(message.find("Permission denied") != std::string::npos);
}
