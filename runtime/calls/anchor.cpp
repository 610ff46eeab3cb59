/// runtime/calls/anchor.cpp: making the anchor, and finding the context where no fast path leads to
/// it.
#include "runtime/calls/anchor.h"

#include "globals/gil.h"
#include "runtime/cpython/attached.h"
#include "runtime/cpython/ref.h"

#include <utility>

namespace hpystate {

namespace {

constexpr char kCapsule[] = "hpystate.context";

constexpr PyModuleDef new_definition() noexcept {
    return {PyModuleDef_HEAD_INIT,
            "hpystate.anchor",
            nullptr,
            sizeof(ModuleState),
            nullptr,
            nullptr,
            nullptr,
            nullptr,
            &release_module_state};
}

/// The definition of anchors if modules have another layout. Then no module is made of
/// anchor_definition, so the word at the expected offset is never its address.
PyModuleDef public_definition = new_definition();

/// CPython numbers a definition when the first module is made of it, and takes no lock for that. So
/// it is done here first, by one thread of the process. No Python code runs while other threads
/// wait for it.
void number_definitions() noexcept {
    static PyObject* const numbered[] = {PyModuleDef_Init(&anchor_definition),
                                         PyModuleDef_Init(&public_definition)};
    static_cast<void>(numbered);
}

/// The definition of the anchors of this process.
[[nodiscard]] PyModuleDef* definition_of_anchors() noexcept {
    return has_other_module_layout() ? &public_definition : &anchor_definition;
}

[[nodiscard]] bool has_expected_layout(PyObject* anchor) noexcept {
    return has_layout(anchor, &anchor_definition, PyModule_GetState(anchor));
}

[[nodiscard]] PyObject* make_anchor(Region& region) noexcept {
    HPYSTATE_CHECK(may_run_python());
    if (!check_module_size(PyModule_Type.tp_basicsize)) return nullptr;
    number_definitions();
    PyModuleDef* const definition = definition_of_anchors();
    Ref anchor(PyModule_Create(definition)); // nobody imports it: no phases needed
    // Compare the definition that was used, not the flag: another interpreter may have set the flag
    // since.
    if (anchor && definition == &anchor_definition && !has_expected_layout(anchor.get())) {
        other_module_layout.store(true, std::memory_order_relaxed);
        anchor = Ref(PyModule_Create(&public_definition));
    }
    if (!anchor) return nullptr;
    static_cast<ModuleState*>(PyModule_GetState(anchor.get()))->lead_to(region);
    return anchor.release();
}

/// context_of_type(), or through the type's anchor. nullptr for a type without a mark if modules
/// have another layout.
[[nodiscard]] HPyContext* context_of_one(PyTypeObject* type) noexcept {
    if (HPyContext* const context = context_of_type(type)) return context;
    if (!PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE)) return nullptr;
    PyObject* const module = reinterpret_cast<PyHeapTypeObject*>(type)->ht_module;
    if (module == nullptr || definition_word(module) != &anchor_definition) return nullptr;
    return fast_state_of_module(module)->context;
}

/// The first context that `context_of` returns for a type of an MRO; nullptr: there is none.
template <typename Find>
[[nodiscard, gnu::always_inline]] inline HPyContext* first_in(const PyObject* mro,
                                                              Find context_of) noexcept {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(mro); ++i) {
        auto* const each = reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(mro, i));
        if (HPyContext* const found = context_of(each)) return found;
    }
    return nullptr;
}

/// What a capsule of a type does last.
void release_context(PyObject* capsule) noexcept {
    auto* const context = static_cast<HPyContext*>(PyCapsule_GetPointer(capsule, kCapsule));
    // release: pairs with the acquire in is_led_to(): the last call through it has returned.
    Region::of(context)->leaders.fetch_sub(1, std::memory_order_release);
}

/// context_of_one() with public functions of CPython only.
[[nodiscard]] HPyContext* public_context_of_type(PyTypeObject* type) noexcept {
    if (!PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE)) return nullptr;
    PyObject* const module = PyType_GetModule(type);
    if (module == nullptr || PyModule_GetDef(module) != &public_definition) return nullptr;
    return static_cast<ModuleState*>(PyModule_GetState(module))->context;
}

