/// runtime/elf/object.cpp: the first headers of a file, and where an address is in its bytes.
#include "runtime/elf/object.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#if !defined(__linux__) || !defined(__LP64__)
#error "runtime/elf/object.cpp knows ELF files of 64-bit Linux; port it before you build elsewhere"
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
#error "runtime/elf/object.cpp: name this machine's EM_ constant"
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
constexpr unsigned char kByteOrder = ELFDATA2LSB;
#else
constexpr unsigned char kByteOrder = ELFDATA2MSB;
#endif

/// The limit of the kernel's loader: 64 KiB of headers. Each relocation is searched for in them, so
/// the limit bounds the time that a hostile file costs.
constexpr std::size_t kMostSegments = 65536 / sizeof(Elf64_Phdr);

constexpr std::string_view kMagic(ELFMAG, SELFMAG);

/// The architectures for which HPy extensions are built, and the words that users know them by.
struct Machine {
    Elf64_Half number;
    const char* name;
};
constexpr Machine kMachines[] = {
    {EM_386, "x86"},      {EM_X86_64, "x86-64"}, {EM_ARM, "ARM"},       {EM_AARCH64, "AArch64"},
    {EM_RISCV, "RISC-V"}, {EM_PPC, "PowerPC"},   {EM_PPC64, "PowerPC"}, {EM_S390, "IBM Z (s390)"},
    {EM_MIPS, "MIPS"},    {EM_SPARCV9, "SPARC"}, {EM_IA_64, "Itanium"}, {EM_LOONGARCH, "LoongArch"},
};

std::string name_of_machine(Elf64_Half number) {
    const auto* const known = std::find_if(std::begin(kMachines), std::end(kMachines),
                                           [=](const Machine& m) { return m.number == number; });
    const std::string name = known != std::end(kMachines) ? known->name : "unknown";
    return name + " (ELF machine " + std::to_string(number) + ")";
}

const char* word_size_of(unsigned char elf_class) noexcept {
    return elf_class == ELFCLASS32 ? "32 bits" : elf_class == ELFCLASS64 ? "64 bits" : "no size";
}

const char* name_of_order(unsigned char order) noexcept {
    return order == ELFDATA2LSB ? "little-endian" : order == ELFDATA2MSB ? "big-endian" : "unknown";
}

/// Names each difference between the file's machine and this one; nothing if there is none.
void check_machine(const Elf64_Ehdr& header) {
    const unsigned char words = header.e_ident[EI_CLASS];
    const unsigned char order = header.e_ident[EI_DATA];
    // The number of the machine is in the file's byte order, at the same place for both word sizes.
    const auto machine = static_cast<Elf64_Half>(
        order == kByteOrder ? header.e_machine : __builtin_bswap16(header.e_machine));
    if (words == ELFCLASS64 && order == kByteOrder && machine == kMachine) return;
    std::string found;
    const auto add = [&](bool differs, const char* what, const std::string& its,
                         const std::string& ours) {
        if (!differs) return;
        found +=
            (found.empty() ? "" : ", ") + std::string(what) + " " + its + " instead of " + ours;
    };
    add(words != ELFCLASS64, "words of", word_size_of(words), word_size_of(ELFCLASS64));
    add(order != kByteOrder, "the byte order", name_of_order(order), name_of_order(kByteOrder));
    add(machine != kMachine, "the architecture", name_of_machine(machine),
        name_of_machine(kMachine));
    throw Error(Fault::kOtherMachine, "it was built for another machine, with " + found,
                "Build the extension for this machine.");
}

Elf64_Ehdr read_header(const Bytes& file) {
    std::string magic(kMagic.size(), '\0');
    if (file.size() >= magic.size()) {
        const std::vector<char> start = file.read<char>(0, magic.size());
        magic.assign(start.begin(), start.end());
    }
    if (magic != kMagic) {
        refuse("it is not an ELF file", "Give the path of the extension's .so file.");
    }
    return file.read_one<Elf64_Ehdr>(0);
}

void check_header(const Elf64_Ehdr& header) {
    check_machine(header);
    if (header.e_type != ET_DYN || header.e_phentsize != sizeof(Elf64_Phdr) ||
        header.e_phnum == 0) {
        refuse("it is an ELF file, but not a shared object", "Link the extension with -shared.");
    }
    if (header.e_phnum > kMostSegments) {
        refuse_damaged("it has " + std::to_string(header.e_phnum) +
                       " program headers; expected at most " + std::to_string(kMostSegments));
    }
}

/// From the load address to the end of the last loaded segment.
std::uint64_t length_of(const Segments& segments) noexcept {
    std::uint64_t end = 0;
    for (const Elf64_Phdr& segment : segments.headers) {
        if (segment.p_type == PT_LOAD) end = std::max(end, segment.p_vaddr + segment.p_memsz);
    }
    return end;
}

} // namespace

Object::Object(const std::string& path) : bytes_(path), header_(read_header(bytes_)) {
    check_header(header_);
    headers_ = bytes_.read<Elf64_Phdr>(header_.e_phoff, header_.e_phnum);
    segments_ = Segments{headers_};
}

Object::Object(const Loaded& loaded) noexcept
    : bytes_(loaded.load_address, length_of(loaded.segments)), segments_(loaded.segments),
      load_address_(loaded.load_address), in_memory_(true) {}

std::optional<std::uint64_t> Object::position_of(std::uint64_t address,
                                                 std::uint64_t count) const noexcept {
    if (!in_memory_) return segments_.offset_of(address, count);
    if (segments_.around(address, count, PF_R) == nullptr) return std::nullopt;
    return address;
}

std::vector<Elf64_Shdr> Object::sections() const {
    if (header_.e_shentsize != sizeof(Elf64_Shdr)) return {};
    return bytes_.read<Elf64_Shdr>(header_.e_shoff, header_.e_shnum);
}

} // namespace hpystate::elf
