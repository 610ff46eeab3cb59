/// runtime/face/api.cpp: the functions behind hpystate/global.h, their table, and its capsule.
#include <Python.h>

#include "runtime/face/api.h"

#include "globals/token.h"
#include "interp_state/ends.h"
#include "interp_state/first_value.h"
#include "interp_state/values.h"
#include "runtime/cpython/collected.h"
#include "runtime/cpython/guarded.h"
#include "runtime/cpython/ref.h"
#include "runtime/elf/placement.h"
#include "runtime/elf/symbol_name.h"
#include "runtime/face/here.h"

#include <hpystate/global.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace hpystate::face {

namespace {

constexpr const char* kExec = "Py_mod_exec slot";

[[nodiscard]] std::uintptr_t* slot_of(hpystate_global* global) noexcept {
    return &global->token;
}

/// The address is the token, whatever the slot holds: nobody but us gets its content.
[[nodiscard]] Token token_of(const hpystate_global* global) noexcept {
    return token_of_slot(&global->token);
}

[[nodiscard]] const hpystate_interpreter* as_interpreter(const Region* region) noexcept {
    if (region == nullptr) return nullptr;
    return reinterpret_cast<const hpystate_interpreter*>(&region->window.open_for());
}

/// False with a SystemError: no slot can be written at that address.
[[nodiscard, gnu::cold, gnu::noinline]] bool is_writable(hpystate_global* global,
                                                         const char* function) noexcept {
    const Placement place = place_of(global);
    if (place == Placement::kWritable) return true;
    const char* const found = place == Placement::kReadOnly     ? "is in read-only memory"
                              : place == Placement::kMisaligned ? "is not aligned to 8 bytes"
                                                                : "is in no memory";
    const char* const advice = place == Placement::kReadOnly
                                   ? "Declare it without const: static hpystate_global"
                                   : "Pass the address of a static hpystate_global";
    return guarded(false, [&] {
        const std::string name =
            global != nullptr ? describe_slot(token_of(global).bits()) : "the global NULL";
        PyErr_Format(PyExc_SystemError, "%s: %s %s; a global that can be written was expected. %s.",
                     function, name.c_str(), found, advice);
        return false;
    });
}

/// Registers a slot at its first use, which writes its token into it. False: an exception is set.
[[nodiscard]] bool is_registered(hpystate_global* global, const char* function) noexcept {
    // No static is at an address that is not aligned, or in the first page.
    const bool possible =
        reinterpret_cast<std::uintptr_t>(global) % alignof(hpystate_global) == 0 &&
        reinterpret_cast<std::uintptr_t>(global) >= 4096;
    if (possible && holds_token(slot_of(global))) [[likely]]
        return true;
    if (!is_writable(global, function)) return false;
    if (write_unlisted(slot_of(global))) return true;
    PyErr_NoMemory();
    return false;
}

/// False with a SystemError: the object belongs to another interpreter.
[[nodiscard, gnu::cold]] bool is_own(PyObject* object, hpystate_global* global,
                                     const char* function) noexcept {
    if (object == nullptr || !is_from_elsewhere(object)) return true;
    return guarded(false, [&] {
        const std::string name = describe_slot(token_of(global).bits());
        // No repr: it would run code on an object of another interpreter.
        PyErr_Format(PyExc_SystemError,
                     "%s: the object at %p, a '%s', belongs to another interpreter; an object of "
                     "this one was expected for %s. Make the object in each interpreter, as in the "
                     "module's Py_mod_exec slot.",
                     function, static_cast<void*>(object), Py_TYPE(object)->tp_name, name.c_str());
        return false;
    });
}

// ---- the table's functions; contracts: hpystate/global.h ----

int enter() {
    return enter_interpreter() != nullptr && complete_fast() && here("hpystate_import") != nullptr
               ? 0
               : -1;
}

const hpystate_interpreter* current(const char* function) {
    return as_interpreter(here(function));
}

PyObject* borrow(const hpystate_global* global, const char* function) {
    Region* const region = here(function);
    return region != nullptr ? region->window.borrow(token_of(global)) : nullptr;
}

int get_ref(const hpystate_global* global, PyObject** out, const char* function) {
    Region* const region = here(function);
    *out = region != nullptr ? region->window.load(token_of(global), &take_reference) : nullptr;
    if (*out != nullptr) return 1;
    return region != nullptr ? 0 : -1;
}

int store(hpystate_global* global, PyObject* object, int checked, const char* function) {
    Region* const region = here(function);
    if (region == nullptr || !is_registered(global, function)) return -1;
    if (checked != 0 && !is_own(object, global, function)) return -1;
    return store_value(*region, slot_of(global), object) ? 0 : -1;
}

struct Made {
    hpystate_global_maker make;
    void* arg;

    [[nodiscard]] Maker maker() noexcept {
        return {[](void* data) noexcept {
                    const auto& self = *static_cast<const Made*>(data);
                    return self.make(self.arg);
                },
                this};
    }
};

template <auto* kFirstValue>
PyObject* get_or_init(hpystate_global* global, hpystate_global_maker make, void* arg,
                      const char* function) {
    Region* const region = here(function);
    if (region == nullptr || !is_registered(global, function)) return nullptr;
    Made made{make, arg};
    return kFirstValue(*region, slot_of(global), made.maker(), function);
}

int store_in_order(hpystate_global* global, PyObject* object, const char* function) {
    Region* const region = here(function);
    if (region == nullptr || !is_registered(global, function)) return -1;
    const Token token = token_of(global);
    if (region->window.closed() || region->ends.has_ended(token)) return 0;
    if (object == nullptr) return store_value(*region, slot_of(global), nullptr) ? 0 : -1;
    // Listed before it is stored: that releases the value before, whose destructor may store to
    // others, which are newer then. An empty slot in the list has no effect.
    std::unique_ptr<Ends::Place> place = Ends::new_place(token);
    if (place == nullptr) {
        PyErr_NoMemory();
        return -1;
    }
    region->ends.put(std::move(place));
    return store_value(*region, slot_of(global), object) ? 0 : -1;
}

HPyContext* context(const char* function) {
    Region* const region = here(function);
    return region != nullptr ? &region->context() : nullptr;
}

void raise(const hpystate_global* global, const char* function) {
    Region* const region = here(function);
    // A slot that nobody stored to is not known yet.
    if (region != nullptr && is_registered(const_cast<hpystate_global*>(global), function))
        raise_unset(*region, function, token_of(global), kExec);
}

} // namespace

/// One per copy of this code, the same for every interpreter, constant: files keep its address in
/// statics.
constinit const hpystate_global_table kGlobalTable{
    {HPYSTATE_GLOBAL_MAJOR, HPYSTATE_GLOBAL_MINOR, nullptr},
    &fast,
    &enter,
    &current,
    &borrow,
    &get_ref,
    &store,
    &get_or_init<&first_value>,
    &raise,
    &get_or_init<&first_value_in_order>,
    &store_in_order,
    &context,
};

bool add_global_api(PyObject* module) noexcept {
    // A capsule takes a pointer that is not const; nobody writes to the table. Its context shows
    // that it is ours.
    auto* const table = const_cast<hpystate_global_table*>(&kGlobalTable);
    const Ref capsule(PyCapsule_New(table, HPYSTATE_GLOBAL_CAPSULE, nullptr));
    return capsule && PyCapsule_SetContext(capsule.get(), table) == 0 &&
           PyModule_AddObjectRef(module, HPYSTATE_GLOBAL_ATTRIBUTE, capsule.get()) == 0;
}

} // namespace hpystate::face
