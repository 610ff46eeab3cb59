/// tests/fuzz/targets.h: what is fuzzed. A target runs one input and ends the process where it
/// finds a fault, so that libFuzzer (tests/fuzz/entry.cpp) and the tests (tests/fuzz/) see the
/// same.
#pragma once

#include "tests/fuzz/bytes.h"

namespace hpystate::fuzz {

/// A shared object's bytes: the checks before the dynamic linker maps it, and the search for names.
void loader(Input input);

/// Operations on the registry of tokens, against a std::map.
void registry(Input input);

/// Operations on a window, against a std::map.
void window(Input input);

/// The functions of hpy/src that read a format: arguments, values, text. Needs Python.
void formats(Input input);

/// Interpreters that come and go, with globals and handles of debug mode in each, against a model;
/// and is_valid() of regions, directory and debug states. Needs Python.
void states(Input input);

/// Ends the process with a message where `condition` does not hold.
void require(bool condition, const char* what);

} // namespace hpystate::fuzz
