/// runtime/loader/negotiate.cpp: checks the version, the tag in the file's name, and the file's
/// constant.
#include "runtime/loader/negotiate.h"

#include "runtime/elf/symbol_name.h"
#include "runtime/loader/called.h"
#include "runtime/loader/error.h"

#include <hpystate/version.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hpystate {

std::string offered_versions() {
    std::string text;
    for (const Offer& row : offers()) {
        text += (text.empty() ? "" : ", ") + row.version.text() + " (HPy " + row.release + ")";
    }
    return text;
}

namespace {

using VersionFunction = std::uint32_t (*)();

/// What every file of HPy 0.9 exports besides HPyInit_<mod>: the names without the module's.
constexpr std::array<const char*, 3> kOf09{
    "get_required_hpy_major_version_", "get_required_hpy_minor_version_", "HPyInitGlobalContext_"};

/// Whether the file has none of what 0.9 adds to a module of that name.
bool lacks_all_of_0_9(const Library& library, const std::string& name) {
    return std::none_of(kOf09.begin(), kOf09.end(), [&](const char* const function) {
        return library.symbol(function + name) != nullptr;
    });
}

/// What to do about a file that holds modules of other names.
std::string advice_for_others(const Library& library, const std::vector<std::string>& others,
                              const std::string& name) {
    std::string names;
    for (const std::string& other : others)
        names += (names.empty() ? "" : ", ") + other;
    const char* const tag = lacks_all_of_0_9(library, others.front()) ? ".hpy.so" : ".hpy0.so";
    return "It holds " + names + ". Load it as that (import looks for " + others.front() + tag +
           "), or write HPy_MODINIT(" + name + ", ...).";
}

[[noreturn]] void raise_missing_version(const Library& library, const std::string& path,
                                        const std::string& name) {
    std::string advice = "Was the module declared with HPy_MODINIT(" + name + ", ...)?";
    if (library.symbol("PyInit_" + name) != nullptr) {
        // The constant: built with our headers, so it imports hpystate._native.
        const bool is_ours = library.symbol("hpystate_asks_" + name) != nullptr;
        advice = "It exports PyInit_" + name +
                 ": it was built for the CPython ABI, and Python's own import loads it" +
                 (is_ours ? ", with hpystate installed" : "") +
                 ". Import it under its own name, or build it for HPy's universal ABI.";
    } else if (library.symbol("HPyInit_" + name) != nullptr) {
        advice = "It exports HPyInit_" + name +
                 " alone, as extensions for HPy 0.0.4 do. The files of those are named " + name +
                 ".hpy.so: name it so if it is one, or build it with HPy 0.9.";
    } else if (const auto others = exported_functions(path, "HPyInit_"); !others.empty()) {
        advice = advice_for_others(library, others, name);
    }
    const std::string major = "get_required_hpy_major_version_" + name;
    const std::string minor = "get_required_hpy_minor_version_" + name;
    throw LoadError(LoadErrorKind::kMissingVersion,
                    path + ": does not declare which HPy ABI it needs: it lacks the function " +
                        (library.symbol(major) == nullptr ? major : minor) + ". " + advice,
                    {{"minor_symbol", minor}, {"major_symbol", major}});
}

[[noreturn]] void raise_unsupported(const std::string& path, const std::string& name,
                                    AbiVersion wanted, const std::string& needs) {
    throw LoadError(LoadErrorKind::kUnsupportedVersion,
                    path + " needs " + needs + ". This hpystate " HPYSTATE_VERSION " has " +
                        offered_versions() +
                        ". Upgrade hpystate, or rebuild the extension with the headers of "
                        "HPy 0.9.",
                    {{"name", name},
                     {"major", std::to_string(wanted.major)},
                     {"minor", std::to_string(wanted.minor)}});
}

/// Which of the numbers is later than those of this runtime.
std::string needs_of(AbiVersion wanted) {
    if (wanted.major == AbiVersion::kBeforeNumbers) {
        // Not as "0.0.4": no file of that returns a number.
        return "HPy ABI " + std::to_string(wanted.major) + "." + std::to_string(wanted.minor) +
               ", another major version";
    }
    const bool same_major = std::any_of(offers().begin(), offers().end(), [=](const Offer& row) {
        return row.version.major == wanted.major;
    });
    return "HPy ABI " + wanted.text() +
           (same_major ? ", a later minor version" : ", another major version");
}

/// Whether the file is one of HPy 0.0.4. A file of 0.9 that lacks some function has another one.
bool is_of_0_0_4(const Library& library, const std::string& path, const std::string& name) {
    const std::string_view suffix = ".hpy.so";
    const bool named = path.size() > suffix.size() && path.ends_with(suffix);
    if (!named || library.symbol("HPyInit_" + name) == nullptr) return false;
    return lacks_all_of_0_9(library, name);
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
    return wanted;
}

/// Whether a tag is the number `major`. It may have any number of digits, so it is compared as
/// text.
bool is_number(std::string_view tag, std::uint32_t major) {
    const std::size_t first = tag.find_first_not_of('0');
    tag.remove_prefix(first == std::string_view::npos ? tag.size() - 1 : first);
    return tag == std::to_string(major);
}

void check_tag(const std::string& path, const std::string& name, const FileTag& tag,
               AbiVersion version) {
    if (!tag.abi.empty() && is_number(tag.abi, version.major)) return;
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

/// The file's constant, if it has one that this runtime can read and that agrees with the version.
const hpystate_asks* asks_of(const Library& library, const std::string& name, AbiVersion version,
                             const Offer& offer) {
    const std::string symbol = "hpystate_asks_" + name;
    const std::span<const std::byte> bytes = library.constant(symbol);
    if (bytes.empty()) return nullptr;
    const auto refuse = [&](const std::string& found) {
        throw LoadError(LoadErrorKind::kBadAsks,
                        library.path() + ": " + symbol + " " + found +
                            ". HPy_MODINIT defines this constant: build the extension again, with "
                            "unchanged headers.",
                        {{"symbol", symbol}});
    };
    constexpr std::size_t kShortest = offsetof(hpystate_asks, fused);
    if (bytes.size() < kShortest) {
        refuse("has " + std::to_string(bytes.size()) + " bytes; at least " +
               std::to_string(kShortest) + " were expected");
    }
    const auto* const asks = reinterpret_cast<const hpystate_asks*>(bytes.data());
    if (asks->size < kShortest || asks->size > bytes.size()) {
        refuse("names a size of " + std::to_string(asks->size) + " bytes, and it has " +
               std::to_string(bytes.size()));
    }
    if (const AbiVersion named{asks->abi_major, asks->abi_minor}; named != version) {
        refuse("asks for ABI " + named.text() + ", but the functions of the file return " +
               version.text());
    }
    check_asks(library.path(), name, *asks, offer);
    return asks;
}

} // namespace

void check_asks(const std::string& path, const std::string& name, const hpystate_asks& asks,
                const Offer& offer) {
    if (asks.context_size <= offer.size) return;
    raise_unsupported(path, name, {asks.abi_major, asks.abi_minor},
                      "an HPyContext of " + std::to_string(asks.context_size) +
                          " bytes, by headers that are later than this runtime; its context of "
                          "that version has " +
                          std::to_string(offer.size));
}

const Offer& offer_to(const std::string& path, const std::string& name, AbiVersion wanted) {
    const Offer* const offer = offer_for(wanted);
    // The number of HPy 0.0.4 is ours: a file that returns it has none of that version's functions.
    const bool returnable = wanted.major != AbiVersion::kBeforeNumbers;
    if (offer == nullptr || !returnable) raise_unsupported(path, name, wanted, needs_of(wanted));
    return *offer;
}

Negotiated negotiate(const Library& library, const std::string& name, const FileTag& tag) {
    if (is_of_0_0_4(library, library.path(), name)) {
        const Offer& old = kOffers[static_cast<std::size_t>(Version::kV004)];
        return {&old, old.version, nullptr};
    }
    const AbiVersion version = version_of(library, library.path(), name);
    const Offer& offer = offer_to(library.path(), name, version);
    check_tag(library.path(), name, tag, version);
    return {&offer, version, asks_of(library, name, version, offer)};
}

} // namespace hpystate
