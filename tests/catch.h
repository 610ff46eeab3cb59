/// tests/catch.h: Catch2, version 2 or 3, whichever the distribution has.
#pragma once

// Version 3 has a header for each macro: those that the tests use.
#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_message.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#else
#include <catch2/catch.hpp>
#endif
