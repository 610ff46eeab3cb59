/// runtime/loader/file_tag.cpp: reads the tag in a file's name, and compares it with this Python.
#include <Python.h>

#include "runtime/loader/file_tag.h"

#include "globals/gil.h"
#include "runtime/loader/error.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace hpystate {

#define HPYSTATE_STRING_OF(text) #text
#define HPYSTATE_STRING(text) HPYSTATE_STRING_OF(text)

/// The tag after the first ".hpy" of the file's name that digits follow; without one all is "".
/// HPy's own loader searches the whole path; here a folder called "x.hpy1" does not count as a tag
/// of the files in it.
FileTag tag_of(const std::string& path) {
    constexpr std::string_view kMark = ".hpy";
    constexpr std::string_view kDigits = "0123456789";
    const std::size_t slash = path.rfind('/');
    std::size_t at = path.find(kMark, slash == std::string::npos ? 0 : slash + 1);
    for (; at != std::string::npos; at = path.find(kMark, at + 1)) {
        const std::size_t start = at + kMark.size();
        const std::size_t end = std::min(path.find_first_not_of(kDigits, start), path.size());
        if (end == start) continue;
        FileTag tag{path.substr(start, end - start), ""};
        const std::string_view rest = std::string_view(path).substr(end);
        // As HPy's build names them: cp313t, pypy38-pp73, graalpy-38-native.
        const bool is_python = rest.starts_with("-cp") || rest.starts_with("-pypy") ||
                               rest.starts_with("-pp") || rest.starts_with("-graalpy");
        if (is_python) {
            tag.python = path.substr(end + 1, path.find_first_of("-.", end + 1) - end - 1);
        }
        return tag;
    }
    return {};
}

/// A hybrid file uses the C API of the one Python that it was compiled for.
void check_python(const std::string& path, const std::string& name, const FileTag& tag) {
    constexpr std::string_view kThis =
        "cp" HPYSTATE_STRING(PY_MAJOR_VERSION) HPYSTATE_STRING(PY_MINOR_VERSION);
    const std::string_view python = tag.python;
    const std::string_view letters = python.substr(std::min(kThis.size(), python.size()));
    // Letters of a build follow the number. Those with d, for debug, have the same ABI. Those with
    // t, for one without the GIL, have other objects.
    const bool number = python.substr(0, kThis.size()) == kThis &&
                        letters.find_first_of("0123456789") == std::string_view::npos;
    const bool without_gil = letters.find('t') != std::string_view::npos;
    if (python.empty() || (number && without_gil == kNoGil)) return;
    throw LoadError(LoadErrorKind::kOtherPython,
                    path + ": the tag in the file's name is " + tag.python +
                        ", the Python whose C API it was compiled for; this Python is " +
                        std::string(kThis) + (kNoGil ? "t, without the GIL" : "") +
                        (number && !kNoGil ? ", with the GIL" : "") +
                        ". Build it again with this Python, or build it for HPy's universal ABI, "
                        "which needs no C API.",
                    {{"name", name}, {"python", tag.python}});
}

} // namespace hpystate
