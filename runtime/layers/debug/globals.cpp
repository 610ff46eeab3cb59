/// runtime/layers/debug/globals.cpp: reports misused slots by name; loads and stores.
#include "runtime/layers/debug/globals.h"

#include "globals/registry.h"
#include "runtime/calls/handle.h"
#include "runtime/cpython/in_flight.h"
#include "runtime/elf/foreign_files.h"
#include "runtime/elf/symbol_name.h"
#include "runtime/layers/debug/call.h"
#include "runtime/layers/debug/own.h"

#include <atomic>
#include <optional>

namespace hpystate::layers {

namespace {

[[nodiscard]] std::string here(const DebugState& state) {
    return " in interpreter " + std::to_string(state.interpreter_id);
}

/// `slot` and `found` return the slot's name and what is wrong with it; they may throw
/// std::bad_alloc.
template <typename Name, typename Found>
void report(DebugState& state, const char* function, Name&& slot, Found&& found) noexcept {
    state.report(
        Misuse::kGlobal,
        [&] { return std::string(function) + " of " + slot() + here(state) + ": " + found(); },
        nullptr);
}

/// The same for a slot of that address, 0 for one that is unset.
void report_slot(DebugState& state, const char* function, std::uintptr_t slot,
                 const char* found) noexcept {
    report(
        state, function, [=] { return describe_slot(slot); }, [=] { return found; });
}

constexpr const char* kNotHere =
    "no module that lists it was imported in this interpreter. Import such a module here first; "
    "values of other interpreters are not visible here.";
constexpr const char* kForeign =
    "the slot does not hold its own address. Code other than HPyGlobal_Store wrote to it, or it "
    "was copied or moved. Only HPy may write a slot, and a slot must stay at its address.";

/// The first listed slot whose content is not its own address; for a load, which gets the content
/// only. 0: there is none.
[[nodiscard]] std::uintptr_t damaged_slot() noexcept {
    std::uintptr_t found = 0;
    registry().for_each([&](std::uintptr_t slot, const SlotInfo& info) {
        if (found != 0 || !info.listed()) return;
        const std::atomic_ref word(*reinterpret_cast<std::uintptr_t*>(slot));
        if (word.load(std::memory_order_relaxed) != slot) found = slot;
    });
    return found;
}

/// Whether the collector of this interpreter knows the object. Asks Python's gc module.
[[nodiscard]] bool is_in_heap(PyObject* object) noexcept {
    const InFlight kept(nullptr); // a store is allowed while an exception is set
    const Ref gc(PyImport_ImportModule("gc"));
    const Ref all(gc ? PyObject_CallMethod(gc.get(), "get_objects", nullptr) : nullptr);
    if (!all) return true; // cannot be known: no report
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(all.get()); ++i) {
        if (PyList_GET_ITEM(all.get(), i) == object) return true;
    }
    return false;
}

void check_content(DebugState& state, std::uintptr_t content, const char* function) noexcept {
    const Token token(content);
    if (token.is_unset()) {
        report_slot(
            state, function, 0,
            "it holds nothing: no module that lists it was ever imported, and no value was stored. "
            "List it in the module's globals.");
    } else if (!registry().find(token)) {
        const Registry::Match match = registry().match(content);
        if (match.count == 1 && is_in_foreign_file(reinterpret_cast<const void*>(match.slot))) {
            return; // another runtime has the file too, which is known
        }
        const std::uintptr_t damaged = damaged_slot();
        report(
            state, function,
            [=] { return damaged != 0 ? describe_slot(damaged) : std::string("an unknown slot"); },
            [] { return kForeign; });
    } else if (!state.region->window.claimed(token)) {
        report_slot(state, function, content, kNotHere);
    }
}

void check_slot(DebugState& state, std::uintptr_t slot, std::uintptr_t content, PyObject* value,
                const char* function) noexcept {
    const std::optional<SlotInfo> known = registry().find(Token(slot));
    const bool shared = is_in_foreign_file(reinterpret_cast<const void*>(slot));
    if (content != 0 && content != slot && !shared) {
        report_slot(state, function, slot, kForeign);
    } else if (!known || !known->listed()) {
        report_slot(state, function, slot,
                    "no module lists it. Add its address to the globals of the HPyModuleDef.");
    } else if (!state.region->window.claimed(Token(slot))) {
        report_slot(state, function, slot, kNotHere);
    }
    const bool search = state.search_heap && value != nullptr && PyObject_GC_IsTracked(value) != 0;
    if (search && !is_in_heap(value)) {
        report(
            state, function, [=] { return describe_slot(slot); },
            [=] {
                return std::string("the value, a '") + Py_TYPE(value)->tp_name +
                       "', is tracked by a collector, but not by this interpreter's: it belongs "
                       "to another interpreter.";
            });
    }
}

} // namespace

void check_load(DebugState& state, HPyGlobal global, const char* function) noexcept {
    const Window& window = state.region->window;
    if (window.closed()) return; // after teardown every load returns NULL
    // What was stored here under a token was stored into a slot that has the token: all is well,
    // and the registry, which has a lock, need not be searched.
    const Token token(static_cast<std::uintptr_t>(global._i));
    const Window::Entry& entry = window.entry_of(token);
    if (entry.holds(token) && entry.plain() != nullptr) [[likely]]
        return;
    check_content(state, static_cast<std::uintptr_t>(global._i), function);
}

void check_store(DebugState& state, const HPyGlobal* global, PyObject* value,
                 const char* function) noexcept {
    // The plain function raises for NULL; past teardown a store has no effect.
    if (global == nullptr || state.region->window.closed()) return;
    const std::atomic_ref word(const_cast<intptr_t&>(global->_i));
    check_slot(state, reinterpret_cast<std::uintptr_t>(global),
               static_cast<std::uintptr_t>(word.load(std::memory_order_relaxed)), value, function);
}

HPy own_Global_Load(HPyContext* context, HPyGlobal global) noexcept {
    const Call call(context, ContextFunction::Global_Load);
    check_load(call.state(), global, "HPyGlobal_Load");
    return call.out(call.plain()->ctx_Global_Load(call.plain(), global));
}

void own_Global_Store(HPyContext* context, HPyGlobal* global, HPy h) noexcept {
    const Call call(context, ContextFunction::Global_Store);
    PyObject* const object = call.object(h);
    check_store(call.state(), global, object, "HPyGlobal_Store");
    call.plain()->ctx_Global_Store(call.plain(), global, as_handle(object));
    call.state().end_borrow(reinterpret_cast<std::uintptr_t>(global));
}

} // namespace hpystate::layers
