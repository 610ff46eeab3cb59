/// runtime/loader/definition.h: the PyModuleDef that CPython is given for a description: one per
/// process for the same contents, kept for good.
#pragma once

#include <Python.h>

#include "runtime/calls/layer.h"
#include "runtime/loader/module_check.h"
#include "runtime/loader/module_request.h"
#include "runtime/types/description.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace hpystate {

/// A static of the extension that is an HPyGlobal.
using GlobalAddress = std::uintptr_t*;

/// A PyModuleDef with the slot table and the name that it points to.
struct KeptDefinition {
    static constexpr std::size_t kMaxSlots = kMaxExecSlots + 3; ///< ours, the interpreters, the end
    PyModuleDef cpython; ///< first: it has the address of this struct
    const void* source;
    std::span<const GlobalAddress> globals;
    const Layer* layer;
    std::array<PyModuleDef_Slot, kMaxSlots> slots;
    std::array<char, 256> name;
};

/// The definition for a description, whose modules may be imported as the request has it. Two
/// requests for the same contents get the same one. nullptr with an exception set. Throws
/// std::bad_alloc.
[[nodiscard]] const KeptDefinition* keep_definition(const ModuleDescription& wanted,
                                                    const ModuleRequest& request);

/// The one that a module was made from; nullptr: it was made from no definition of ours, or by
/// HPy_mod_create.
[[nodiscard]] const KeptDefinition* definition_of(PyObject* module) noexcept;

/// The addresses of the globals, for as long as the process lives. Throws std::bad_alloc.
[[nodiscard]] const GlobalAddress* keep_globals(const std::vector<GlobalAddress>& globals);

} // namespace hpystate
