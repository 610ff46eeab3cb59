/// runtime/versions/v0_9/callers.cpp: asks each copy of the runtime, then the operands.
#include "runtime/versions/v0_9/callers.h"

#include "interp_state/current.h"
#include "runtime/calls/anchor.h"
#include "runtime/calls/module_state.h"

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace hpystate::context {

namespace {

[[nodiscard]] HPyContext* own_context() noexcept {
    Region* const region = current_region();
    return region != nullptr ? &region->context() : nullptr;
}

[[nodiscard]] bool owns_one(void* const* objects, std::size_t count, bool first_is_type) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
        auto* const object = static_cast<PyObject*>(objects[i]);
        if (object == nullptr) continue;
        PyTypeObject* const type =
            first_is_type && i == 0 ? static_cast<PyTypeObject*>(objects[i]) : Py_TYPE(object);
        if (is_module_of_this_copy(object) || context_of_class(type) != nullptr) return true;
    }
    return false;
}

/// The object `type` of the Python that an object belongs to. All types of types end there.
[[nodiscard]] const void* root_of(const void* object, std::size_t type_offset) noexcept {
    for (;;) {
        const void* type = nullptr;
        std::memcpy(&type, static_cast<const char*>(object) + type_offset, sizeof(type));
        if (type == object) return type;
        object = type;
    }
}

/// The copies whose Python the thread is attached to.
struct Attached {
    HPyContext* context = nullptr; ///< of the last one
    const RuntimeCopy* copy = nullptr;
    std::size_t count = 0;
    bool one_python = true;
    bool one_layout = true; ///< of objects

    void add(const RuntimeCopy& found, HPyContext* its_context) noexcept {
        if (copy != nullptr) {
            one_python = one_python && copy->type_of_types == found.type_of_types;
            one_layout = one_layout && copy->type_offset == found.type_offset;
        }
        copy = &found;
        context = its_context;
        ++count;
    }
};

/// `accept(copy)`: whether it counts.
template <typename Accept>
[[nodiscard]] Attached attached_copies(Accept accept) noexcept {
    Attached all; // the list was found when this copy joined, so nothing is allocated
    for (const RuntimeCopy* copy = first_copy(); copy != nullptr; copy = copy->next) {
        HPyContext* const context = copy->callers_context();
        if (context != nullptr && accept(*copy)) all.add(*copy, context);
    }
    return all;
}

[[noreturn, gnu::cold]] void stop(const char* function, const char* found, const char* advice) {
    static_cast<void>(std::fprintf(stderr, "hpystate: %s was called on a thread that is %s. %s\n",
                                   function, found, advice));
    std::abort();
}

[[noreturn, gnu::cold]] void stop_without_interpreter(const char* function) noexcept {
    stop(function, "not attached to an interpreter in which the extension was imported",
         "Attach the thread first (PyGILState_Ensure, or HPy_ReenterPythonExecution after "
         "HPy_LeavePythonExecution), and import the extension there.");
}

[[noreturn, gnu::cold]] void stop_between_pythons(const char* function) noexcept {
    stop(function,
         "attached to two Pythons, and the call does not tell which of them it belongs to",
         "Detach it from one before it calls the other (PyEval_SaveThread).");
}

} // namespace

bool is_module_of_this_copy(PyObject* module) noexcept {
    if (!PyModule_CheckExact(module)) return false;
    const PyModuleDef* const definition = PyModule_GetDef(module);
    return definition != nullptr && definition->m_free == &release_module_state;
}

RuntimeCopy& this_copy(HPyContext* dispatcher, OldCall old_call, OtherCall other_call) noexcept {
    static RuntimeCopy copy{sizeof(RuntimeCopy),
                            offsetof(PyObject, ob_type),
                            &PyType_Type,
                            dispatcher,
                            &own_context,
                            &owns_one,
                            old_call,
                            nullptr,
                            other_call};
    return copy;
}

HPyContext& callers_context(const char* function) noexcept {
    const Attached all = attached_copies([](const RuntimeCopy&) { return true; });
    if (!all.one_python) stop_between_pythons(function);
    // Two copies in one Python use the same objects: this one serves if it can.
    HPyContext* const own = own_context();
    HPyContext* const found = own != nullptr ? own : all.context;
    if (found == nullptr) stop_without_interpreter(function);
    return *found;
}

Caller caller_of(std::span<void* const> objects, bool first_is_type) noexcept {
    constexpr const char* kTrampoline = "a function of an HPy extension, by its trampoline,";
    const Attached all = attached_copies([](const RuntimeCopy&) { return true; });
    if (all.count == 0) {
        HPyContext* const own = own_context(); // a program that has not joined
        if (own == nullptr) stop_without_interpreter(kTrampoline);
        return {own, nullptr};
    }
    if (all.count == 1) return {all.context, all.copy};
    const void* root = all.copy->type_of_types;
    if (!all.one_python) {
        if (!all.one_layout || objects.empty() || objects[0] == nullptr)
            stop_between_pythons(kTrampoline);
        root = root_of(objects[0], all.copy->type_offset);
    }
    const Attached here =
        attached_copies([=](const RuntimeCopy& copy) { return copy.type_of_types == root; });
    if (here.count == 0) stop_between_pythons(kTrampoline);
    if (here.count == 1) return {here.context, here.copy};
    const Attached owners = attached_copies([=](const RuntimeCopy& copy) {
        return copy.type_of_types == root &&
               copy.owns(objects.data(), objects.size(), first_is_type);
    });
    if (owners.count == 1) return {owners.context, owners.copy};
    if (root != &PyType_Type) stop_between_pythons(kTrampoline); // no exception can be set there
    PyErr_SetString(PyExc_SystemError,
                    "hpystate: two copies of hpystate are in this Python, and neither made the "
                    "module or a type of the objects that a function of an HPy extension was "
                    "called with; so it is not known whose function it is. Import one copy only.");
    return {nullptr, nullptr};
}

} // namespace hpystate::context
