/// runtime/loader/module.cpp: from a description to a module, by CPython's multi-phase
/// initialization: the PyModuleDef that CPython is given, then create and execute.
#include "runtime/loader/module.h"

#include "globals/interner.h"
#include "globals/locks.h"
#include "globals/registry.h"
#include "interp_state/region.h"
#include "interp_state/values.h"
#include "runtime/abi/slot_name.h"
#include "runtime/abi/upstream_messages.h"
#include "runtime/calls/handle.h"
#include "runtime/calls/module_state.h"
#include "runtime/calls/thunks.h"
#include "runtime/layers/debug/state.h"
#include "runtime/loader/called.h"
#include "runtime/loader/error.h"
#include "runtime/loader/module_check.h"
#include "runtime/types/definitions.h"
#include "runtime/versions/v0_9/contexts.h"

#include <hpystate/cpython_table.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace hpystate {

namespace {

/// A static of the extension that is an HPyGlobal.
using SlotAddress = std::uintptr_t*;

// ---- CPython's definition: one per process for the same contents, kept ----

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

/// The addresses of the globals, for as long as the process lives.
const SlotAddress* keep_globals(const std::vector<SlotAddress>& globals) {
    const auto* const first = reinterpret_cast<const char*>(globals.data());
    const std::size_t size = globals.size() * sizeof(SlotAddress);
    std::string bytes = size != 0 ? std::string(first, size) : std::string();
    return static_cast<const SlotAddress*>(interner().intern(std::move(bytes)));
}

/// The first exec slot of every module: from now on its functions find their context.
int bind_to_interpreter(PyObject* module) {
    auto* const state = static_cast<ModuleState*>(PyModule_GetState(module));
    if (state == nullptr) return PyErr_Occurred() != nullptr ? -1 : 0;
    Region* const region = context::enter_interpreter();
    if (region == nullptr) return -1;
    state->lead_to(*region);
    return 0;
}

/// Everything that a PyModuleDef is made of, as bytes: the key under which it is kept.
struct DefinitionParts {
    const void* source;         ///< the extension's definition
    const SlotAddress* globals; ///< kept
    std::size_t global_count;
    PyMethodDef* methods;
    const char* doc;
    std::uintptr_t where;
    const Layer* layer;
};

/// A PyModuleDef with the slot table and the name that it points to.
struct KeptDefinition {
    static constexpr std::size_t kMaxSlots = kMaxExecSlots + 3; ///< ours, the interpreters, the end
    PyModuleDef cpython; ///< first: it has the address of this struct
    const void* source;
    std::span<const SlotAddress> globals;
    const Layer* layer;
    std::array<PyModuleDef_Slot, kMaxSlots> slots;
    std::array<char, 256> name;
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

/// nullptr with an exception set.
PyModuleDef* cpython_definition(const ModuleDescription& wanted, const ModuleRequest& request) {
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
    return &static_cast<KeptDefinition*>(kept)->cpython;
}

// ---- creation ----

/// Claims a place for every slot, so that a later Store allocates nothing.
void claim_slots(Region& region, std::span<const SlotAddress> slots) {
    for (const SlotAddress slot : slots) {
        if (!region.window.claim(token_of_slot(slot))) throw std::bad_alloc();
    }
}

/// Counts a module of a definition while it is made and, once it was made, for good: its objects
/// may outlive it. If it cannot be made and no other one is counted, the values of the definition's
/// globals are released.
class Instance {
  public:
    Instance(Region& region, const void* source, std::span<const SlotAddress> slots)
        : region_(region), key_(source), slots_(slots) {
        taken_.reserve(slots.size());
        const std::lock_guard lock(region.instances_mutex);
        if (region.instances == nullptr) {
            region.instances = std::make_unique<std::unordered_map<const void*, std::size_t>>();
        }
        ++(*region.instances)[key_];
    }
    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;

    void keep() noexcept { kept_ = true; }

    ~Instance() {
        if (kept_) return;
        take_values();
        PyObject* const raised = PyErr_GetRaisedException();
        for (PyObject* const object : taken_)
            Py_XDECREF(object);
        PyErr_SetRaisedException(raised);
    }

  private:
    /// Takes the values out of the window if no other module is counted. Under the lock: a module
    /// that is counted from now on has stored nothing yet.
    void take_values() noexcept {
        const std::lock_guard lock(region_.instances_mutex);
        std::size_t& count = region_.instances->find(key_)->second;
        if (--count != 0) return;
        for (const SlotAddress slot : slots_)
            taken_.push_back(region_.window.take(token_of_slot(slot)));
    }

