/// runtime/loader/negotiate.h: may this library run here, and what does it export?
#pragma once

#include "runtime/abi/version.h"
#include "runtime/loader/library.h"

#include <hpy/define.h>

#include <string>
#include <string_view>

namespace hpystate {

/// What a library of a version that we have gives us.
struct Choice {
    AbiVersion version;
    std::string short_name;            ///< of the module, as in the symbols
    HPyModuleDef* (*init)();           ///< HPyInit_<mod>
    void (*init_context)(HPyContext*); ///< HPyInitGlobalContext_<mod>
    const char* interpreters;          ///< hpystate_interpreters_<mod>(), or nullptr
    const char* gil;                   ///< hpystate_gil_<mod>(): "off", "on", or nullptr
    bool hybrid;                       ///< the file's tag says that it uses the C API too
};

/// Reads a library's version and finds its functions. Nothing of the extension has run afterwards
/// but the functions that say numbers and words. Throws LoadError: missing-version,
/// unsupported-version, no-tag, tag-mismatch, other-python, missing-init, missing-context-init,
/// bad-interpreters, bad-gil, bad-name.
[[nodiscard]] Choice negotiate(const Library& library, std::string_view module,
                               std::string_view path);

} // namespace hpystate
