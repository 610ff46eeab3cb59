/// runtime/images/text.cpp: runs of unchanged pages, mapped over the copy's.
#include "runtime/images/text.h"

#include "runtime/elf/dynamic.h"
#include "runtime/elf/object.h"

#include <algorithm>
#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace hpystate::images {

namespace {

/// Pages of one segment: where they are in the file, and in memory.
struct Run {
    std::uint64_t offset;
    std::uint64_t count;
    std::uintptr_t address;
    int protection;
};

/// Relocations in code: then its pages differ in each image.
bool has_text_relocations(const elf::Dynamic& dynamic) noexcept {
    return dynamic.has(DT_TEXTREL) || (dynamic.value(DT_FLAGS) & DF_TEXTREL) != 0;
}

/// Mapped from the file as a whole, and never written to.
bool is_fixed(const Elf64_Phdr& segment) noexcept {
    return segment.p_type == PT_LOAD && (segment.p_flags & PF_W) == 0 &&
           segment.p_filesz == segment.p_memsz && segment.p_filesz != 0;
}

/// The runs between the changed pages of all segments that are never written to. A page of the file
/// that a segment with variables has too stays in the copy: that segment reads it from there, at
/// once or, with the first values of thread-local variables, for each thread that begins.
std::vector<Run> unchanged_runs(const elf::Object& object, std::uintptr_t load_address,
                                const ChangedPages& changed) {
    const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    const auto end_of = [page](const Elf64_Phdr& segment) {
        return (segment.p_offset + segment.p_filesz + page - 1) / page;
    };
    const auto& segments = object.segments().headers;
    const auto has_variables = [&](std::uint64_t number) {
        return std::any_of(segments.begin(), segments.end(), [&](const Elf64_Phdr& segment) {
            return segment.p_type == PT_LOAD && !is_fixed(segment) && segment.p_filesz != 0 &&
                   segment.p_offset / page <= number && number < end_of(segment);
        });
    };
    std::vector<Run> runs;
    for (const Elf64_Phdr& segment : segments) {
        if (!is_fixed(segment) || segment.p_offset % page != segment.p_vaddr % page) continue;
        const int protection = ((segment.p_flags & PF_R) != 0 ? PROT_READ : 0) |
                               ((segment.p_flags & PF_X) != 0 ? PROT_EXEC : 0);
        const std::uint64_t first = segment.p_offset / page;
        std::uint64_t from = first;
        std::uint64_t end = end_of(segment);
        if (has_variables(from)) ++from;
        if (from < end && has_variables(end - 1)) --end;
        const std::uintptr_t start = load_address + segment.p_vaddr - segment.p_offset % page;
        const auto add = [&](std::uint64_t begin, std::uint64_t to) {
            if (begin < to) {
                runs.push_back({begin * page, (to - begin) * page, start + (begin - first) * page,
                                protection});
            }
        };
        for (auto each = std::lower_bound(changed.begin(), changed.end(), from);
             each != changed.end() && *each < end; ++each) {
            add(from, *each);
            from = *each + 1;
        }
        add(from, end);
    }
    return runs;
}

bool map_over(const Run& run, int descriptor) noexcept {
    return mmap(reinterpret_cast<void*>(run.address), run.count, run.protection,
                MAP_PRIVATE | MAP_FIXED, descriptor, static_cast<off_t>(run.offset)) != MAP_FAILED;
}

/// Of all segments, in whole pages.
std::uint64_t mapped_bytes(const elf::Object& object) noexcept {
    const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    std::uint64_t sum = 0;
    for (const Elf64_Phdr& segment : object.segments().headers) {
        if (segment.p_type != PT_LOAD) continue;
        const std::uint64_t end = (segment.p_vaddr + segment.p_memsz + page - 1) / page;
        sum += (end - segment.p_vaddr / page) * page;
    }
    return sum;
}

} // namespace

Sizes share_text(const link_map& map, const Source& source, ExecutableFile& copy,
                 const ChangedPages& changed) {
    const elf::Object object(copy.path());
    Sizes sizes;
    std::vector<Run> shared;
    if (!has_text_relocations(elf::Dynamic(object))) {
        source.check_unchanged();
        for (const Run& run : unchanged_runs(object, map.l_addr, changed)) {
            if (map_over(run, source.descriptor())) shared.push_back(run);
        }
        try {
            source.check_unchanged();
        } catch (...) {
            // The bytes that are mapped may be another file's by now. The addresses are mapped
            // already, so this needs no new mapping and cannot fail for want of one.
            for (const Run& run : shared)
                map_over(run, copy.descriptor());
            throw;
        }
    }
    for (const Run& run : shared) {
        copy.forget(run.offset, run.count);
        sizes.shared += run.count;
    }
    const std::uint64_t all = mapped_bytes(object);
    sizes.separate = all > sizes.shared ? all - sizes.shared : 0;
    return sizes;
}

} // namespace hpystate::images