/// context_of_class() if modules have another layout: as PyType_GetModuleByDef, but also for types
/// that the collector has cleared.
[[nodiscard, gnu::cold, gnu::noinline]] HPyContext*
public_context_of_class(PyTypeObject* type) noexcept {
    PyObject* const raised = PyErr_GetRaisedException();
    HPyContext* found = nullptr;
    if (type->tp_mro == nullptr) {
        for (; type != nullptr && found == nullptr; type = type->tp_base)
            found = public_context_of_type(type);
    } else if (PyObject* const anchor = PyType_GetModuleByDef(type, &public_definition)) {
        found = static_cast<ModuleState*>(PyModule_GetState(anchor))->context;
    }
    PyErr_SetRaisedException(raised); // drops the TypeError for a type without an anchor
    return found;
}

} // namespace

// Only read after it is numbered.
PyModuleDef anchor_definition = new_definition();

constexpr PyMethodDef kTypeMark{nullptr, nullptr, 0, nullptr};

bool lead_to_context(PyTypeObject* type, Region& region, const void* word) noexcept {
    HPyContext* const context = &region.context();
    Ref capsule(PyCapsule_New(context, kCapsule, &release_context));
    if (!capsule) return false;
    region.leaders.fetch_add(1, std::memory_order_relaxed); // as in ModuleState::lead_to()
    if (PyCapsule_SetContext(capsule.get(), const_cast<void*>(word)) != 0) return false;
    if (!has_other_module_layout()) mark_type(type, &kTypeMark, std::move(capsule), context, word);
    return true;
}

// Can an MRO change while it is read? Not with the GIL: no Python code runs in here. Without the
// GIL another thread may assign to __bases__, which frees the tuple and perhaps a base. So there
// CPython's function reads it, under its lock for types. A type that the collector has cleared has
// no MRO, but still its tp_base; then no other thread can reach the type.
HPyContext* context_of_class(PyTypeObject* type) noexcept {
    HPYSTATE_CHECK(may_run_python());
    // The bases of a static type are static, so none of them is ours.
    if (!PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE)) return nullptr;
    const PyObject* const mro = type->tp_mro;
    if (mro == nullptr) {
        HPyContext* found = nullptr;
        for (PyTypeObject* each = type; each != nullptr && found == nullptr; each = each->tp_base)
            found = context_of_one(each);
        if (found != nullptr || !has_other_module_layout()) return found;
        return public_context_of_class(type);
    }
    if constexpr (kNoGil) {
        if (has_other_module_layout()) return public_context_of_class(type);
        PyObject* const raised = PyErr_GetRaisedException();
        PyObject* const anchor = PyType_GetModuleByDef(type, &anchor_definition);
        PyErr_SetRaisedException(raised); // drops the TypeError for a class without an anchor
        return anchor != nullptr ? state_of_module(anchor)->context : nullptr;
    }
    // Nearly always one has a mark: the others' modules are read if none has.
    if (HPyContext* const found = first_in(mro, &context_of_type)) [[likely]]
        return found;
    if (HPyContext* const found = first_in(mro, &context_of_one)) return found;
    return has_other_module_layout() ? public_context_of_class(type) : nullptr;
}

bool prepare_anchor(Region& region) noexcept {
    std::atomic<PyObject*>& place = region.anchor;
    // acquire: pairs with the release in publish().
    if (place.load(std::memory_order_acquire) != nullptr) return true;
    PyObject* const anchor = make_anchor(region);
    if (anchor == nullptr) return false;
    Region::publish(place, anchor);
    return true;
}

#ifdef HPYSTATE_CHECKS
bool pretend_other_module_layout(Region& region) noexcept {
    other_module_layout.store(true, std::memory_order_relaxed);
    Py_XDECREF(region.anchor.exchange(nullptr));
    return prepare_anchor(region);
}
#endif

} // namespace hpystate
