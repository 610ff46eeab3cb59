/// runtime/loader/module_check.cpp: checks origins, size, globals, interpreter and definitions, in
/// this order.
#include "runtime/loader/module_check.h"

#include "globals/registry.h"
#include "interp_state/values.h"
#include "runtime/abi/slot_name.h"
#include "runtime/abi/upstream_messages.h"
#include "runtime/elf/placement.h"
#include "runtime/elf/symbol_name.h"
#include "runtime/loader/error.h"
#include "runtime/loader/library.h"
#include "runtime/types/definitions.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace hpystate {

namespace {

void check_origin(const ModuleDescription& wanted, const ModuleRequest& request) {
    if (!wanted.stranger) return;
    const auto& [part, stranger] = *wanted.stranger;
    throw LoadError(LoadErrorKind::kForeignSymbol,
                    request.path + ": " + part + " of module " + request.name + " " +
                        stranger.text() + " Nothing was registered.",
                    {{"symbol", stranger.symbol}, {"file", stranger.file}});
}

void check_size(const ModuleDescription& wanted, const ModuleRequest& request) {
    if (wanted.size == 0) return;
    const std::string size = std::to_string(wanted.size);
    throw LoadError(LoadErrorKind::kModuleSize,
                    request.path + ": the definition of module " + request.name + " has size " +
                        size +
                        ". HPy 0.9 has no module state: the size must be 0. Keep objects in "
                        "HPyGlobals.",
                    {{"size", size}});
}

// ---- globals ----

/// "kept, globals[0] of module point", without the variable where the file does not name it.
std::string describe_listed(const ModuleRequest& request, std::size_t index, const void* global) {
    const std::string symbol = name_of_address(global).symbol;
    return (symbol.empty() ? "" : symbol + ", ") + "globals[" + std::to_string(index) +
           "] of module " + request.name;
}

[[noreturn]] void refuse_global(const ModuleRequest& request, std::size_t index, const void* global,
                                LoadErrorKind kind, const char* found, const char* advice) {
    std::array<char, 32> address{};
    PyOS_snprintf(address.data(), address.size(), "%p", global);
    throw LoadError(kind,
                    request.path + ": " + describe_listed(request, index, global) +
                        ", is at the address " + address.data() + ", which is " + found +
                        "; an HPyGlobal in writable memory, aligned to 8 bytes, was expected, "
                        "since hpystate writes its token into it. " +
                        advice + " Nothing was registered.",
                    {{"index", std::to_string(index)}, {"address", address.data()}});
}

/// A slot may hold 0 or its own address, which every copy of this runtime writes. Anything else was
/// written by another runtime. That is expected only if the file is shared with one.
void check_content(const ModuleRequest& request, std::size_t index, std::uintptr_t* global) {
    const std::uintptr_t held = std::atomic_ref(*global).load(std::memory_order_relaxed);
    if (request.shares || held == 0 || held == reinterpret_cast<std::uintptr_t>(global)) return;
    std::array<char, 32> content{};
    PyOS_snprintf(content.data(), content.size(), "%p", reinterpret_cast<const void*>(held));
    throw LoadError(LoadErrorKind::kForeignGlobal,
                    request.path + ": " + describe_listed(request, index, global) + ", holds " +
                        content.data() +
                        "; 0 or its own address was expected. Another HPy runtime in this process "
                        "has probably stored an object there, or other code wrote to it; a static "
                        "HPyGlobal starts as 0 and only HPy writes to it. Nothing was registered. "
                        "Load the file with one runtime only, or give each runtime a copy of the "
                        "file (other_runtimes=\"copy\"). If the other runtime lets foreign hands "
                        "read its slots, load it with other_runtimes=\"share\".",
                    {{"index", std::to_string(index)}, {"content", content.data()}});
}

void check_globals(const ModuleRequest& request, const std::vector<std::uintptr_t*>& globals) {
    for (std::size_t i = 0; i < globals.size(); ++i) {
        // Registered before, in this interpreter or another: its place was checked then.
        const auto known = registry().find(token_of_slot(globals[i]));
        if (known && known->listed()) {
            check_content(request, i, globals[i]);
            continue;
        }
        switch (place_of(globals[i])) {
        case Placement::kWritable:
            check_content(request, i, globals[i]);
            break;
        case Placement::kReadOnly:
            refuse_global(request, i, globals[i], LoadErrorKind::kReadOnlyGlobal,
                          "in read-only memory",
                          "Declare it as a static HPyGlobal, without const.");
        case Placement::kMisaligned:
            refuse_global(request, i, globals[i], LoadErrorKind::kMisalignedGlobal,
                          "not aligned to 8 bytes",
                          "Declare it as a static HPyGlobal, outside of packed structs.");
        case Placement::kUnmapped:
            refuse_global(
                request, i, globals[i], LoadErrorKind::kUnmappedGlobal,
                "not mapped: no memory is there",
                "Let the list hold addresses of static HPyGlobals, and end it with NULL.");
        }
    }
}

// ---- the interpreter ----

/// Throws LoadError if the module may not be made in this interpreter; CPython checks the GIL part.
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

// ---- definitions ----

bool check_slot(const ModuleRequest& request, const SlotDescription& slot) {
    const bool of_module = slot.slot == HPy_mod_create || slot.slot == HPy_mod_exec;
    if (of_module && slot.function != nullptr) return true;
    PyErr_Format(PyExc_SystemError, "module '%s': slot %d (%s) %s", request.name.c_str(),
                 static_cast<int>(slot.slot), name_of(slot.slot),
                 of_module ? "has no function. Define it with HPyDef_SLOT."
                           : "is not a slot of a module. A module may have HPy_mod_create and "
                             "HPy_mod_exec.");
    return false;
}

bool refuse_kind(const ModuleRequest& request, int kind) {
    PyErr_Format(PyExc_SystemError,
                 "module '%s': a definition of kind %d does not belong in a module; only methods "
                 "and slots do.",
                 request.name.c_str(), kind);
    return false;
}

/// The definitions one by one; methods are checked later, together.
struct CheckDefinition {
    const ModuleRequest& request;
    bool& creates; ///< an HPy_mod_create was seen
    bool& others;  ///< something else was

