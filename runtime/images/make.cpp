/// runtime/images/make.cpp: copies, changes, opens and binds the file.
#include <Python.h>

#include "runtime/images/make.h"

#include "globals/locks.h"
#include "runtime/elf/error.h"
#include "runtime/images/bind.h"
#include "runtime/images/copy.h"
#include "runtime/images/error.h"
#include "runtime/images/libraries.h"
#include "runtime/images/owner.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <dlfcn.h>
#include <fnmatch.h>
#include <link.h>
#include <mutex>
#include <optional>
#include <string_view>

namespace hpystate::images {

namespace {

struct Sums {
    RankedMutex mutex{LockRank::kFiles};
    Counts counts; ///< guarded by mutex
};

Sums& sums() noexcept {
    static Sums process_wide;
    return process_wide;
}

std::string last_part(const std::string& path) {
    return path.substr(path.rfind('/') + 1); // all of it without a '/'
}

/// The dynamic linker's reason; it keeps one for each thread.
std::string linker_reason() {
    const char* const error = dlerror(); // NOLINT(concurrency-mt-unsafe): glibc's is
    return error != nullptr ? error : "the dynamic linker gave no reason";
}

[[noreturn]] void refuse(const std::string& path, const std::string& reason) {
    const auto has = [&](const char* part) { return reason.find(part) != std::string::npos; };
    const std::string begin = path + ": no image can be made: ";
    if (has("static TLS")) {
        throw ImageError("static-tls",
                         begin + reason +
                             ". Each image needs a piece of the memory for thread-local data that "
                             "the process reserved at its start. Start it with "
                             "GLIBC_TUNABLES=glibc.rtld.optional_static_tls=16384.");
    }
    if (has("cannot open shared object file")) {
        throw ImageError("missing-library",
                         begin + reason +
                             ". Install that library; the one in a folder that the "
                             "file names is found as for the file itself.");
    }
    if (has("failed to map segment") || has("cannot allocate memory") || has("cannot create") ||
        has("cannot change memory protections")) {
        throw ImageError("no-mappings",
                         begin + reason + ". Raise vm.max_map_count, or start fewer interpreters.");
    }
    throw ImageError("open-failed", begin + reason + ".");
}

/// As long as the name, and different from that of every other image: the number takes the place
/// of its first letters. nullopt: the name is too short for that.
std::optional<std::string> renamed(const std::string& name, std::uint64_t number) {
    constexpr std::string_view kDigits =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    std::string digits = "~";
    do {
        digits += kDigits[number % kDigits.size()];
        number /= kDigits.size();
    } while (number != 0);
    digits += "~";
    if (digits.size() > name.size()) return std::nullopt;
    return digits + name.substr(digits.size());
}

link_map& map_of(void* handle, const std::string& path) {
    link_map* map = nullptr;
    if (dlinfo(handle, RTLD_DI_LINKMAP, static_cast<void*>(&map)) != 0)
        refuse(path, linker_reason());
    return *map;
}

/// One image that is being made. What fails before the file is mapped leaves nothing behind. After
/// that the mapping stays, since nothing is closed again, and the next try makes another one.
class Making {
  public:
    Making(Owner& owner, const Policy& policy, const std::string& path)
        : owner_(owner), policy_(policy), source_(path) {}

    Image* make();

  private:
    void copy_file();
    void open_libraries();
    void open_library(const Needed& needed);
    bool is_copied(const Needed& needed);
    void rename_own();
    void map_file();

