/// runtime/embed/embed.cpp: hpystate::embed: what an extension calls that has its own copy of the
/// globals in it, instead of a capsule of the package.
///
///     hpystate_import() --call--> hpystate_embed_tables() --> this copy's hpystate_global_table
///
/// The library is everything from tokens to hpystate/global.h's functions (docs/global.md names the
/// rooms), hidden in the extension. So each extension has a registry, a directory, regions, and
/// turns of its own, and copies meet nowhere but in CPython's lists: exit callbacks, and the
/// interpreter's dict, where each has a key of its own (interp_state/teardown.cpp).
///
/// CPython closes no extension, so the exit callbacks and types that lead into the file stay valid.
#define HPYSTATE_GLOBAL_EMBED // hpystate/global.h declares what is defined here
#include <Python.h>

#include "globals/gil.h"
#include "interp_state/context_head.h"
#include "interp_state/directory.h"
#include "interp_state/teardown.h"
#include "interp_state/turns.h"
#include "runtime/cpython/interpreter_end.h"
#include "runtime/cpython/versions.h"
#include "runtime/face/api.h"
#include "runtime/face/here.h"

#include <hpystate/global.h>

#include <cstddef>

namespace hpystate {

/// A region of an embedded copy has no rooms for contexts of other versions; nobody uses its plain
/// context.
extern const std::size_t kVersionCount = 1;

namespace face {

namespace {

/// Region::is_valid() looks for a filled context.
[[nodiscard]] bool install_name(Region& region) noexcept {
    region.plain.name = "none: an extension with its own globals";
    return true;
}

} // namespace

Region* enter_interpreter() noexcept {
    if (is_ending()) {
        PyErr_SetString(PyExc_SystemError,
                        "hpystate_import: this interpreter is ending; globals can no longer be "
                        "used in it for the first time.");
        return nullptr;
    }
    // Each copy has a list of makers of its own, of which a forked child forgets those it has not.
    if (!watch_forks()) {
        PyErr_NoMemory();
        return nullptr;
    }
    Region* const region = adopt(PyInterpreterState_Get(), &install_name);
    return region != nullptr && prepare_lifetime(*region) ? region : nullptr;
}

} // namespace face

namespace {

struct PythonVersion {
    unsigned major;
    unsigned minor;
};

[[nodiscard]] PythonVersion version_of(unsigned long hex) noexcept {
    return {static_cast<unsigned>(hex >> 24 & 0xFF), static_cast<unsigned>(hex >> 16 & 0xFF)};
}

[[nodiscard]] const char* gil_of(bool without) noexcept {
    return without ? " without the GIL" : "";
}

} // namespace

} // namespace hpystate

using namespace hpystate;

const hpystate_table_header* hpystate_embed_tables(unsigned long compiled_for, int without_gil) {
    const PythonVersion ours = version_of(kPythonVersion);
    const PythonVersion theirs = version_of(compiled_for);
    const PythonVersion running = version_of(Py_Version);
    if (theirs.major != ours.major || theirs.minor != ours.minor || (without_gil != 0) != kNoGil) {
        PyErr_Format(PyExc_ImportError,
                     "hpystate_import: this extension was compiled for CPython %u.%u%s and is "
                     "linked with a libhpystate_embed.a for CPython %u.%u%s. Link it with the one "
                     "of the hpystate that is installed for its own Python.",
                     theirs.major, theirs.minor, gil_of(without_gil != 0), ours.major, ours.minor,
                     gil_of(kNoGil));
        return nullptr;
    }
    if (running.major != ours.major || running.minor != ours.minor) {
        PyErr_Format(PyExc_ImportError,
                     "hpystate_import: this extension has hpystate::embed in it, which was "
                     "compiled for CPython %u.%u; this is CPython %u.%u. Compile the extension "
                     "for this version.",
                     ours.major, ours.minor, running.major, running.minor);
        return nullptr;
    }
    return &face::kGlobalTable.header;
}
