/// runtime/loader/inspect.cpp: opens a file and reads its version, its functions and its
/// declarations, in that order.
#include "runtime/loader/inspect.h"

#include "runtime/elf/placement.h"
#include "runtime/elf/symbol_name.h"
#include "runtime/loader/called.h"
#include "runtime/loader/error.h"
#include "runtime/loader/library.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <utility>

namespace hpystate {

namespace {

/// A function that every file for HPy has. Throws LoadError of `kind` if this one lacks it.
template <typename Function>
Function require(const Library& library, const std::string& symbol, LoadErrorKind kind,
                 const std::string& name) {
    if (const auto function = library.function<Function>(symbol)) return function;
    throw LoadError(kind,
                    library.path() + ": lacks the function " + symbol +
                        ". Was the module declared with "
                        "HPy_MODINIT(" +
                        name + ", ...), and is the file imported under that name?",
                    {{"symbol", symbol}});
}

using WordFunction = const char* (*)();

/// The function of that name, or nullptr.
WordFunction word_function(const Library& library, const std::string& symbol) {
    return library.may_export(symbol) ? library.function<WordFunction>(symbol) : nullptr;
}

/// The word, one of `words`, that a function of the extension, `symbol`, returns; nullptr: it has
/// no such function.
const char* declared_by(const std::string& path, WordFunction function, const std::string& symbol,
                        std::span<const std::string_view> words, LoadErrorKind kind) {
    if (function == nullptr) return nullptr;
    const char* const returned = call_file(function);
    check_no_exception(path, symbol);
    const std::string_view word = returned != nullptr ? returned : "NULL";
    // Return our own literal: the file may have returned a buffer that its next function
    // overwrites.
    const auto known = std::find(words.begin(), words.end(), word);
    if (known != words.end()) return known->data();
    std::string expected;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i != 0) expected += i + 1 == words.size() ? " or " : ", ";
        expected += "'" + std::string(words[i]) + "'";
    }
    throw LoadError(kind,
                    path + ": " + symbol + " returned '" + std::string(word) + "'; " + expected +
                        " was expected.",
                    {{"value", std::string(word)}});
}

/// Throws LoadError (bad-asks) if a link cannot be one: the loader writes to it.
template <typename Link>
Link* check_link(const std::string& path, Link* link, const std::string& from) {
    if (link == nullptr || place_of(link) == Placement::kWritable) return link;
    throw LoadError(LoadErrorKind::kBadAsks,
                    path + ": the address of a link in " + from +
                        " is not one of writable memory. The headers in hpystate/ define it: build "
                        "the extension again, with unchanged headers.",
                    {{"symbol", from}});
}

/// The link to an optional table that the file's constant names, or nullptr.
template <typename Link>
Link* named_link(const InspectedFile& file, Link* hpystate_asks::*member) {
    return check_link(file.path, asked(file.asks, member), "hpystate_asks_" + file.short_name);
}

/// The file's link to an optional table, or nullptr: its constant has the address; a file without a
/// constant has a function `symbol` that returns it.
template <typename Link>
Link* link_of(const Library& library, const InspectedFile& file, Link* hpystate_asks::*member,
              const std::string& symbol) {
    if (file.asks != nullptr) return named_link(file, member);
    if (!library.may_export(symbol)) return nullptr;
    const auto function = library.function<Link* (*)()>(symbol);
    if (function == nullptr) return nullptr;
    Link* const link = call_file(function);
    check_no_exception(library.path(), symbol);
    return check_link(library.path(), link, symbol);
}

constexpr const char* kSiblingLink = "hpystate_sibling_link_1";

constexpr std::array<std::string_view, 3> kInterpreters{"own-gil", "shared-gil", "main"};
constexpr std::array<std::string_view, 2> kGil{"off", "on"};
constexpr std::array<std::string_view, 3> kOtherRuntimes{"share", "copy", "refuse"};

std::string symbol_of_interpreters(const InspectedFile& file) {
    return "hpystate_interpreters_" + file.short_name;
}

std::string symbol_of_gil(const InspectedFile& file) {
    return "hpystate_gil_" + file.short_name;
}

/// What a file that was opened declares by words.
void read_exported_words(InspectedFile& file, const Library& library) {
    read_words(file, word_function(library, symbol_of_interpreters(file)),
               word_function(library, symbol_of_gil(file)));
    const std::string symbol = "hpystate_other_runtimes_" + file.short_name;
    file.other_runtimes = declared_by(file.path, word_function(library, symbol), symbol,
                                      kOtherRuntimes, LoadErrorKind::kBadOtherRuntimes);
}

} // namespace

void read_links(InspectedFile& file) {
    file.fused_link = named_link(file, &hpystate_asks::fused);
    file.sibling_link = named_link(file, &hpystate_asks::sibling);
}

void read_words(InspectedFile& file, const char* (*interpreters)(), const char* (*gil)()) {
    file.interpreters = declared_by(file.path, interpreters, symbol_of_interpreters(file),
                                    kInterpreters, LoadErrorKind::kBadInterpreters);
    file.gil = declared_by(file.path, gil, symbol_of_gil(file), kGil, LoadErrorKind::kBadGil);
}

InspectedFile inspect(const std::string& name, const std::string& path) {
    const std::string mod = short_name_of(name, path);
    const FileTag tag = tag_of(path);
    const Library library = Library::open(path, mod, tag);
    check_no_exception(path, "a function that runs when the file is opened");
    InspectedFile file{.name = name, .path = path, .short_name = mod};

    const auto [offer, version, asks] = negotiate(library, mod, tag);
    file.offer = offer;
    file.version = version;
    file.asks = asks;
    file.hybrid = !tag.python.empty();
    file.tag = "hpy" + tag.abi + (file.hybrid ? "-" + tag.python : "");

    if (offer->describe == nullptr) {
        // Its universal files may use the C API too, and have no tag that would tell.
        file.hybrid = takes_from_others(path, "Py") || takes_from_others(path, "_Py");
        file.tag = "hpy";
        file.old_init =
            require<v0_0_4::Init>(library, "HPyInit_" + mod, LoadErrorKind::kMissingInit, mod);
        file.sibling_link = link_of(library, file, &hpystate_asks::sibling, kSiblingLink);
        read_exported_words(file, library);
        return file;
    }
    file.init =
        require<InspectedFile::Init>(library, "HPyInit_" + mod, LoadErrorKind::kMissingInit, mod);
    file.init_context = require<InspectedFile::InitContext>(
        library, "HPyInitGlobalContext_" + mod, LoadErrorKind::kMissingContextInit, mod);
    file.fused_link = link_of(library, file, &hpystate_asks::fused, "hpystate_fused_link_1");
    file.sibling_link = link_of(library, file, &hpystate_asks::sibling, kSiblingLink);
    read_exported_words(file, library);
    return file;
}

} // namespace hpystate
