/// tests/elf/test_placement.cpp: where a slot may lie.
#include "runtime/elf/placement.h"
#include "tests/catch.h"

#include <array>
#include <cstdint>
#include <memory>
#include <sys/mman.h>

using hpystate::place_of;
using hpystate::Placement;

namespace {

std::uintptr_t zeroed;          // .bss
std::uintptr_t initialized = 7; // .data
extern const std::uintptr_t kConstant;
const std::uintptr_t kConstant = 7; // .rodata
extern const void* const kRelocated[];
const void* const kRelocated[1024] = {&zeroed, &kRelocated}; // .data.rel.ro, two pages of it

} // namespace

TEST_CASE("statics that are not const are writable", "[placement]") {
    CHECK(place_of(&zeroed) == Placement::kWritable);
    CHECK(place_of(&initialized) == Placement::kWritable);
}

TEST_CASE("a constant is read-only", "[placement]") {
    CHECK(place_of(&kConstant) == Placement::kReadOnly);
}

TEST_CASE("a constant that holds addresses is read-only after relocation", "[placement]") {
    CHECK(place_of(&kRelocated[512]) == Placement::kReadOnly);
}

TEST_CASE("code is read-only", "[placement]") {
    const auto code = reinterpret_cast<std::uintptr_t>(&place_of) & ~std::uintptr_t{7};
    CHECK(place_of(reinterpret_cast<const void*>(code)) == Placement::kReadOnly);
}

TEST_CASE("heap and stack are writable", "[placement]") {
    const auto on_heap = std::make_unique<std::uintptr_t>(0);
    const std::uintptr_t on_stack = 0;

    CHECK(place_of(on_heap.get()) == Placement::kWritable);
    CHECK(place_of(&on_stack) == Placement::kWritable);
}

TEST_CASE("memory that was mapped to be read is read-only, and unmapped memory is none",
          "[placement]") {
    void* const page = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(page != MAP_FAILED);

    CHECK(place_of(page) == Placement::kReadOnly);
    REQUIRE(munmap(page, 4096) == 0);
    CHECK(place_of(page) == Placement::kUnmapped);
    CHECK(place_of(nullptr) == Placement::kUnmapped);
}

TEST_CASE("an address that is not aligned to 8 is not a slot", "[placement]") {
    std::array<std::uintptr_t, 2> words{};
    CHECK(place_of(reinterpret_cast<char*>(words.data()) + 4) == Placement::kMisaligned);
}
