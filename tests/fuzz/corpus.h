/// tests/fuzz/corpus.h: the inputs that are kept: each once crashed, or is an example of
/// an input.
#pragma once

#include "tests/fuzz/bytes.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace hpystate::fuzz {

/// Calls `run` with each file of the folder; how many there were.
template <typename Run>
std::size_t replay(const std::string& folder, Run&& run) {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        std::ifstream file(entry.path(), std::ios::binary);
        const std::vector<char> bytes{std::istreambuf_iterator<char>(file),
                                      std::istreambuf_iterator<char>()};
        run(Input(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
        ++count;
    }
    return count;
}

} // namespace hpystate::fuzz
