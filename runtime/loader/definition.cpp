/// runtime/loader/definition.cpp: makes a PyModuleDef, under the interner's lock.
#include "runtime/loader/definition.h"

#include "globals/check.h"
#include "globals/interner.h"
#include "globals/locks.h"
#include "interp_state/region.h"
#include "runtime/abi/slot_name.h"
#include "runtime/calls/module_state.h"
#include "runtime/calls/thunks.h"
#include "runtime/cpython/module_layout.h"
#include "runtime/types/definitions.h"
#include "runtime/versions/v0_9/contexts.h"

#include <cstring>
#include <string>
#include <utility>
#include <variant>

namespace hpystate {

namespace {

/// The functions for CPython's slots of a module.
struct ModuleSlots {
    CFunction create = nullptr;
    std::vector<CFunction> exec;
};

/// False: no thunk is left, and the file's own trampoline cannot be used; a SystemError is set.
bool add_module_slot(ModuleSlots& slots, const SlotDescription& slot,
                     const ModuleRequest& request) {
    const bool create = slot.slot == HPy_mod_create;
    const HPyFunc_Signature signature = create ? HPyFunc_MOD_CREATE : HPyFunc_INQUIRY;
    CFunction const function =
        thunk_or_trampoline(signature, slot.function, slot.trampoline, Site{false, request.layer},
                            {"module", request.name.c_str(), name_of(slot.slot)});
    if (function == nullptr) return false;
    if (create) {
        slots.create = function;
    } else {
        slots.exec.push_back(function);
    }
    return true;
}

bool make_module_slots(const ModuleDescription& wanted, const ModuleRequest& request,
                       ModuleSlots& slots) {
    for (const Definition& definition : wanted.definitions) {
        const auto* const slot = std::get_if<SlotDescription>(&definition);
        if (slot != nullptr && !add_module_slot(slots, *slot, request)) return false;
    }
    return true;
}

/// The first exec slot of every module: from now on its functions find their context.
int bind_to_interpreter(PyObject* module) {
    auto* const state = static_cast<ModuleState*>(PyModule_GetState(module));
    if (state == nullptr) return PyErr_Occurred() != nullptr ? -1 : 0;
    Region* const region = context::enter_interpreter();
    if (region == nullptr) return -1; // the module's functions look for a context, as any thread's
    state->lead_to(*region);
    return 0;
}

/// Everything that a PyModuleDef is made of, as bytes: the key under which it is kept.
struct DefinitionParts {
    const void* source;           ///< the extension's definition
    const GlobalAddress* globals; ///< kept
    std::size_t global_count;
    PyMethodDef* methods;
    const char* doc;
    std::uintptr_t where;
    const Layer* layer;
};

void* interpreters_slot(Interpreters where) noexcept {
    return where == Interpreters::kOwnGil      ? Py_MOD_PER_INTERPRETER_GIL_SUPPORTED
           : where == Interpreters::kSharedGil ? Py_MOD_MULTIPLE_INTERPRETERS_SUPPORTED
                                               : Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED;
}

/// Under the interner's lock: memory is written, no Python code runs. PyModuleDef_Init numbers the
/// definition, once; after that all interpreters only read it.
void fill(KeptDefinition& kept, const DefinitionParts& parts, const ModuleSlots& slots,
          const ModuleRequest& request) {
    HPYSTATE_CHECK(holds_lock(LockRank::kDefinitions));
    std::size_t count = 0;
    auto put = [&](int slot, void* value) { kept.slots[count++] = {slot, value}; };
    auto* const exec = reinterpret_cast<void*>(&bind_to_interpreter);
    if (slots.create != nullptr) {
        put(Py_mod_create, reinterpret_cast<void*>(slots.create));
    } else {
        put(Py_mod_exec, exec);
    }
    for (const CFunction function : slots.exec)
        put(Py_mod_exec, reinterpret_cast<void*>(function));
    put(Py_mod_multiple_interpreters, interpreters_slot(request.where));
    std::strncpy(kept.name.data(), request.name.c_str(), kept.name.size() - 1);
    const PyModuleDef_Base head = PyModuleDef_HEAD_INIT;
    kept.cpython.m_base = head;
    kept.cpython.m_name = kept.name.data();
    kept.cpython.m_doc = parts.doc;
    kept.cpython.m_size =
        slots.create != nullptr ? 0 : static_cast<Py_ssize_t>(sizeof(ModuleState));
    kept.cpython.m_methods = parts.methods;
    kept.cpython.m_slots = kept.slots.data();
    if (slots.create == nullptr) kept.cpython.m_free = &release_module_state;
    kept.source = parts.source;
    kept.globals = {parts.globals, parts.global_count};
    kept.layer = parts.layer;
    PyModuleDef_Init(&kept.cpython);
}

} // namespace

const GlobalAddress* keep_globals(const std::vector<GlobalAddress>& globals) {
    const auto* const first = reinterpret_cast<const char*>(globals.data());
    const std::size_t size = globals.size() * sizeof(GlobalAddress);
    std::string bytes = size != 0 ? std::string(first, size) : std::string();
    return static_cast<const GlobalAddress*>(interner().intern(std::move(bytes)));
}

const KeptDefinition* keep_definition(const ModuleDescription& wanted,
                                      const ModuleRequest& request) {
    ModuleSlots slots;
    PyMethodDef* methods = nullptr;
    if (!make_module_slots(wanted, request, slots)) return nullptr;
    const Site site{true, request.layer};
    if (!make_methods(wanted.definitions, wanted.legacy_methods, site, methods)) return nullptr;
    const DefinitionParts parts{wanted.source,
                                keep_globals(wanted.globals),
                                wanted.globals.size(),
                                methods,
                                wanted.doc,
                                static_cast<std::uintptr_t>(request.where),
                                request.layer};
    std::string key("module:");
    key.append(reinterpret_cast<const char*>(&parts), sizeof(parts));
    key.append(reinterpret_cast<const char*>(&slots.create), sizeof(slots.create));
    key.append(reinterpret_cast<const char*>(slots.exec.data()),
               slots.exec.size() * sizeof(CFunction));
    void* const kept =
        interner().find_or_make(std::move(key), sizeof(KeptDefinition), [&](void* storage) {
            fill(*static_cast<KeptDefinition*>(storage), parts, slots, request);
        });
    return static_cast<KeptDefinition*>(kept);
}

const KeptDefinition* definition_of(PyObject* module) noexcept {
    if (!PyModule_Check(module)) return nullptr;
    const PyModuleDef* const cpython = PyModule_GetDef(module);
    const bool ours = cpython != nullptr && cpython->m_slots != nullptr &&
                      cpython->m_slots[0].value == reinterpret_cast<void*>(&bind_to_interpreter);
    return ours ? reinterpret_cast<const KeptDefinition*>(cpython) : nullptr;
}

} // namespace hpystate