    bool operator()(const SlotDescription& slot) const {
        if (!check_slot(request, slot)) return false;
        if (slot.slot != HPy_mod_create) return others = true;
        if (!creates) return creates = true;
        PyErr_Format(PyExc_SystemError,
                     "module '%s': HPy_mod_create is defined twice. Keep one of the two.",
                     request.name.c_str());
        return false;
    }
    bool operator()(const MethodDescription&) const { return others = true; }
    bool operator()(const MemberDescription&) const {
        return refuse_kind(request, HPyDef_Kind_Member);
    }
    bool operator()(const GetSetDescription&) const {
        return refuse_kind(request, HPyDef_Kind_GetSet);
    }
    bool operator()(const UnknownDescription& unknown) const {
        return refuse_kind(request, unknown.kind);
    }
};

/// What a module has beside an HPy_mod_create; nullptr: nothing.
const char* part_beside_create(const ModuleDescription& wanted, bool others) {
    if (others) return "other definitions";
    if (wanted.doc != nullptr) return "a doc";
    if (wanted.lists_globals) return "globals";
    return wanted.legacy_methods != nullptr ? "legacy methods" : nullptr;
}

bool check_definitions(const ModuleDescription& wanted, const ModuleRequest& request) {
    bool creates = false;
    bool others = false;
    const CheckDefinition check{request, creates, others};
    const bool good = std::all_of(wanted.definitions.begin(), wanted.definitions.end(),
                                  [&](const Definition& one) { return std::visit(check, one); });
    if (!good) return false;
    const char* const beside = part_beside_create(wanted, others);
    if (!creates || beside == nullptr) return true;
    PyErr_Format(PyExc_SystemError,
                 "%s and %s (module '%s'): a module object that the slot makes itself takes no "
                 "methods, no doc, no globals and no other slots. Leave them out, or leave the "
                 "slot out.",
                 upstream::kCreateWithOthers, beside, request.name.c_str());
    return false;
}

bool check_exec_count(const ModuleDescription& wanted, const ModuleRequest& request) {
    const auto count = static_cast<std::size_t>(std::count_if(
        wanted.definitions.begin(), wanted.definitions.end(), [](const Definition& definition) {
            const auto* const slot = std::get_if<SlotDescription>(&definition);
            return slot != nullptr && slot->slot == HPy_mod_exec;
        }));
    if (count <= kMaxExecSlots) return true;
    PyErr_Format(PyExc_SystemError,
                 "module '%s' has %zu HPy_mod_exec slots; at most %zu are supported.",
                 request.name.c_str(), count, kMaxExecSlots);
    return false;
}

} // namespace

std::string how_to_allow(const ModuleRequest& request) {
    const std::string name = short_name_of(request.name, request.path);
    return "hpystate.load(..., interpreters=\"own-gil\"), or the environment variable "
           "HPYSTATE_INTERPRETERS=\"" +
           request.name +
           "=own-gil\", or in the extension HPy_EXPORTED_FUNC const char *hpystate_interpreters_" +
           name + "(void) { return \"own-gil\"; }.";
}

bool check_module(const ModuleDescription& wanted, const ModuleRequest& request) {
    check_origin(wanted, request);
    check_size(wanted, request);
    check_globals(request, wanted.globals);
    check_interpreter(request);
    return check_definitions(wanted, request) && check_methods(wanted.definitions) &&
           check_exec_count(wanted, request);
}

} // namespace hpystate