    Region& region_;
    const void* key_;
    std::span<const SlotAddress> slots_;
    std::vector<PyObject*> taken_; ///< has room for all: take_values() allocates nothing
    bool kept_ = false;
};

/// Replaces CPython's ImportError with one that tells what to do.
void explain_refusal(const ModuleRequest& request) {
    if (request.where == Interpreters::kOwnGil || PyErr_ExceptionMatches(PyExc_ImportError) == 0)
        return;
    PyErr_Clear();
    throw LoadError(LoadErrorKind::kRefusedInterpreter,
                    request.path + ": module " + request.name +
                        " may be imported only where the main interpreter's GIL is shared "
                        "(interpreters=\"shared-gil\"); this interpreter has a GIL of its own. "
                        "Import it elsewhere, or, if its C statics are safe, allow it: " +
                        how_to_allow(request),
                    {});
}

bool check_created(PyObject* module, const PyModuleDef& definition) {
    const bool made_by_slot = definition.m_slots[0].slot == Py_mod_create;
    if (!made_by_slot || !PyModule_Check(module)) return true;
    PyErr_Format(PyExc_SystemError,
                 "%s Return an object of another type (module '%s'), or leave the slot out.",
                 upstream::kCreateReturnedModule, definition.m_name);
    return false;
}

/// Runs the exec slots of a module whose CPython definition is in the file. False: one failed;
/// CPython raises if it set no exception. Throws AlreadyRaised for one that succeeded with an
/// exception set.
bool run_exec_slots(PyObject* module, HPyContext* context, const ModuleDescription& wanted,
                    const std::string& name) {
    for (const Definition& definition : wanted.definitions) {
        const auto* const slot = std::get_if<SlotDescription>(&definition);
        if (slot == nullptr || slot->slot != HPy_mod_exec) continue;
        const auto exec =
            reinterpret_cast<HPyFunc_INQUIRY_t>(reinterpret_cast<CFunction>(slot->function));
        if (exec(context, as_handle(module)) != 0) return false;
        // Not the module's own name: the slot may have set it to anything.
        check_no_exception("module " + name, "HPy_mod_exec");
    }
    return true;
}

} // namespace

PyObject* create_module(const ModuleDescription& wanted, const ModuleRequest& request) {
    if (!check_module(wanted, request)) return nullptr;
    PyModuleDef* const cpython = cpython_definition(wanted, request);
    if (cpython == nullptr) return nullptr;
    Region* const region = context::enter_interpreter();
    if (region == nullptr) return nullptr;
    Ref module(PyModule_FromDefAndSpec(cpython, request.spec));
    if (!module) {
        explain_refusal(request);
        return nullptr;
    }
    if (!check_created(module.get(), *cpython)) return nullptr;
    registry().add({request.name, request.path}, wanted.globals);
    claim_slots(*region, wanted.globals);
    return module.release();
}

bool execute_module(PyObject* module) {
    if (!PyModule_Check(module)) return true; // made by HPy_mod_create, which is alone
    PyModuleDef* const cpython = PyModule_GetDef(module);
    const bool ours = cpython != nullptr && cpython->m_slots != nullptr &&
                      cpython->m_slots[0].value == reinterpret_cast<void*>(&bind_to_interpreter);
    if (!ours || PyModule_GetState(module) != nullptr) return true;
    Region* const region = context::enter_interpreter();
    if (region == nullptr) return false;
    const auto& kept = *reinterpret_cast<const KeptDefinition*>(cpython);
    Instance instance(*region, kept.source, kept.globals);
    if (PyModule_ExecDef(module, cpython) != 0) return false;
    instance.keep();
    return kept.layer == nullptr || layers::module_executed(*kept.layer, kept.source);
}

bool execute_described(PyObject* module, const ModuleDescription& wanted, const std::string& name) {
    // The first word of the state is that of ModuleState, so thunks find the context in both.
    static_assert(offsetof(hpystate_cpython_state, context) == offsetof(ModuleState, context));
    void* const memory = PyModule_GetState(module);
    if (memory == nullptr) {
        PyErr_SetString(PyExc_SystemError,
                        "a module of the CPython ABI has no state. HPy_MODINIT "
                        "makes its definition: build it with unchanged headers.");
        return false;
    }
    Region* const region = context::enter_interpreter();
    if (region == nullptr) return false;
    static_cast<ModuleState*>(memory)->lead_to(*region);
    auto* const state = static_cast<hpystate_cpython_state*>(memory);
    state->release = &release_module_state;
    Instance instance(*region, wanted.source,
                      {keep_globals(wanted.globals), wanted.globals.size()});
    if (!run_exec_slots(module, state->context, wanted, name)) return false;
    instance.keep();
    return true;
}

} // namespace hpystate
