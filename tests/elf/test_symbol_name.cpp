/// tests/elf/test_symbol_name.cpp: a path to a file without symbols gives no name.
#include "runtime/elf/symbol_name.h"
#include "tests/catch.h"

#include <string>

using hpystate::name_of_address;
using hpystate::variable_at;

namespace {
int variable_of_this_program = 1;
}

TEST_CASE("what is not a shared object has no name for an offset", "[symbols]") {
    CHECK(variable_at("/", 64).empty()); // a program's path may be relative, and a folder here
    CHECK(variable_at("/no/such/file", 64).empty());
    CHECK(variable_at("/dev/null", 64).empty());
    CHECK(variable_at("/proc/self/status", 64).empty()); // its size is given as 0 bytes
}

TEST_CASE("a variable without a symbol that others see has its name", "[symbols]") {
    const auto found = name_of_address(&variable_of_this_program);
    CHECK(found.symbol.find("variable_of_this_program") != std::string::npos);
}
