/// runtime/types/foreign_base.cpp: calls the functions of bases that are not HPy types.
#include "runtime/types/foreign_base.h"

#include "runtime/calls/handle.h"
#include "runtime/cpython/managed_dict.h"
#include "runtime/cpython/new_type.h"
#include "runtime/cpython/ref.h"

#include <atomic>
#include <structmember.h>

namespace hpystate {

namespace {

/// The tp_dealloc of all classes made in Python. Several threads may write it, all the same value.
constinit std::atomic<destructor> python_dealloc{nullptr};

[[nodiscard]] bool is_made_in_python(const PyTypeObject* type) noexcept {
    return type->tp_dealloc == python_dealloc.load(std::memory_order_relaxed);
}

/// The part of an instance's base types that our function must handle: from the HPy type whose
/// function runs down to the foreign base. A class made in Python above that is handled by CPython.
struct Chain {
    PyTypeObject* top;
    PyTypeObject* base;
};

/// No two HPy types among the bases of a type have the same record: the record of one is the `base`
/// of the other's.
[[nodiscard]] Chain chain_of(PyObject* self, const TypeRecord* record) noexcept {
    PyTypeObject* top = Py_TYPE(self);
    while (!is_hpy_type(top) || record_of(top) != record)
        top = top->tp_base;
    // For an opaque type our function handles only what is below it.
    return {top, foreign_base(record->opaque != 0 ? top->tp_base : top)};
}

/// Calls `function(slot)` for every __slots__ entry of the classes made in Python in the chain;
/// stops at the first result that is not 0.
template <typename Function>
int for_each_python_slot(PyObject* self, const Chain& chain, Function&& function) {
    for (PyTypeObject* type = chain.top; type != chain.base; type = type->tp_base) {
        if (!is_made_in_python(type) || type->tp_members == nullptr) continue;
        for (const PyMemberDef* member = type->tp_members; member->name != nullptr; ++member) {
            if (member->type != T_OBJECT_EX || (member->flags & Py_READONLY) != 0) continue;
            char* const address = reinterpret_cast<char*>(self) + member->offset;
            if (const int result = function(*reinterpret_cast<PyObject**>(address))) return result;
        }
    }
    return 0;
}

/// Whether the instance has a managed dict that the foreign base does not visit. A base that has
/// one too, as _asyncio.Future, visits it itself, and it must not be visited twice, because the
/// collector counts visits.
[[nodiscard]] bool adds_managed_dict(const Chain& chain) noexcept {
    return PyType_HasFeature(chain.top, Py_TPFLAGS_MANAGED_DICT) != 0 &&
           PyType_HasFeature(chain.base, Py_TPFLAGS_MANAGED_DICT) == 0;
}

/// The dict that a class of the chain added at an offset, or nullptr.
PyObject** added_dict(PyObject* self, const Chain& chain) {
    if (PyType_HasFeature(chain.top, Py_TPFLAGS_MANAGED_DICT)) return nullptr;
    if (chain.top->tp_dictoffset == 0 || chain.base->tp_dictoffset != 0) return nullptr;
    return place_of_dict(self);
}

void clear_python_parts(PyObject* self, const Chain& chain) {
    for_each_python_slot(self, chain, [](PyObject*& slot) {
        Py_CLEAR(slot);
        return 0;
    });
    if (adds_managed_dict(chain)) clear_managed_dict(self);
    if (PyObject** const dict = added_dict(self, chain)) Py_CLEAR(*dict);
}

} // namespace

bool prepare_foreign_bases() noexcept {
    if (python_dealloc.load(std::memory_order_relaxed) != nullptr) return true;
    PyType_Slot slots[] = {{0, nullptr}};
    PyType_Spec spec{"hpystate.probe", 0, 0, Py_TPFLAGS_DEFAULT, slots};
    const Ref probe(made_or_raised(PyType_FromSpec(&spec)));
    if (!probe) return false;
    const auto* const type = reinterpret_cast<PyTypeObject*>(probe.get());
    python_dealloc.store(type->tp_dealloc, std::memory_order_relaxed);
    return true;
}

PyTypeObject* foreign_base(PyTypeObject* type) noexcept {
    while (type != &PyBaseObject_Type && (is_made_in_python(type) || is_transparent(type))) {
        type = type->tp_base;
    }
    return type;
}

bool has_foreign_base(PyTypeObject* type) noexcept {
    if (type->tp_dictoffset != 0) return true;
    while (type != &PyBaseObject_Type && is_transparent(type))
        type = type->tp_base;
    return type != &PyBaseObject_Type;
}

int visit_foreign_parts(PyObject* self, const TypeRecord* record, visitproc visit, void* arg) {
    const Chain chain = chain_of(self, record);
    if (!PyType_HasFeature(chain.base, Py_TPFLAGS_HEAPTYPE) || chain.base->tp_traverse == nullptr) {
        Py_VISIT(Py_TYPE(self)); // the traverse function of a heap type visits the type itself
    }
    const int result = for_each_python_slot(self, chain, [=](PyObject* slot) {
        Py_VISIT(slot);
        return 0;
    });
    if (result != 0) return result;
    // CPython's function for a class made in Python visits the dict only if the base (our type) has
    // none.
    if (adds_managed_dict(chain)) {
        if (const int stop = visit_managed_dict(self, visit, arg)) return stop;
    }
    if (PyObject** const dict = added_dict(self, chain)) Py_VISIT(*dict);
    return chain.base->tp_traverse != nullptr ? chain.base->tp_traverse(self, visit, arg) : 0;
}

int clear_foreign_parts(PyObject* self, const TypeRecord* record) {
    const Chain chain = chain_of(self, record);
    clear_python_parts(self, chain);
    return chain.base->tp_clear != nullptr ? chain.base->tp_clear(self) : 0;
}

void release_foreign_parts(PyObject* self, const TypeRecord* record) {
    const Chain chain = chain_of(self, record);
    PyTypeObject* const type = Py_TYPE(self);
    clear_python_parts(self, chain);
    const bool base_releases_type = PyType_HasFeature(chain.base, Py_TPFLAGS_HEAPTYPE);
    // The base's function expects a tracked object, as it would get from CPython.
    if (PyType_IS_GC(chain.base) && PyType_IS_GC(type)) PyObject_GC_Track(self);
    chain.base->tp_dealloc(self);
    if (!base_releases_type) Py_DECREF(type);
}

} // namespace hpystate
