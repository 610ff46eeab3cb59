/// runtime/loader/inspect.h: what a file declares, read before anything is made of it.
///
/// A file declares what it is by its name (x.hpy0-cp312.so) and by the functions that it exports.
/// All of that is read here, so the code that decides how to load the file has it in one value.
/// Nothing is created, and nothing is written to the file's memory.
#pragma once

#include "interp_state/context_head.h"
#include "runtime/abi/version.h"
#include "runtime/loader/negotiate.h"
#include "runtime/versions/v0_0_4/abi.h"

#include <hpy/define.h>

#include <string>

struct hpystate_fused_link;   // hpystate/fused_link.h in include/
struct hpystate_sibling_link; // hpystate/sibling.h in include/

namespace hpystate {

/// A file that was opened, and what it declares. A plain value; any thread may read it.
struct InspectedFile {
    using Init = HPyModuleDef* (*)();
    using InitContext = void (*)(HPyContext*);

    std::string name;       ///< of the module, dotted, as it was asked for
    std::string path;       ///< as it was given
    std::string short_name; ///< of the module, as in the names of the functions

    const Offer* offer = nullptr;        ///< what this runtime gives it; not null
    AbiVersion version{};                ///< of HPy's ABI, as it asks for it; 0.0.4 asks for none
    const hpystate_asks* asks = nullptr; ///< its constant; nullptr: it has none
    std::string tag{};   ///< of the file's name: "hpy0", "hpy0-cp312"; "hpy" for 0.0.4
    bool hybrid = false; ///< by its tag it uses the C API too

    // What it declares; nullptr: nothing.
    const char* interpreters = nullptr;   ///< "own-gil", "shared-gil", "main"
    const char* gil = nullptr;            ///< "off", "on"
    const char* other_runtimes = nullptr; ///< "share", "copy", "refuse"

    Init init = nullptr;                ///< HPyInit_<mod>
    v0_0_4::Init old_init = nullptr;    ///< the same in a file of 0.0.4, which has only this one
    InitContext init_context = nullptr; ///< HPyInitGlobalContext_<mod>

    // Its links to optional tables, in the file; nullptr: it does not use the table.
    hpystate_fused_link* fused_link = nullptr;
    hpystate_sibling_link* sibling_link = nullptr;
};

/// Opens the file at `path` and reads what it declares for the module `name`. Of the file's code
/// its constructors run, and the functions that return numbers and words. Throws std::bad_alloc,
/// AlreadyRaised, and LoadError: what Library::open() and negotiate() throw, missing-init,
/// missing-context-init, not-a-function, bad-interpreters, bad-gil, bad-other-runtimes, bad-name.
[[nodiscard, gnu::cold]] InspectedFile inspect(const std::string& name, const std::string& path);

// ---- for files that were not opened here (compiled.h) ----

/// Reads the links that the file's constant names. Throws LoadError (bad-asks).
void read_links(InspectedFile& file);

/// Calls the functions by which a file declares in which interpreters its module may be made, and
/// whether it needs the GIL; nullptr: it has no such function. Throws AlreadyRaised, LoadError
/// (bad-interpreters, bad-gil).
void read_words(InspectedFile& file, const char* (*interpreters)(), const char* (*gil)());

} // namespace hpystate
