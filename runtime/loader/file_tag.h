/// runtime/loader/file_tag.h: the tag of HPy's in a file's name, and whether this Python is the one
/// of a hybrid file.
#pragma once

#include <string>

namespace hpystate {

/// The tag in a file's name: x.hpy0.so is universal; x.hpy0-cp312.so is hybrid: it uses HPy and
/// CPython's C API.
struct FileTag {
    std::string abi;    ///< "0"
    std::string python; ///< "cp312"; "" in a universal file's name
};

/// The tag in the name of the file at `path`; "" for each part that it does not have.
[[nodiscard]] FileTag tag_of(const std::string& path);

/// Throws LoadError (other-python) if the tag is that of a hybrid file for another Python, or for
/// the other kind of this one: with the GIL, without it.
void check_python(const std::string& path, const std::string& name, const FileTag& tag);

} // namespace hpystate
