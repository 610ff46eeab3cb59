/// runtime/images/copy.cpp: reads the source, writes the copy, and changes what must differ.
#include "runtime/images/copy.h"

#include "runtime/elf/dynamic.h"
#include "runtime/elf/error.h"
#include "runtime/elf/image.h"
#include "runtime/elf/object.h"
#include "runtime/elf/symbols.h"
#include "runtime/images/error.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace hpystate::images {

namespace {

std::string identity_of(const struct stat& info) {
    const auto text = [](auto number) { return std::to_string(number); };
    return text(info.st_dev) + ":" + text(info.st_ino) + ":" + text(info.st_size) + ":" +
           text(info.st_mtim.tv_sec) + "." + text(info.st_mtim.tv_nsec) + ":" +
           text(info.st_ctim.tv_sec) + "." + text(info.st_ctim.tv_nsec);
}

[[nodiscard]] constexpr const char* kind_of(elf::Fault fault) noexcept {
    switch (fault) {
    case elf::Fault::kMissing:
        return "missing-file";
    case elf::Fault::kUnreadable:
        return "open-failed";
    case elf::Fault::kNotSharedObject:
        return "not-shared-object";
    case elf::Fault::kOtherMachine:
        return "other-machine";
    case elf::Fault::kTruncated:
        return "truncated";
    }
    return "open-failed";
}

void add_pages(ChangedPages& changed, std::uint64_t offset, std::uint64_t count) {
    const auto size = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    for (std::uint64_t page = offset / size; page <= (offset + count - 1) / size; ++page) {
        const auto at = std::lower_bound(changed.begin(), changed.end(), page);
        if (at == changed.end() || *at != page) changed.insert(at, page);
    }
}

/// Where in the file `count` bytes from an address are; the copy was checked, so they are there.
std::uint64_t position_of(const elf::Object& object, std::uint64_t address, std::uint64_t count) {
    const auto position = object.position_of(address, count);
    if (!position) elf::refuse_damaged("a table of its dynamic section is outside its segments");
    return *position;
}

} // namespace

ImageError as_image_error(const elf::Error& error, const std::string& path) {
    return {kind_of(error.fault()),
            path + ": no image can be made: " + error.found() + ". " + error.advice()};
}

Source::Source(const std::string& path)
    : path_(path), descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (descriptor_ < 0) {
        const int error = errno;
        const bool missing = error == ENOENT || error == ENOTDIR;
        throw ImageError(missing ? "missing-file" : "open-failed",
                         path + ": no image can be made: " + text_of(error) +
                             (missing ? ". Check the path."
                                      : ". Check the right to read it, and how many files this "
                                        "process has open."));
    }
    struct stat info {};
    if (fstat(descriptor_, &info) != 0 || !S_ISREG(info.st_mode)) {
        close(descriptor_); // the destructor does not run for an object whose constructor throws
        throw ImageError("not-shared-object", path + ": no image can be made: it is not a regular "
                                                     "file. Give the path of an extension's .so "
                                                     "file.");
    }
    size_ = static_cast<std::uint64_t>(info.st_size);
    identity_ = identity_of(info);
}

Source::~Source() {
    close(descriptor_);
}

void Source::check_unchanged() const {
    struct stat info {};
    if (fstat(descriptor_, &info) == 0 && identity_of(info) == identity_) return;
    throw ImageError("changed-file",
                     path_ + ": no image can be made: the file was written to while it was read. "
                             "Import it again when the installation is done.");
}

void copy_all(const Source& source, ExecutableFile& copy) {
    std::vector<char> buffer(std::size_t{1} << 20);
    std::uint64_t offset = 0;
    while (offset < source.size()) {
        const ssize_t got =
            pread(source.descriptor(), buffer.data(), buffer.size(), static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            throw ImageError("open-failed", source.path() +
                                                ": it cannot be read: " + text_of(errno) +
                                                ". Check the disk or the "
                                                "network share that holds it.");
        }
        if (got == 0) break; // it has become shorter, which the check below names
        copy.write(offset, buffer.data(), static_cast<std::size_t>(got));
        offset += static_cast<std::uint64_t>(got);
    }
    source.check_unchanged();
    try {
        elf::check_image(copy.path());
    } catch (const elf::Error& error) {
        throw as_image_error(error, source.path());
    }
}

void make_symbols_private(ExecutableFile& copy, ChangedPages& changed) {
    const elf::Object object(copy.path());
    const elf::Symbols symbols = elf::dynamic_symbols(object);
    const std::uint64_t table = elf::Dynamic(object).address(DT_SYMTAB);
    const auto entries = symbols.entries();
    const std::uint64_t start = position_of(object, table, entries.size_bytes());
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (ELF64_ST_BIND(entries[i].st_info) != STB_GNU_UNIQUE) continue;
        const auto info = static_cast<unsigned char>(
            ELF64_ST_INFO(STB_GLOBAL, ELF64_ST_TYPE(entries[i].st_info)));
        const std::uint64_t at = start + i * sizeof(Elf64_Sym) + offsetof(Elf64_Sym, st_info);
        copy.write(at, &info, sizeof(info));
        add_pages(changed, at, sizeof(info));
    }
}

void rename_libraries(const std::string& path, ExecutableFile& copy,
                      const std::vector<Rename>& renames, ChangedPages& changed) {
    if (renames.empty()) return;
    const elf::Object object(copy.path());
    const elf::Dynamic dynamic(object);
    const std::uint64_t size = dynamic.value(DT_STRSZ);
    const std::uint64_t table = dynamic.address(DT_STRTAB);
    const std::vector<char> strings = object.at<char>(table, size);
    const std::uint64_t start = position_of(object, table, size);
    for (const Elf64_Dyn& entry : dynamic.entries()) {
        if (entry.d_tag != DT_SONAME && entry.d_tag != DT_NEEDED) continue;
        const std::uint64_t at = entry.d_un.d_val;
        if (at >= size) continue; // check_image has refused what the dynamic linker would read
        const std::string_view found(strings.data() + at, strnlen(strings.data() + at, size - at));
        const auto wanted = std::find_if(renames.begin(), renames.end(),
                                         [&](const Rename& each) { return each.from == found; });
        if (wanted == renames.end()) continue;
        // Linkers let a text be the end of a longer one.
        if (at != 0 && strings[at - 1] != '\0') {
            throw ImageError("open-failed", path + ": the name " + wanted->from +
                                                " is part of another text of the file, so a copy "
                                                "of that library cannot have a name of its own. "
                                                "Link the file with -Wl,-O0.");
        }
        copy.write(start + at, wanted->to.data(), wanted->to.size());
        add_pages(changed, start + at, wanted->to.size());
    }
}

} // namespace hpystate::images
