/// runtime/elf/image.cpp: headers and segments of an ELF file against the file's size.
#include "runtime/elf/image.h"

#include "runtime/elf/bytes.h"
#include "runtime/elf/image_dynamic.h"

#include <algorithm>

#if !defined(__linux__) || !defined(__LP64__)
#error "runtime/elf/image.cpp knows ELF files of 64-bit Linux; port it before you build elsewhere"
#endif

namespace hpystate::elf {

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
#error "runtime/elf/image.cpp: name this machine's EM_ constant"
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
constexpr unsigned char kByteOrder = ELFDATA2LSB;
#else
constexpr unsigned char kByteOrder = ELFDATA2MSB;
#endif

/// As many as the kernel's loader takes: 64 KiB. Each relocation is looked for in them, so this is
/// what bounds the time that a hostile file costs.
constexpr std::size_t kMostSegments = 65536 / sizeof(Elf64_Phdr);

constexpr std::string_view kMagic(ELFMAG, SELFMAG);

Elf64_Ehdr read_header(const Bytes& file) {
    std::string magic(kMagic.size(), '\0');
    if (file.size() >= magic.size()) {
        const std::vector<char> start = file.read<char>(0, magic.size());
        magic.assign(start.begin(), start.end());
    }
    if (magic != kMagic) {
        file.refuse("it is no ELF file", "Give the path of the extension's .so file.");
    }
    return file.read<Elf64_Ehdr>(0, 1).front();
}

void check_header(const Bytes& file, const Elf64_Ehdr& header) {
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != kByteOrder ||
        header.e_machine != kMachine) {
        file.refuse("it was built for another machine (ELF machine " +
                        std::to_string(header.e_machine) + ", class " +
                        std::to_string(header.e_ident[EI_CLASS]) + ", byte order " +
                        std::to_string(header.e_ident[EI_DATA]) + "; this process has " +
                        std::to_string(kMachine) + ", " + std::to_string(ELFCLASS64) + ", " +
                        std::to_string(kByteOrder) + ")",
                    "Build the extension for this machine.");
    }
    if (header.e_type != ET_DYN || header.e_phentsize != sizeof(Elf64_Phdr) ||
        header.e_phnum == 0) {
        file.refuse("it is an ELF file, but no shared object", "Link the extension with -shared.");
    }
    if (header.e_phnum > kMostSegments) {
        file.refuse_damaged("it has " + std::to_string(header.e_phnum) +
                            " program headers, of which no linker makes more than " +
                            std::to_string(kMostSegments));
    }
}

/// Loaded segments: inside the file, in the order of their addresses and apart from each other. The
/// dynamic linker reserves the room from the first to the last and puts the others into it unseen.
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
            file.refuse_damaged("its segments overlap, or are larger than the memory for them");
        }
        end = segment.p_vaddr + segment.p_memsz;
        any_code = any_code || (segment.p_flags & PF_X) != 0;
    }
    if (!any_code) file.refuse_damaged("it has no segment with code");
}

/// No two segments come from the same bytes of the file.
void check_apart_in_file(const Bytes& file, const Segments& segments) {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
    for (const Elf64_Phdr& segment : segments.headers) {
        if (segment.p_type != PT_LOAD || segment.p_filesz == 0) continue;
        ranges.emplace_back(segment.p_offset, segment.p_offset + segment.p_filesz);
    }
    std::sort(ranges.begin(), ranges.end());
    for (std::size_t i = 1; i < ranges.size(); ++i) {
        if (ranges[i].first < ranges[i - 1].second) {
            file.refuse_damaged("two of its segments are the same bytes of it");
        }
    }
}

/// The dynamic linker takes the right to write from the pages of a segment of type PT_GNU_RELRO.
/// Some linkers let it end where the last page ends, behind the loaded segment that it lies in.
bool may_be_protected(const Segments& segments, const Elf64_Phdr& relro) {
    if (relro.p_memsz == 0) return true;
    return std::any_of(
        segments.headers.begin(), segments.headers.end(), [&](const Elf64_Phdr& segment) {
            const std::uint64_t page = std::max<std::uint64_t>(segment.p_align, 1);
            const std::uint64_t end = segment.p_vaddr + segment.p_memsz;
            const std::uint64_t rest = (page - end % page) % page;
            return segment.p_type == PT_LOAD && (segment.p_flags & PF_W) != 0 &&
                   lies_in(relro.p_vaddr, relro.p_memsz, segment.p_vaddr, segment.p_memsz + rest);
        });
}

/// Segments that lie in a loaded one: the dynamic linker reads or protects them by their address.
void check_inner(const Bytes& file, const Segments& segments) {
    for (const Elf64_Phdr& segment : segments.headers) {
        const bool read = segment.p_type == PT_NOTE || segment.p_type == PT_GNU_PROPERTY ||
                          segment.p_type == PT_PHDR;
        std::uint64_t offset = 0;
        if (read || segment.p_type == PT_TLS) {
            if (segment.p_filesz > segment.p_memsz) file.refuse_damaged("a segment is too large");
            if (segment.p_filesz != 0 &&
                (!segments.offset_of(segment.p_vaddr, segment.p_filesz, offset) ||
                 offset != segment.p_offset)) {
                file.refuse_damaged(
                    "its notes, program headers or thread-local data are in none of its segments");
            }
        }
        if (segment.p_type == PT_GNU_RELRO && !may_be_protected(segments, segment)) {
            file.refuse_damaged("what is to be protected is in none of its writable segments");
        }
    }
}

} // namespace

void check_image(const std::string& path) {
    const Bytes file(path);
    const Elf64_Ehdr header = read_header(file);
    check_header(file, header);
    const Segments segments{file.read<Elf64_Phdr>(header.e_phoff, header.e_phnum)};
    check_loaded(file, segments);
    // The section headers stand last in what linkers write, and the dynamic linker does not look at
    // them. Where they are cut off, so may be data behind the last segment: say so now.
    const std::uint64_t sections = std::uint64_t{header.e_shnum} * header.e_shentsize;
    if (header.e_shoff != 0 && !file.holds(header.e_shoff, sections)) {
        file.refuse_truncated(header.e_shoff, sections);
    }
    check_apart_in_file(file, segments);
    check_inner(file, segments);
    const auto dynamic =
        std::find_if(segments.headers.begin(), segments.headers.end(),
                     [](const Elf64_Phdr& segment) { return segment.p_type == PT_DYNAMIC; });
    if (dynamic == segments.headers.end()) {
        file.refuse("it has no dynamic section", "Link the extension with -shared.");
    }
    check_dynamic(file, segments, *dynamic);
}

} // namespace hpystate::elf
