/// runtime/loader/negotiate.h: which version of HPy's ABI a file needs, and whether this runtime
/// and this Python serve it.
#pragma once

#include "runtime/abi/version.h"
#include "runtime/loader/library.h"

#include <string>

namespace hpystate {

/// The tag in a file's name: x.hpy0.so is universal; x.hpy0-cp312.so is hybrid: it uses HPy and
/// CPython's C API.
struct FileTag {
    std::string abi;    ///< "0"
    std::string python; ///< "cp312"; "" in a universal file's name
};

/// The version that a file needs, and the tag in its name. They agree, and this runtime serves
/// both.
struct Negotiated {
    AbiVersion version;
    FileTag tag;
};

/// Asks the file for its version and compares it with the file's name. `name` is the short name of
/// the module (short_name_of). Of the extension's code only its constructors and the two functions
/// that return numbers have run afterwards. Throws AlreadyRaised and LoadError: missing-version,
/// unsupported-version, no-tag, tag-mismatch, other-python, not-a-function.
[[nodiscard]] Negotiated negotiate(const Library& library, const std::string& name);

} // namespace hpystate
