/// tests/fuzz/elf_mutator.cpp: changes a shared object where its meaning is: headers and tables.
///
/// Bytes changed anywhere land in code, which nothing looks at. So two of three mutations take a
/// structure by what the file states about itself, and put a number into one of its fields that is
/// likely to matter: a place in the file, a size, an address of another table, or next to one.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <elf.h>
#include <random>
#include <vector>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace {

/// Where a structure is, and the widths of its fields in their order.
struct Place {
    std::size_t offset;
    std::vector<std::size_t> fields;
};

using Random = std::minstd_rand;

class File {
  public:
    File(std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

    template <typename Struct>
    [[nodiscard]] bool read(std::uint64_t offset, Struct& into) const {
        if (offset > size_ || sizeof(Struct) > size_ - offset) return false;
        std::memcpy(&into, data_ + offset, sizeof(Struct));
        return true;
    }

    /// Every structure that the headers lead to.
    [[nodiscard]] std::vector<Place> places() const {
        std::vector<Place> found;
        Elf64_Ehdr header;
        if (!read(0, header)) return found;
        found.push_back({16, {2, 2, 4, 8, 8, 8, 4, 2, 2, 2, 2, 2, 2}});
        add_table(found, header.e_phoff, std::min<std::size_t>(header.e_phnum, 64),
                  sizeof(Elf64_Phdr), {4, 4, 8, 8, 8, 8, 8, 8});
        add_table(found, header.e_shoff, std::min<std::size_t>(header.e_shnum, 64),
                  sizeof(Elf64_Shdr), {4, 4, 8, 8, 8, 8, 4, 4, 8, 8});
        for (std::size_t i = 0; i < std::min<std::size_t>(header.e_shnum, 64); ++i) {
            Elf64_Shdr section;
            if (!read(header.e_shoff + i * sizeof(section), section)) break;
            add_section(found, section);
        }
        return found;
    }

    /// A number that is in the file already, or close to one, or at an end of the range.
    [[nodiscard]] std::uint64_t number(Random& random) const {
        std::uint64_t value = 0;
        switch (random() % 4) {
        case 0:
            value = size_;
            break;
        case 1:
            value = std::uint64_t{1} << random() % 64;
            break;
        case 2:
            value = random() % 64;
            break;
        default:
            if (size_ >= 8)
                static_cast<void>(read(random() % (size_ - 7) & ~std::size_t{7}, value));
        }
        constexpr std::uint64_t kNear[] = {0, 0, 1, ~std::uint64_t{0}, 8, ~std::uint64_t{7}};
        return value + kNear[random() % std::size(kNear)];
    }

    void put(std::size_t offset, std::size_t width, std::uint64_t value) {
        if (offset <= size_ && width <= size_ - offset) std::memcpy(data_ + offset, &value, width);
    }

  private:
    void add_table(std::vector<Place>& found, std::uint64_t offset, std::size_t count,
                   std::size_t bytes, const std::vector<std::size_t>& fields) const {
        for (std::size_t i = 0; i < count; ++i) {
            const std::uint64_t at = offset + i * bytes;
            if (at > size_ || bytes > size_ - at) return;
            found.push_back({at, fields});
        }
    }

    void add_section(std::vector<Place>& found, const Elf64_Shdr& section) const {
        const std::uint64_t size = std::min<std::uint64_t>(section.sh_size, 64 * 24);
        if (section.sh_type == SHT_DYNAMIC) {
            add_table(found, section.sh_offset, size / 16, 16, {8, 8});
        } else if (section.sh_type == SHT_RELA) {
            add_table(found, section.sh_offset, size / 24, 24, {8, 8, 8});
        } else if (section.sh_type == SHT_SYMTAB || section.sh_type == SHT_DYNSYM) {
            add_table(found, section.sh_offset, size / 24, 24, {4, 1, 1, 2, 8, 8});
        } else if (section.sh_type == SHT_STRTAB) {
            add_table(found, section.sh_offset, std::min<std::uint64_t>(size, 16), 1, {1});
            add_table(found, section.sh_offset + section.sh_size - 1, 1, 1, {1});
        } else if (section.sh_type == SHT_RELR) {
            add_table(found, section.sh_offset, size / 8, 8, {8});
        }
    }

    std::uint8_t* data_;
    std::size_t size_;
};

} // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed) {
    Random random(seed);
    if (random() % 3 == 0) return LLVMFuzzerMutate(data, size, most);
    File file(data, size);
    const std::vector<Place> places = file.places();
    if (places.empty()) return LLVMFuzzerMutate(data, size, most);
    const Place& place = places[random() % places.size()];
    const std::size_t field = random() % place.fields.size();
    std::size_t offset = place.offset;
    for (std::size_t i = 0; i < field; ++i)
        offset += place.fields[i];
    file.put(offset, place.fields[field], file.number(random));
    return size;
}
