/// tests/fuzz/test_corpus_window.cpp: the window's inputs, with the GIL and without. No
/// interpreter.
#include "tests/catch.h"
#include "tests/fuzz/corpus.h"
#include "tests/fuzz/targets.h"

using hpystate::fuzz::replay;

TEST_CASE("a window agrees with a map on every input that is kept", "[fuzz][window]") {
    CHECK(replay(HPYSTATE_CORPUS "/window", hpystate::fuzz::window) > 0);
}
