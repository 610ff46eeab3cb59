/// runtime/loader/module.cpp: from a description to a module, by CPython's multi-phase
/// initialization: create, then execute.
#include "runtime/loader/module.h"

#include "globals/registry.h"
#include "interp_state/region.h"
#include "interp_state/values.h"
#include "runtime/abi/upstream_messages.h"
#include "runtime/calls/handle.h"
#include "runtime/calls/module_state.h"
#include "runtime/layers/debug/state.h"
#include "runtime/loader/called.h"
#include "runtime/loader/definition.h"
#include "runtime/loader/error.h"
#include "runtime/loader/module_check.h"
#include "runtime/versions/v0_9/contexts.h"

#include <hpystate/cpython_table.h>

#include <cstddef>
#include <cstdint>
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

/// Claims a place for every global, so that a later Store allocates nothing.
void claim_globals(Region& region, std::span<const GlobalAddress> globals) {
    for (const GlobalAddress global : globals) {
        if (!region.window.claim(token_of_slot(global))) throw std::bad_alloc();
    }
}

/// Counts a module of a definition while it is made and, once it was made, for good: its objects
/// may outlive it. If it cannot be made and no other one is counted, the values of the definition's
/// globals are released.
class Instance {
  public:
    Instance(Region& region, const void* source, std::span<const GlobalAddress> globals)
        : region_(region), key_(source), globals_(globals) {
        taken_.reserve(globals.size());
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
        for (const GlobalAddress global : globals_)
            taken_.push_back(region_.window.take(token_of_slot(global)));
    }

    Region& region_;
    const void* key_;
    std::span<const GlobalAddress> globals_;
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
    const KeptDefinition* const kept = keep_definition(wanted, request);
    if (kept == nullptr) return nullptr;
    auto* const cpython =
        const_cast<PyModuleDef*>(&kept->cpython); // CPython's functions only read it
    Region* const region = context::enter_interpreter();
    if (region == nullptr) return nullptr;
    Ref module(PyModule_FromDefAndSpec(cpython, request.spec));
    if (!module) {
        explain_refusal(request);
        return nullptr;
    }
    if (!check_created(module.get(), *cpython)) return nullptr;
    registry().add({request.name, request.path}, wanted.globals);
    claim_globals(*region, wanted.globals);
    return module.release();
}

bool execute_module(PyObject* module) {
    const KeptDefinition* const kept = definition_of(module);
    if (kept == nullptr || PyModule_GetState(module) != nullptr) return true;
    Region* const region = context::enter_interpreter();
    if (region == nullptr) return false;
    Instance instance(*region, kept->source, kept->globals);
    if (PyModule_ExecDef(module, PyModule_GetDef(module)) != 0) return false;
    instance.keep();
    return kept->layer == nullptr || layers::module_executed(*kept->layer, kept->source);
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
