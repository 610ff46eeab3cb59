/// runtime/loader/negotiate.h: which version of HPy a file asks for, and what this runtime gives
/// it.
///
/// kOffers (offers.cpp) is the one table of it: a row for each version that this runtime has.
/// Imports decide by it, `python -m hpystate abi FILE` prints it, and hpystate_context_for() finds
/// contexts by it.
///
/// A file asks in three ways, by what it exports for the module NAME:
///
///     by its name    NAME.hpy0.so, NAME.hpy0-cp312.so          FileTag
///     by symbol      get_required_hpy_{major,minor}_version_NAME   HPy 0.9
///     by constant    hpystate_asks_NAME                        optional: hpystate/asks.h in
///     include/
#pragma once

#include "interp_state/context_head.h"
#include "runtime/abi/version.h"
#include "runtime/calls/layer.h"
#include "runtime/loader/file_tag.h"
#include "runtime/loader/library.h"
#include "runtime/types/description.h"

#include <hpystate/asks.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace hpystate {

/// Something that a version has and kTrunk has not, or has otherwise.
struct Emulation {
    const char* name;   ///< of the function of the context, without ctx_; else what it is
    bool is_of_context; ///< it is a function of the context
    const char* by;     ///< what this runtime does for it
};

/// A version that this runtime has.
struct Offer {
    Version context;       ///< of the context that the file gets
    AbiVersion version;    ///< what a file that asks by symbol returns
    const char* release;   ///< "0.9"
    const char* asked_by;  ///< what a file exports that asks for it; NAME stands for the module's
    const char* name_tag;  ///< what its file's name has: ".hpy0.so"
    std::uint32_t size;    ///< bytes of the context
    std::size_t functions; ///< of the context

    /// Where the context has the function that trampolines call, in bytes.
    std::size_t trampolines;

    /// What the version has and the trunk of runtime/context/ has not, or has otherwise: the
    /// runtime does it in the version's own folder, whose one list this is made of.
    std::span<const Emulation> emulated;

    /// Returns the layer by which functions of a file of this version are called in a mode, which
    /// is that of debug or trace mode, or nullptr for plain. Null: this row is kTrunk's, whose
    /// modes are layers themselves, and plain has none.
    const Layer& (*layer_in)(const Layer* mode) noexcept;

    /// Returns the sibling of a context of any version: the context of this version in the same
    /// interpreter and mode, with the same handles, valid as long as that one is. nullptr with an
    /// exception set: it is of another runtime; or no memory, which a plain context does not need.
    HPyContext* (*sibling)(HPyContext* of) noexcept;

    /// Returns the context that a file of this version gets for its trampolines. Throws
    /// std::bad_alloc. Null: this row is kTrunk's.
    HPyContext* (*dispatcher)();

    /// Reads the definition that HPyInit_<mod> of a file of this version returns; throws
    /// std::bad_alloc. Null: HPyInit_<mod> takes a context and returns a module that it made itself
    /// (old_module.h). A version whose definitions have structs of their own casts the reference.
    ModuleDescription (*describe)(const HPyModuleDef& definition);
};

extern const Offer kOffers[];

/// All rows.
[[nodiscard]] inline std::span<const Offer> offers() noexcept {
    return {kOffers, kVersionCount};
}

/// The row of a version for a file or a caller that was compiled for `wanted`: the same major
/// number, and no later minor one. nullptr: this runtime has none.
[[nodiscard]] inline const Offer* offer_for(AbiVersion wanted) noexcept {
    const auto serves = [&](const Offer& row) {
        return row.version.major == wanted.major && wanted.minor <= row.version.minor;
    };
    // hpystate_context_for() is called often, and mostly for kTrunk: the first row, without the
    // instructions of a loop (tests/siblings/test_cost.py counts them).
    if (serves(kOffers[0])) [[likely]]
        return &kOffers[0];
    const Offer* row = &kOffers[1];
    for (std::size_t left = kVersionCount - 1; left != 0; --left, ++row) {
        if (serves(*row)) return row;
    }
    return nullptr;
}

/// "0.0 (HPy 0.9)", with a comma between rows: what this runtime has. Throws std::bad_alloc.
[[nodiscard]] std::string offered_versions();

/// What a file asks for, and what it gets. The ways of asking agree, and this runtime serves them.
struct Negotiated {
    const Offer* offer;
    AbiVersion version;        ///< that it asks for
    const hpystate_asks* asks; ///< its constant; nullptr: it has none
};

/// HPy 0.0.4 has neither a function that returns a version nor a number in the tag. Its
/// HPyInit_<mod> has another type than that of 0.9. So a file is one of 0.0.4 if it has that
/// function and none of those that 0.9 adds, and is named x.hpy.so.
///
/// Asks the file for its version, and compares the answer with its name and with kOffers. `name`
/// is the short name of the module (short_name_of), `tag` what tag_of() returned. Of the
/// extension's code only its constructors and the two functions that return numbers have run
/// afterwards. Throws AlreadyRaised and LoadError: missing-version, unsupported-version, bad-asks,
/// no-tag, tag-mismatch, not-a-function.
[[nodiscard]] Negotiated negotiate(const Library& library, const std::string& name,
                                   const FileTag& tag);

/// The row for a file that was compiled for `wanted`. Throws LoadError (unsupported-version), which
/// names the file and the module.
[[nodiscard]] const Offer& offer_to(const std::string& path, const std::string& name,
                                    AbiVersion wanted);

/// Throws LoadError (unsupported-version) if a file's context is longer than the one it would get.
void check_asks(const std::string& path, const std::string& name, const hpystate_asks& asks,
                const Offer& offer);

/// A member of what a file asks for that was appended later than its struct was compiled; a null
/// pointer then.
template <typename Link>
[[nodiscard]] Link* asked(const hpystate_asks* asks, Link* hpystate_asks::*member) noexcept {
    if (asks == nullptr) return nullptr;
    const auto* const place = reinterpret_cast<const char*>(&(asks->*member));
    const auto offset = static_cast<std::size_t>(place - reinterpret_cast<const char*>(asks));
    return offset + sizeof(void*) <= asks->size ? asks->*member : nullptr;
}

} // namespace hpystate
