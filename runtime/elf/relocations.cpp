/// runtime/elf/relocations.cpp: three tables, read into one list.
#include "runtime/elf/relocations.h"

namespace hpystate::elf {

namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kRelative = R_X86_64_RELATIVE;
#elif defined(__aarch64__)
constexpr std::uint32_t kRelative = R_AARCH64_RELATIVE;
#elif defined(__riscv)
constexpr std::uint32_t kRelative = R_RISCV_RELATIVE;
#elif defined(__powerpc64__)
constexpr std::uint32_t kRelative = R_PPC64_RELATIVE;
#elif defined(__s390x__)
constexpr std::uint32_t kRelative = R_390_RELATIVE;
#else
#error "runtime/elf/relocations.cpp: name this machine's relative relocation"
#endif

} // namespace

std::vector<Elf64_Rela> full_relocations(const Dynamic& dynamic) {
    auto all = dynamic.table<Elf64_Rela>(DT_RELA, DT_RELASZ);
    // Some linkers let the first table contain the second one.
    const bool contained = is_within(dynamic.address(DT_JMPREL), dynamic.value(DT_PLTRELSZ),
                                     dynamic.address(DT_RELA), dynamic.value(DT_RELASZ));
    if (contained) return all;
    const auto calls = dynamic.table<Elf64_Rela>(DT_JMPREL, DT_PLTRELSZ);
    all.insert(all.end(), calls.begin(), calls.end());
    return all;
}

std::vector<Relocation> relocations(const Object& file) {
    const Dynamic dynamic(file);
    std::vector<Relocation> all;
    const auto packed = dynamic.table<Elf64_Relr>(DT_RELR, DT_RELRSZ);
    walk_packed(packed, [&](std::uint64_t address, std::uint64_t set) {
        for (; set != 0; set >>= 1, address += 8) {
            if (set % 2 != 0)
                all.push_back({address, kRelative, 0, file.one_at<std::int64_t>(address)});
        }
    });
    for (const Elf64_Rela& relocation : full_relocations(dynamic)) {
        all.push_back(
            {relocation.r_offset, static_cast<std::uint32_t>(ELF64_R_TYPE(relocation.r_info)),
             static_cast<std::uint32_t>(ELF64_R_SYM(relocation.r_info)), relocation.r_addend});
    }
    return all;
}

} // namespace hpystate::elf
