/// runtime/elf/image.cpp: checks the segments of an ELF file against its size.
#include "runtime/elf/image.h"

#include "runtime/elf/image_dynamic.h"
#include "runtime/elf/object.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace hpystate::elf {

namespace {

/// Loaded segments: inside the file, in the order of their addresses and apart from each other. The
/// dynamic linker reserves memory from the first to the last and maps the others into it without a
/// check.
void check_loaded(const Bytes& file, const Segments& segments) {
    std::uint64_t end = 0;
    bool any_code = false;
    for (const Elf64_Phdr& segment : segments.headers) {
        if (segment.p_type != PT_LOAD) continue;
        if (!file.holds(segment.p_offset, segment.p_filesz)) {
            file.refuse_truncated(segment.p_offset, segment.p_filesz);
        }
        if (segment.p_filesz > segment.p_memsz || segment.p_vaddr < end ||
            segment.p_memsz > UINT64_MAX - segment.p_vaddr) {
            refuse_damaged("its segments overlap, or are larger than the memory for them");
        }
        end = segment.p_vaddr + segment.p_memsz;
        any_code = any_code || (segment.p_flags & PF_X) != 0;
    }
    if (!any_code) refuse_damaged("it has no segment with code");
}

/// No two segments may use the same bytes of the file.
void check_apart_in_file(const Segments& segments) {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
    for (const Elf64_Phdr& segment : segments.headers) {
        if (segment.p_type != PT_LOAD || segment.p_filesz == 0) continue;
        ranges.emplace_back(segment.p_offset, segment.p_offset + segment.p_filesz);
    }
    std::sort(ranges.begin(), ranges.end());
    for (std::size_t i = 1; i < ranges.size(); ++i) {
        if (ranges[i].first < ranges[i - 1].second) {
            refuse_damaged("two of its segments use the same bytes of the file");
        }
    }
}

/// The dynamic linker takes the right to write from the pages of a segment of type PT_GNU_RELRO.
/// Some linkers let it end with the last page of the loaded segment around it, past the end of that
/// segment.
bool may_be_protected(const Segments& segments, const Elf64_Phdr& relro) {
    if (relro.p_memsz == 0) return true;
    return std::any_of(
        segments.headers.begin(), segments.headers.end(), [&](const Elf64_Phdr& segment) {
            const std::uint64_t page = std::max<std::uint64_t>(segment.p_align, 1);
            const std::uint64_t end = segment.p_vaddr + segment.p_memsz;
            const std::uint64_t rest = (page - end % page) % page;
            return segment.p_type == PT_LOAD && (segment.p_flags & PF_W) != 0 &&
                   is_within(relro.p_vaddr, relro.p_memsz, segment.p_vaddr, segment.p_memsz + rest);
        });
}

/// Segments that must be inside a loaded one: the dynamic linker reads or protects them by their
/// address.
void check_inner(const Segments& segments) {
    for (const Elf64_Phdr& segment : segments.headers) {
        const bool read = segment.p_type == PT_NOTE || segment.p_type == PT_GNU_PROPERTY ||
                          segment.p_type == PT_PHDR;
        if (read || segment.p_type == PT_TLS) {
            if (segment.p_filesz > segment.p_memsz) {
                refuse_damaged("a segment has more bytes in the file than in memory");
            }
            if (segment.p_filesz != 0 &&
                segments.offset_of(segment.p_vaddr, segment.p_filesz) != segment.p_offset) {
                refuse_damaged("its notes, program headers or thread-local data are outside its "
                               "loaded segments");
            }
        }
        if (segment.p_type == PT_GNU_RELRO && !may_be_protected(segments, segment)) {
            refuse_damaged("the data to protect after relocation (PT_GNU_RELRO) is outside its "
                           "writable segments");
        }
    }
}

} // namespace

void check_image(const std::string& path) {
    const Object object(path);
    const Bytes& file = object.bytes();
    const Segments& segments = object.segments();
    check_loaded(file, segments);
    // Linkers write the section headers last, and the dynamic linker does not read them. If they
    // are cut off, data after the last segment may be too: such a file is refused here.
    const Elf64_Ehdr& header = object.header();
    const std::uint64_t sections = std::uint64_t{header.e_shnum} * header.e_shentsize;
    if (header.e_shoff != 0 && !file.holds(header.e_shoff, sections)) {
        file.refuse_truncated(header.e_shoff, sections);
    }
    check_apart_in_file(segments);
    check_inner(segments);
    check_dynamic(object);
}

} // namespace hpystate::elf
