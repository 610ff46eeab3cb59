/// tests/fuzz/test_corpus_formats.cpp: the same for the targets that embed Python.
#include "tests/catch.h"
#include "tests/fuzz/corpus.h"
#include "tests/fuzz/targets.h"

TEST_CASE("the functions that read a format stand every input that is kept", "[fuzz][formats]") {
    CHECK(hpystate::fuzz::replay(HPYSTATE_CORPUS "/formats", hpystate::fuzz::formats) > 0);
}

TEST_CASE("interpreters, globals and handles agree with the model on every input that is kept",
          "[fuzz][states]") {
    CHECK(hpystate::fuzz::replay(HPYSTATE_CORPUS "/states", hpystate::fuzz::states) > 0);
}