    Owner& owner_;
    const Policy& policy_;
    const Source source_;
    std::optional<ExecutableFile> copy_;
    ChangedPages changed_;
    std::vector<Rename> renames_;
    std::vector<std::string> looked_at_; ///< by is_copied(), the innermost last
    std::unique_ptr<Image> image_ = std::make_unique<Image>();
};

Image* Making::make() {
    for (const std::unique_ptr<Image>& each : owner_.images)
        if (each->identity == source_.identity()) return each.get();
    image_->file = source_.path();
    image_->identity = source_.identity();
    copy_file();
    open_libraries();
    rename_own();
    rename_libraries(source_.path(), *copy_, renames_, changed_);
    owner_.images.reserve(owner_.images.size() + 1); // what can fail, before the file is mapped
    map_file();
    owner_.images.push_back(std::move(image_));
    const Image& made = *owner_.images.back();
    Sums& all = sums();
    const std::lock_guard lock(all.mutex);
    ++all.counts.images;
    all.counts.sizes.shared += made.sizes.shared;
    all.counts.sizes.separate += made.sizes.separate;
    return owner_.images.back().get();
}

void Making::copy_file() {
    copy_.emplace(last_part(source_.path()), policy_.where);
    copy_all(source_, *copy_);
    make_symbols_private(*copy_, changed_);
}

/// Also a library that needs one that is copied: it would open the file itself, a second time.
bool Making::is_copied(const Needed& needed) {
    const auto fits = [&](const std::string& pattern) {
        return fnmatch(pattern.c_str(), last_part(needed.path).c_str(), 0) == 0;
    };
    if (std::any_of(policy_.copied.begin(), policy_.copied.end(), fits)) return true;
    if (std::find(looked_at_.begin(), looked_at_.end(), needed.path) != looked_at_.end())
        return false; // it is being looked at, further out
    looked_at_.push_back(needed.path);
    const elf::Object library(needed.path);
    bool copied = uses_python(library);
    for (const Needed& each : needed_by(library, needed.path))
        copied = copied || (!each.path.empty() && is_copied(each));
    looked_at_.pop_back();
    return copied;
}

void Making::open_library(const Needed& needed) {
    if (!is_copied(needed)) {
        if (soname_of(elf::Object(needed.path)) != needed.name) {
            throw ImageError("missing-library",
                             source_.path() + ": no image can be made: it needs " + needed.path +
                                 " by the name " + needed.name +
                                 ", which is not that library's soname. Link the library with "
                                 "-Wl,-soname," +
                                 needed.name + ".");
        }
        // By its whole path, since the image's own $ORIGIN is another folder. The dynamic linker
        // finds it by its soname when the image is mapped.
        if (dlopen(needed.path.c_str(), RTLD_NOW | RTLD_LOCAL) == nullptr)
            refuse(source_.path(), linker_reason());
        image_->libraries.push_back({needed.path, false});
        return;
    }
    const Image* const library = open_image(needed.path, policy_);
    if (library == nullptr) throw ImageError("open-failed", needed.path + ": no image.");
    if (library->soname.size() != needed.name.size()) {
        throw ImageError("missing-library",
                         source_.path() + ": no image can be made: it needs an image of " +
                             needed.path + " by the name " + needed.name +
                             ", which is not that library's soname. Link the library with "
                             "-Wl,-soname," +
                             needed.name + ".");
    }
    renames_.push_back({needed.name, library->soname});
    image_->libraries.push_back({needed.path, true});
}

void Making::open_libraries() {
    try {
        for (const Needed& needed : needed_by(elf::Object(copy_->path()), source_.path()))
            if (!needed.path.empty()) open_library(needed);
    } catch (const elf::Error& error) {
        throw ImageError("missing-library", source_.path() +
                                                ": no image can be made: a library "
                                                "that it needs: " +
                                                error.found() + ". " + error.advice());
    }
}

/// The soname of every image is its own: the dynamic linker takes a file with a soname that it
/// knows for the same library.
void Making::rename_own() {
    const std::string soname = soname_of(elf::Object(copy_->path()));
    if (soname.empty()) return;
    const std::optional<std::string> own = renamed(soname, next_number());
    if (!own) {
        throw ImageError("open-failed", source_.path() + ": no image can be made: its soname " +
                                            soname +
                                            " is too short for a name of its own for "
                                            "each image. Link it without -soname.");
    }
    renames_.push_back({soname, *own});
    image_->soname = *own;
}

void Making::map_file() {
    const std::string path = source_.path();
    const std::uint64_t number = next_number();
    const std::string name =
        copy_->is_in_memory() ? respelled(copy_->path(), number) : copy_->path();
    image_->name = respelled(path, number);
    auto shown = std::make_unique<char[]>(image_->name.size() + 1);
    std::memcpy(shown.get(), image_->name.c_str(), image_->name.size() + 1);
    void* const handle = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) refuse(path, linker_reason());
    image_->handle = handle;
    copy_->keep();
    link_map& map = map_of(handle, path);
    bind_to_owner(map, path, owner_);
    image_->sizes = share_text(map, source_, *copy_, changed_);
    copy_->seal();
    if (!copy_->is_in_memory()) {
        image_->name = name;
        return;
    }
    // The name of a closed descriptor helps nobody. This one leads debuggers to the file, in which
    // they find the symbols, and no dlopen of the file finds the image by it. Other threads read
    // the old text or this one; both stay.
    map.l_name = shown.release();
}

/// Refuses a file of which an image is being made already.
class Turn {
  public:
    Turn(Owner& owner, const std::string& path) : owner_(owner) {
        const auto& making = owner.being_made;
        if (std::find(making.begin(), making.end(), path) != making.end()) {
            throw ImageError("open-failed", path +
                                                ": no image can be made: it needs a library that "
                                                "needs it.");
        }
        owner_.being_made.push_back(path);
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() { owner_.being_made.pop_back(); }

  private:
    Owner& owner_;
};

} // namespace

Image* open_image(const std::string& path, const Policy& policy) {
    Owner* const owner = owner_here();
    if (owner == nullptr) return nullptr;
    const Turn turn(*owner, path);
    try {
        return Making(*owner, policy, path).make();
    } catch (const elf::Error& error) {
        throw as_image_error(error, path);
    }
}

Counts counts() noexcept {
    Sums& all = sums();
    const std::lock_guard lock(all.mutex);
    return all.counts;
}

} // namespace hpystate::images
