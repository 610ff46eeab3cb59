/// runtime/layers/debug/misuse.cpp: the names of the kinds of misuse.
#include "runtime/layers/debug/misuse.h"

#include <cstddef>

namespace hpystate::layers {

const char* name_of(Misuse misuse) noexcept {
    static constexpr const char* kNames[] = {"handle", "builder", "global", "argument", "field"};
    return kNames[static_cast<std::size_t>(misuse)];
}

} // namespace hpystate::layers
