/// tests/fuzz/test_corpus.cpp: what a fuzzer found once is found no more. No interpreter.
#include "tests/catch.h"
#include "tests/fuzz/corpus.h"
#include "tests/fuzz/targets.h"

using hpystate::fuzz::replay;

TEST_CASE("the checks of a file stand every input that is kept", "[fuzz][image]") {
    CHECK(replay(HPYSTATE_CORPUS "/loader", hpystate::fuzz::loader) > 0);
}

TEST_CASE("the registry agrees with a map on every input that is kept", "[fuzz][registry]") {
    CHECK(replay(HPYSTATE_CORPUS "/registry", hpystate::fuzz::registry) > 0);
}
