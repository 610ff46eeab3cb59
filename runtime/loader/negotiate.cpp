/// runtime/loader/negotiate.cpp: checks the version, then the tag in the file's name.
#include <Python.h>

#include "runtime/loader/negotiate.h"

#include "runtime/elf/symbol_name.h"
#include "runtime/loader/called.h"
#include "runtime/loader/error.h"

#include <hpystate/version.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hpystate {

namespace {

#define HPYSTATE_STRING_OF(text) #text
#define HPYSTATE_STRING(text) HPYSTATE_STRING_OF(text)

using VersionFunction = std::uint32_t (*)();

/// What to do about a file that holds modules of other names.
std::string advice_for_others(const std::vector<std::string>& others, const std::string& name) {
    std::string names;
    for (const std::string& other : others)
        names += (names.empty() ? "" : ", ") + other;
    return "It holds " + names + ". Load it as that (import looks for " + others.front() +
           ".hpy0.so), or write HPy_MODINIT(" + name + ", ...).";
}

[[noreturn]] void raise_missing_version(const Library& library, const std::string& path,
                                        const std::string& name) {
    std::string advice = "Was the module declared with HPy_MODINIT(" + name + ", ...)?";
    if (library.symbol("PyInit_" + name) != nullptr) {
        advice =
            "It exports PyInit_" + name +
            ": it was built for the CPython ABI, and Python imports "
            "it without a runtime. Import it under its own name, or build it for HPy's universal "
            "ABI.";
    } else if (library.symbol("HPyInit_" + name) != nullptr) {
        advice = "It exports HPyInit_" + name +
                 " alone, as extensions for HPy 0.0.4 do; this hpystate " HPYSTATE_VERSION
                 " does not have that version. Build it with HPy 0.9.";
    } else if (const auto others = exported_functions(path, "HPyInit_"); !others.empty()) {
        advice = advice_for_others(others, name);
    }
    const std::string major = "get_required_hpy_major_version_" + name;
    const std::string minor = "get_required_hpy_minor_version_" + name;
    throw LoadError(LoadErrorKind::kMissingVersion,
                    path + ": does not declare which HPy ABI it needs: it lacks the function " +
                        (library.symbol(major) == nullptr ? major : minor) + ". " + advice,
                    {{"minor_symbol", minor}, {"major_symbol", major}});
}

[[noreturn]] void raise_unsupported(const std::string& path, const std::string& name,
                                    AbiVersion wanted) {
    std::string have;
    for (const SupportedAbi& row : kSupportedAbis) {
        have += (have.empty() ? "" : ", ") + row.version.text() + " (" + row.release + ")";
    }
    throw LoadError(LoadErrorKind::kUnsupportedVersion,
                    path + " needs HPy ABI " + wanted.text() +
                        ". This hpystate " HPYSTATE_VERSION " has " + have +
                        ". Upgrade hpystate, or rebuild the extension with the headers of "
                        "HPy 0.9.",
                    {{"name", name},
                     {"major", std::to_string(wanted.major)},
                     {"minor", std::to_string(wanted.minor)}});
}

AbiVersion version_of(const Library& library, const std::string& path, const std::string& name) {
    const std::string major_name = "get_required_hpy_major_version_" + name;
    const std::string minor_name = "get_required_hpy_minor_version_" + name;
    const auto major = library.function<VersionFunction>(major_name);
    const auto minor = library.function<VersionFunction>(minor_name);
    if (major == nullptr || minor == nullptr) raise_missing_version(library, path, name);
    AbiVersion wanted{};
    wanted.major = call_file(major);
    check_no_exception(path, major_name);
    wanted.minor = call_file(minor);
    check_no_exception(path, minor_name);
    if (!is_supported(wanted)) raise_unsupported(path, name, wanted);
    return wanted;
}

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
        if (path.compare(end, 3, "-cp") == 0) {
            tag.python = path.substr(end + 1, path.find_first_of("-.", end + 1) - end - 1);
        }
        return tag;
    }
    return {};
}

/// Whether a tag is the number `major`. It may have any number of digits, so it is compared as
/// text.
bool is_number(std::string_view tag, std::uint32_t major) {
    const std::size_t first = tag.find_first_not_of('0');
    tag.remove_prefix(first == std::string_view::npos ? tag.size() - 1 : first);
    return tag == std::to_string(major);
}

/// A hybrid file uses the C API of the one Python that it was compiled for.
void check_python(const std::string& path, const std::string& name, const FileTag& tag) {
    constexpr std::string_view kThis =
        "cp" HPYSTATE_STRING(PY_MAJOR_VERSION) HPYSTATE_STRING(PY_MINOR_VERSION);
    const std::string_view python = tag.python;
    // Letters of a build may follow the number: d for debug, t for one without the GIL.
    const bool same = python.substr(0, kThis.size()) == kThis &&
                      python.find_first_of("0123456789", kThis.size()) == std::string_view::npos;
    if (python.empty() || same) return;
    throw LoadError(LoadErrorKind::kOtherPython,
                    path + ": the tag in the file's name is " + tag.python +
                        ", the Python whose C API it was compiled for; this Python is " +
                        std::string(kThis) +
                        ". Build it again with this Python, or build it for HPy's universal ABI, "
                        "which needs no C API.",
                    {{"name", name}, {"python", tag.python}});
}

FileTag check_tag(const std::string& path, const std::string& name, AbiVersion version) {
    FileTag tag = tag_of(path);
    if (!tag.abi.empty() && is_number(tag.abi, version.major)) {
        check_python(path, name, tag);
        return tag;
    }
    LoadError::Details details{{"name", name},
                               {"major", std::to_string(version.major)},
                               {"minor", std::to_string(version.minor)}};
    const std::string wanted = ".hpy" + std::to_string(version.major) + ".so";
    if (tag.abi.empty()) {
        throw LoadError(LoadErrorKind::kNoTag,
                        path +
                            ": the file's name has no HPy ABI tag; the extension was compiled for "
                            "ABI " +
                            version.text() + ". Name the file " + name + wanted + ".",
                        std::move(details));
    }
    details.emplace_back("tag", tag.abi);
    throw LoadError(LoadErrorKind::kTagMismatch,
                    path + ": the tag in the file's name is HPy ABI " + tag.abi +
                        ", but the extension inside was compiled for ABI " + version.text() +
                        ". Name the file " + name + wanted + ", or build it again.",
                    std::move(details));
}

} // namespace

Negotiated negotiate(const Library& library, const std::string& name) {
    const AbiVersion version = version_of(library, library.path(), name);
    return {version, check_tag(library.path(), name, version)};
}

} // namespace hpystate
