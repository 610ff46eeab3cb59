/// runtime/loader/module.cpp: checks first, then registration, then CPython's multi-phase
/// initialization.
#include "runtime/loader/module.h"

#include "globals/interner.h"
#include "globals/registry.h"
#include "interp_state/region.h"
#include "runtime/abi/slot_name.h"
#include "runtime/abi/upstream_messages.h"
#include "runtime/calls/handle.h"
#include "runtime/calls/module_state.h"
#include "runtime/calls/thunks.h"
#include "runtime/elf/origin.h"
#include "runtime/elf/placement.h"
#include "runtime/elf/symbol_name.h"
#include "runtime/layers/debug/state.h"
#include "runtime/loader/error.h"
#include "runtime/loader/library.h"
#include "runtime/types/definitions.h"
#include "runtime/versions/v0_9/contexts.h"
#include "runtime/versions/v0_9/describe.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <mutex>
#include <new>
#include <optional>
#include <span>
#include <vector>

namespace hpystate {

namespace {

using SlotAddress = std::uintptr_t*;

std::vector<SlotAddress> slots_of(const HPyModuleDef& definition) {
    std::vector<SlotAddress> slots;
    HPyGlobal** at = definition.globals;
    for (; at != nullptr && *at != nullptr; ++at) {
        slots.push_back(
            reinterpret_cast<SlotAddress>(*at)); // not aligned, perhaps: no member of it
    }
    return slots;
}

// ---- checks: nothing is registered or written before all of them passed ----

[[noreturn]] void refuse_slot(const ModuleRequest& request, std::size_t index, const void* slot,
                              LoadErrorKind kind, const char* found) {
    std::array<char, 32> address{};
    PyOS_snprintf(address.data(), address.size(), "%p", slot);
    throw LoadError(kind,
                    request.path + ": globals[" + std::to_string(index) + "] of module " +
                        request.name + " lies at " + address.data() + ", which is " + found +
                        ". A global is a static HPyGlobal that is not const: hpystate writes its "
                        "token into it. Nothing was registered.",
                    {{"index", std::to_string(index)}, {"address", address.data()}});
}

/// A slot may hold 0 or its own address, which every copy of this runtime writes. Anything else is
/// an object that another runtime has stored there, and would lose if a token took its place.
void check_content(const ModuleRequest& request, std::size_t index, SlotAddress slot) {
    const std::uintptr_t held = std::atomic_ref(*slot).load(std::memory_order_relaxed);
    if (held == 0 || held == reinterpret_cast<std::uintptr_t>(slot)) return;
    std::array<char, 32> content{};
    PyOS_snprintf(content.data(), content.size(), "%p", reinterpret_cast<const void*>(held));
    const std::string symbol = name_of_address(slot).symbol;
    throw LoadError(LoadErrorKind::kForeignGlobal,
                    request.path + ": " + (symbol.empty() ? "" : symbol + ", ") + "globals[" +
                        std::to_string(index) + "] of module " + request.name + ", holds " +
                        content.data() +
                        "; 0 or its own address was expected. Another HPy runtime in this process "
                        "seems to have stored an object there, or something else wrote to it; a "
                        "static HPyGlobal starts as 0 and only HPy writes to it. Nothing was "
                        "registered. Load the file with one runtime only, or give each a copy of "
                        "it.",
                    {{"index", std::to_string(index)}, {"content", content.data()}});
}

/// Before a byte of what a definition leads to is read or written.
void check_origin(const ModuleRequest& request, const OwnFile& file, const void* address,
                  const std::string& what) {
    const std::optional<Stranger> stranger = file.stranger_at(address);
    if (!stranger) return;
    throw LoadError(LoadErrorKind::kForeignSymbol,
                    request.path + ": " + what + " of module " + request.name + " " +
                        stranger->text() + " Nothing was registered.",
                    {{"symbol", stranger->symbol}, {"file", stranger->file}});
}

void check_origins(const ModuleRequest& request, const HPyModuleDef& definition) {
    const OwnFile file(&definition);
    check_origin(request, file, definition.defines, "the array of definitions");
    check_origin(request, file, definition.globals, "the array of globals");
    check_origin(request, file, definition.legacy_methods, "the table of legacy methods");
    for (HPyDef** at = definition.defines; at != nullptr && *at != nullptr; ++at) {
        check_origin(request, file, *at,
                     "defines[" + std::to_string(at - definition.defines) + "]");
    }
    for (HPyGlobal** at = definition.globals; at != nullptr && *at != nullptr; ++at) {
        check_origin(request, file, *at,
                     "globals[" + std::to_string(at - definition.globals) + "]");
    }
}

void check_globals(const ModuleRequest& request, std::span<const SlotAddress> slots) {
    for (std::size_t i = 0; i < slots.size(); ++i) {
        // Registered before, in this interpreter or another: where it lies was looked at then.
        const auto known = registry().find(Token(reinterpret_cast<std::uintptr_t>(slots[i])));
        if (known && known->listed()) {
            check_content(request, i, slots[i]);
            continue;
        }
        switch (place_of(slots[i])) {
        case Placement::kWritable:
            check_content(request, i, slots[i]);
            break;
        case Placement::kReadOnly:
            refuse_slot(request, i, slots[i], LoadErrorKind::kReadOnlyGlobal, "read-only memory");
        case Placement::kMisaligned:
            refuse_slot(request, i, slots[i], LoadErrorKind::kMisalignedGlobal,
                        "not aligned to 8 bytes");
        case Placement::kUnmapped:
            refuse_slot(request, i, slots[i], LoadErrorKind::kReadOnlyGlobal, "no mapped memory");
        }
    }
}

void check_size(const HPyModuleDef& definition, const ModuleRequest& request) {
    if (definition.size == 0) return;
    const std::string size = std::to_string(definition.size);
    throw LoadError(LoadErrorKind::kModuleSize,
                    request.path + ": the definition of module " + request.name + " has size " +
                        size +
                        ". HPy 0.9 has no module state: the size must be 0. Keep objects in "
                        "HPyGlobals.",
                    {{"size", size}});
}

/// What to type, so that all interpreters may import the module.
std::string how_to_allow(const ModuleRequest& request) {
    const std::string name = short_name_of(request.name, request.path);
    return "hpystate.load(..., interpreters=\"own-gil\"), or the environment variable "
           "HPYSTATE_INTERPRETERS=\"" +
           request.name +
           "=own-gil\", or in the extension HPy_EXPORTED_FUNC const char *hpystate_interpreters_" +
           name + "(void) { return \"own-gil\"; }.";
}

/// Whether the interpreter is one in which the module may be made; CPython checks the GIL part.
void check_interpreter(const ModuleRequest& request) {
    if (request.where != Interpreters::kMain) return;
    if (PyInterpreterState_Get() == PyInterpreterState_Main()) return;
    throw LoadError(
        LoadErrorKind::kRefusedInterpreter,
        request.path + ": module " + request.name +
            " may be imported in the main interpreter only (interpreters=\"main\"); "
            "this is a subinterpreter. Import it in the main interpreter, or, if its C statics "
            "are safe, allow it: " +
            how_to_allow(request) + " Where the GIL is shared, \"shared-gil\" is enough.",
        {});
}

// ---- slots of the definition ----

/// What the definitions of a module ask of CPython.
struct ModuleSlots {
    CFunction create = nullptr;
    std::vector<CFunction> exec;
    bool has_others = false; ///< methods, or slots besides HPy_mod_create
};

bool add_module_slot(ModuleSlots& slots, const ModuleRequest& request, const HPySlot& slot) {
    const bool create = slot.slot == HPy_mod_create;
    if ((!create && slot.slot != HPy_mod_exec) || slot.impl == nullptr) {
        PyErr_Format(PyExc_SystemError,
                     "module '%s': slot %d (%s) is none of a module (HPy_mod_create, "
                     "HPy_mod_exec), or has no function.",
                     request.name.c_str(), static_cast<int>(slot.slot), name_of(slot.slot));
        return false;
    }
    if (create && slots.create != nullptr) {
        PyErr_Format(PyExc_SystemError, "module '%s': HPy_mod_create is defined twice.",
                     request.name.c_str());
        return false;
    }
    const HPyFunc_Signature signature = create ? HPyFunc_MOD_CREATE : HPyFunc_INQUIRY;
    CFunction thunk = thunk_for(signature, slot.impl, Site{false, request.layer});
    if (thunk == nullptr && request.layer == nullptr) {
        thunk = reinterpret_cast<CFunction>(slot.cpy_trampoline);
    }
    if (thunk == nullptr) {
        const std::string owner = "module '" + request.name + "'";
        raise_no_thunk(owner.c_str(), name_of(slot.slot), signature, false,
                       Site{false, request.layer});
        return false;
    }
    if (create) {
        slots.create = thunk;
    } else {
        slots.exec.push_back(thunk);
        slots.has_others = true;
    }
    return true;
}

bool read_module_slots(const HPyModuleDef& definition, const ModuleRequest& request,
                       ModuleSlots& slots) {
    HPyDef** at = definition.defines;
    for (; at != nullptr && *at != nullptr; ++at) {
        const HPyDef& define = **at;
        if (define.kind == HPyDef_Kind_Meth) {
            slots.has_others = true;
        } else if (define.kind != HPyDef_Kind_Slot) {
            PyErr_Format(PyExc_SystemError,
                         "module '%s': a definition of kind %d is none of a module; only methods "
                         "and slots are.",
                         request.name.c_str(), static_cast<int>(define.kind));
            return false;
        } else if (!add_module_slot(slots, request, define.slot)) {
            return false;
        }
    }
    const bool others = slots.has_others || definition.doc != nullptr ||
                        definition.globals != nullptr || definition.legacy_methods != nullptr;
    if (slots.create == nullptr || !others) return true;
    PyErr_Format(PyExc_SystemError,
                 "%s and something else (module '%s'): a module object that the slot makes itself "
                 "takes no methods, no doc, no globals and no other slots.",
                 interface::kCreateWithOthers, request.name.c_str());
    return false;
}

// ---- CPython's definition: one per process for the same contents, kept ----

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
    const HPyModuleDef* definition;
    PyMethodDef* methods;
    const char* doc;
    std::uintptr_t where;
    const Layer* layer;
};

/// A PyModuleDef with the slot table and the name that it points to.
struct KeptDefinition {
    static constexpr std::size_t kMaxSlots = 16;
    PyModuleDef cpython; ///< first: a module's definition leads here
    const HPyModuleDef* source;
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
    kept.source = parts.definition;
    kept.layer = parts.layer;
    PyModuleDef_Init(&kept.cpython);
}

/// nullptr with an exception set.
PyModuleDef* cpython_definition(const HPyModuleDef& definition, const ModuleRequest& request) {
    ModuleSlots slots;
    PyMethodDef* methods = nullptr;
    if (!read_module_slots(definition, request, slots)) return nullptr;
    const std::vector<Definition> definitions = v0_9::describe_definitions(definition.defines);
    const auto* const legacy = static_cast<const PyMethodDef*>(definition.legacy_methods);
    const Site site{true, request.layer};
    if (!check_methods(definitions) || !make_methods(definitions, legacy, site, methods))
        return nullptr;
    if (slots.exec.size() + 3 > KeptDefinition::kMaxSlots) {
        PyErr_Format(PyExc_SystemError, "module '%s' has %zu HPy_mod_exec slots; %zu are possible.",
                     request.name.c_str(), slots.exec.size(), KeptDefinition::kMaxSlots - 3);
        return nullptr;
    }
    const DefinitionParts parts{&definition, methods, definition.doc,
                                static_cast<std::uintptr_t>(request.where), request.layer};
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
        if (!region.window.claim(Token(reinterpret_cast<std::uintptr_t>(slot))))
            throw std::bad_alloc();
    }
}

