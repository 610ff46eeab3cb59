/// runtime/loader/private_copies.h: the private copies of files that this process has made.
///
/// python/hpystate/private_copy.py copies the files. Which copy belongs to which file is kept here,
/// for all interpreters.
#pragma once

#include <string>

namespace hpystate {

/// The path of the copy under that key; "": there is none. Throws std::bad_alloc.
[[nodiscard]] std::string private_copy_of(const std::string& key);

/// Keeps `path`, a file alone in its folder, as the copy under that key, and returns it. Where
/// another thread was first, its path is returned, and `path` still belongs to the caller. When the
/// process ends the kept file and its folder are removed; the child of a fork removes nothing.
/// Throws std::bad_alloc.
[[nodiscard]] std::string keep_private_copy(const std::string& key, const std::string& path);

} // namespace hpystate
