/// runtime/loader/negotiate.h: which version of HPy's ABI a file needs, and whether this runtime
/// and this Python serve it.
#pragma once

#include "runtime/abi/version.h"
#include "runtime/loader/library.h"

#include <string>

namespace hpystate {

/// What a file's name says: x.hpy0.so is universal, x.hpy0-cp312.so hybrid: HPy and CPython's C
/// API.
struct FileTag {
    std::string abi;    ///< "0"
    std::string python; ///< "cp312"; "" in a universal file's name
};

/// What a file and its name say of the ABI; both were found to agree, and to be served here.
struct Negotiated {
    AbiVersion version;
    FileTag tag;
};

/// Asks the file for its version and compares it with the file's name. `name` is the short name of
/// the module (short_name_of). Nothing of the extension has run afterwards but its
/// constructors and the two functions that return numbers. Throws AlreadyRaised and LoadError:
/// missing-version, unsupported-version, no-tag, tag-mismatch, other-python, not-a-function.
[[nodiscard]] Negotiated negotiate(const Library& library, const std::string& name);

} // namespace hpystate
