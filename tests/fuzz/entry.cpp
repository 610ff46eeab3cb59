/// tests/fuzz/entry.cpp: libFuzzer's way into a target; compiled once for each, which
/// HPYSTATE_FUZZ_TARGET names.
#include "tests/fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    hpystate::fuzz::HPYSTATE_FUZZ_TARGET(hpystate::fuzz::Input(data, size));
    return 0;
}
