/// interp_state/holder.cpp: a collected type, made anew in each interpreter. It reports the
/// window's references, and runs the teardown if the exit callback was lost.
#include "interp_state/holder.h"

#include "runtime/cpython/attached.h"
#include "runtime/cpython/interpreter_end.h"
#include "runtime/cpython/new_type.h"

namespace hpystate {

namespace {

struct Holder {
    PyObject_HEAD Region* region;  ///< null before attach_holder() and after detach_holder()
    void (*end)(Region&) noexcept; ///< set with `region`
    bool left; ///< the interpreter's dict is gone: report the region's reference to this object too
};

Holder& holder_of(PyObject* self) noexcept {
    return *reinterpret_cast<Holder*>(self);
}

int traverse(PyObject* self, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(self));
    const Region* const region = holder_of(self).region;
    if (region == nullptr) return 0;
    if (holder_of(self).left) Py_VISIT(self);
    return region->window.for_each([=](PyObject* object) { return visit(object, arg); });
}

/// The last collection has found the holder to be garbage: leave_holder() was called, and the exit
/// callback did not run.
void finalize(PyObject* self) {
    Region* const region = holder_of(self).region;
    if (region == nullptr) return;
    if (is_ending()) {
        holder_of(self).end(*region);
    } else {
        holder_of(self).left = false; // other code cleared the dict of a living interpreter
    }
}

void dealloc(PyObject* self) {
    PyTypeObject* const type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    type->tp_free(self);
    Py_DECREF(type);
}

PyTypeObject* make_type() noexcept {
    static constexpr char kDoc[] =
        "Reports the values of this interpreter's HPyGlobals to the collector.";
    PyType_Slot slots[] = {
        {Py_tp_doc, const_cast<char*>(kDoc)},
        {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
        {Py_tp_finalize, reinterpret_cast<void*>(finalize)},
        {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
        {0, nullptr},
    };
    PyType_Spec spec{};
    spec.name = "hpystate.GlobalsHolder";
    spec.basicsize = sizeof(Holder);
    spec.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION |
                 Py_TPFLAGS_IMMUTABLETYPE;
    spec.slots = slots;
    return reinterpret_cast<PyTypeObject*>(made_or_raised(PyType_FromSpec(&spec)));
}

} // namespace

PyObject* make_holder() noexcept {
    HPYSTATE_CHECK(may_run_python());
    PyTypeObject* const type = make_type();
    if (type == nullptr) return nullptr;
    auto* const holder = PyObject_GC_New(Holder, type);
    Py_DECREF(type); // the instance keeps its type
    if (holder == nullptr) return nullptr;
    holder->region = nullptr;
    holder->end = nullptr;
    holder->left = false;
    PyObject_GC_Track(holder);
    return reinterpret_cast<PyObject*>(holder);
}

void attach_holder(PyObject* holder, Region& region, void (*end)(Region&) noexcept) noexcept {
    HPYSTATE_CHECK(holder_of(holder).region == nullptr);
    HPYSTATE_CHECK(region.holder.load(std::memory_order_relaxed) == holder);
    holder_of(holder).region = &region;
    holder_of(holder).end = end;
}

void leave_holder(PyObject* holder) noexcept {
    holder_of(holder).left = true;
}

void keep_holder(PyObject* holder) noexcept {
    holder_of(holder).left = false;
}

void detach_holder(PyObject* holder) noexcept {
    holder_of(holder).region = nullptr;
}

} // namespace hpystate
