/// tests/fuzz/test_corpus_formats.cpp: the same for what reads formats; embeds Python.
#include "tests/catch.h"
#include "tests/fuzz/corpus.h"
#include "tests/fuzz/targets.h"

TEST_CASE("the functions that read a format stand every input that is kept", "[fuzz][formats]") {
    CHECK(hpystate::fuzz::replay(HPYSTATE_CORPUS "/formats", hpystate::fuzz::formats) > 0);
}