/// Counts a module of a definition while it is made and, once it was made, for good: objects of it
/// may outlive the module. Where making fails and no other is counted, its values are released.
class Instance {
  public:
    Instance(Region& region, const HPyModuleDef& definition, std::span<const SlotAddress> slots)
        : region_(region), key_(&definition), slots_(slots) {
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
    /// If no other module is counted. Under the lock: one that begins now has stored nothing yet.
    void take_values() noexcept {
        const std::lock_guard lock(region_.instances_mutex);
        std::size_t& count = region_.instances->find(key_)->second;
        if (--count != 0) return;
        for (const SlotAddress slot : slots_)
            taken_.push_back(region_.window.take(Token(reinterpret_cast<std::uintptr_t>(slot))));
    }

    Region& region_;
    const void* key_;
    std::span<const SlotAddress> slots_;
    std::vector<PyObject*> taken_; ///< with room for all: what take_values() allocates nothing for
    bool kept_ = false;
};

/// CPython's refusal, in our words.
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
    PyErr_SetString(PyExc_SystemError, interface::kCreateReturnedModule);
    return false;
}

} // namespace

PyObject* create_module(const HPyModuleDef& definition, const ModuleRequest& request) {
    check_origins(request, definition);
    const std::vector<SlotAddress> slots = slots_of(definition);
    check_size(definition, request);
    check_globals(request, slots);
    check_interpreter(request);
    PyModuleDef* const cpython = cpython_definition(definition, request);
    if (cpython == nullptr) return nullptr;
    Region* const region = context::enter_interpreter();
    if (region == nullptr) return nullptr;
    Ref module(PyModule_FromDefAndSpec(cpython, request.spec));
    if (!module) {
        explain_refusal(request);
        return nullptr;
    }
    if (!check_created(module.get(), *cpython)) return nullptr;
    registry().add({request.name, request.path}, slots);
    claim_slots(*region, slots);
    return module.release();
}

bool execute_module(PyObject* module) {
    if (!PyModule_Check(module)) return true; // made by HPy_mod_create, which stands alone
    PyModuleDef* const cpython = PyModule_GetDef(module);
    const bool ours = cpython != nullptr && cpython->m_slots != nullptr &&
                      cpython->m_slots[0].value == reinterpret_cast<void*>(&bind_to_interpreter);
    if (!ours || PyModule_GetState(module) != nullptr) return true;
    Region* const region = context::enter_interpreter();
    if (region == nullptr) return false;
    const auto& kept = *reinterpret_cast<const KeptDefinition*>(cpython);
    const HPyModuleDef& definition = *kept.source;
    const std::vector<SlotAddress> slots = slots_of(definition);
    Instance instance(*region, definition, slots);
    if (PyModule_ExecDef(module, cpython) != 0) return false;
    instance.keep();
    return kept.layer == nullptr || layers::module_executed(*kept.layer, kept.source);
}

} // namespace hpystate
