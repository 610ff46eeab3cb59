/// tests/fuzz/python.h: an interpreter for the target that needs one; the rest of it sees HPy only.
#pragma once

#include <cstdint>

struct _HPyContext_s;

namespace hpystate::fuzz {

/// The plain context of an interpreter that lives as long as the process; Python's memory is
/// malloc's, so that sanitizers watch it.
[[nodiscard]] _HPyContext_s* context();

/// What the expression gives, for good.
[[nodiscard]] std::intptr_t evaluate(const char* expression);

/// How many references there are to an object.
[[nodiscard]] std::intptr_t references(std::intptr_t object);

} // namespace hpystate::fuzz
