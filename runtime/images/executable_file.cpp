/// runtime/images/executable_file.cpp: memfd_create, or a folder of the user's own.
#include "runtime/images/executable_file.h"

#include "globals/locks.h"
#include "runtime/images/error.h"

#include <array>
#include <atomic>
#include <cstdlib>
#include <fcntl.h>
#include <mutex>
#include <new>
#include <string_view>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace hpystate::images {

namespace {

#ifdef MFD_EXEC
constexpr unsigned kMayBeRun = MFD_EXEC;
#else
constexpr unsigned kMayBeRun = 0x10; // of Linux 6.3, which older headers do not have
#endif

[[noreturn]] void refuse(const std::string& what, int error) {
    throw ImageError("no-memory-file",
                     what + ": " + text_of(error) +
                         ". A private image needs memfd_create, or a temporary folder (TMPDIR) "
                         "that may hold programs and has room.");
}

/// The folder for the images of this process, and what is in it. A child of fork has the same text
/// and removes nothing.
struct Folder {
    RankedMutex mutex{LockRank::kPrivateCopies};
    std::string path;               ///< "": none was made yet; guarded by mutex
    std::vector<std::string> files; ///< guarded by mutex
    pid_t maker = 0;                ///< guarded by mutex
};

/// Never destroyed.
Folder& folder() {
    static Folder& process_wide = *new Folder;
    return process_wide;
}

/// At the end of the process. Somebody else may have removed a file already.
void remove_folder() noexcept {
    Folder& all = folder();
    const std::lock_guard lock(all.mutex);
    if (all.maker != getpid()) return;
    for (const std::string& file : all.files)
        static_cast<void>(unlink(file.c_str()));
    static_cast<void>(rmdir(all.path.c_str()));
}

/// A folder that only this user may read; of another process after a fork. The mutex is held.
void make_folder(Folder& all) {
    const char* const temporary = std::getenv("TMPDIR"); // NOLINT(concurrency-mt-unsafe): as libc's
    const std::string parent = temporary != nullptr && *temporary != '\0' ? temporary : "/tmp";
    std::string path = parent + "/hpystate-images-XXXXXX";
    if (mkdtemp(path.data()) == nullptr) refuse("no folder could be made in " + parent, errno);
    static const bool at_end = std::atexit(remove_folder) == 0;
    if (!at_end) throw std::bad_alloc(); // the one reason that it has
    all.path = path;
    all.maker = getpid();
    all.files.clear();
}

} // namespace

ExecutableFile::ExecutableFile(const std::string& name, Where where) {
    if (where == Where::kMemory && create_in_memory(name)) return;
    create_in_folder(name);
}

ExecutableFile::~ExecutableFile() {
    if (descriptor_ >= 0) close(descriptor_);
    if (!in_memory_ && !kept_) static_cast<void>(unlink(path_.c_str()));
}

bool ExecutableFile::create_in_memory(const std::string& name) noexcept try {
    // The kernel's limit is 249 bytes.
    const std::string shown = name.substr(0, 200);
    constexpr unsigned kFlags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    descriptor_ = memfd_create(shown.c_str(), kFlags | kMayBeRun);
    // Kernels before 6.3 do not know the flag: all such files may be run there.
    if (descriptor_ < 0 && errno == EINVAL) descriptor_ = memfd_create(shown.c_str(), kFlags);
    if (descriptor_ < 0) return false;
    path_ = "/proc/self/fd/" + std::to_string(descriptor_);
    in_memory_ = true;
    if (access(path_.c_str(), X_OK) == 0) return true;
    close(descriptor_); // /proc is not there, or the file may not be run (vm.memfd_noexec)
    descriptor_ = -1;
    in_memory_ = false;
    return false;
} catch (const std::bad_alloc&) {
    return false;
}

void ExecutableFile::create_in_folder(const std::string& name) {
    Folder& all = folder();
    const std::lock_guard lock(all.mutex);
    if (all.path.empty() || all.maker != getpid()) make_folder(all);
    const std::string file = all.path + "/" + std::to_string(next_number()) + "-" + name;
    all.files.push_back(file); // first: it is removed at the end, whatever happens
    descriptor_ = open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRWXU);
    if (descriptor_ < 0) refuse(file + " could not be made", errno);
    path_ = file;
}

void ExecutableFile::write(std::uint64_t offset, const void* bytes, std::size_t count) {
    const char* from = static_cast<const char*>(bytes);
    while (count > 0) {
        const ssize_t done = pwrite(descriptor_, from, count, static_cast<off_t>(offset));
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) refuse(path_ + " could not be written", done < 0 ? errno : ENOSPC);
        from += done;
        offset += static_cast<std::uint64_t>(done);
        count -= static_cast<std::size_t>(done);
    }
}

void ExecutableFile::forget(std::uint64_t offset, std::uint64_t count) noexcept {
    if (!in_memory_) return;
    // Where it fails the memory stays, and nothing else changes.
    static_cast<void>(fallocate(descriptor_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                static_cast<off_t>(offset), static_cast<off_t>(count)));
}

void ExecutableFile::seal() noexcept {
    if (!in_memory_) {
        static_cast<void>(fchmod(descriptor_, S_IRUSR | S_IXUSR));
        return;
    }
    static_cast<void>(
        fcntl(descriptor_, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL));
}

std::string respelled(const std::string& path, std::uint64_t number) {
    std::string digits;
    for (std::uint64_t rest = number + 1; rest != 0; rest >>= 1)
        digits += (rest & 1) != 0 ? "./" : ".//";
    const std::size_t after = path.rfind('/') + 1; // 0 for a name without a slash
    return path.substr(0, after) + digits + path.substr(after);
}

std::uint64_t next_number() noexcept {
    // relaxed: that no number is given twice is all that callers need.
    static std::atomic<std::uint64_t> next{0};
    return next.fetch_add(1, std::memory_order_relaxed);
}

} // namespace hpystate::images
