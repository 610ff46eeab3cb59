/// runtime/images/owner.cpp: makes an owner, and tells it when its interpreter ends.
#include <Python.h>

#include "runtime/images/owner.h"

#include "globals/locks.h"
#include "runtime/cpython/interpreter_end.h"
#include "runtime/cpython/ref.h"
#include "runtime/images/executable_file.h"

#include <mutex>

namespace hpystate::images {

namespace {

/// For all interpreters.
struct Owners {
    RankedMutex mutex{LockRank::kDirectory};
    std::vector<Owner*> all; ///< guarded by mutex; they are never destroyed
};

/// Never destroyed: threads may come late.
Owners& owners() {
    static Owners& process_wide = *new Owners;
    return process_wide;
}

/// The interpreter's exit callback.
void end(void* data) noexcept {
    auto* const owner = static_cast<Owner*>(data);
    owner->view.close_without_waiting();
    // Code of an image may run when its module is released, and make no image any more.
    for (const std::unique_ptr<Image>& image : owner->images) {
        for (Image::Module& each : image->modules)
            Py_CLEAR(each.module);
    }
}

constexpr const char* kOwnerCapsule = "hpystate._images.owner";

/// Called by atexit: before CPython looks for threads that are left, and while code may run.
PyObject* close_view(PyObject* capsule, PyObject*) {
    auto* const owner = static_cast<Owner*>(PyCapsule_GetPointer(capsule, kOwnerCapsule));
    if (owner == nullptr) return nullptr;
    owner->view.close();
    Py_RETURN_NONE;
}

PyMethodDef close_method = {"close_view", close_view, METH_NOARGS, nullptr};

/// False: an exception is set.
bool close_at_exit(Owner& owner) {
    const Ref atexit(PyImport_ImportModule("atexit"));
    const Ref capsule(atexit ? PyCapsule_New(&owner, kOwnerCapsule, nullptr) : nullptr);
    const Ref function(capsule ? PyCFunction_New(&close_method, capsule.get()) : nullptr);
    if (!function) return false;
    const Ref done(PyObject_CallMethod(atexit.get(), "register", "O", function.get()));
    return static_cast<bool>(done);
}

} // namespace

Owner* owner_here_or_null() noexcept {
    Owners& known = owners();
    const std::lock_guard lock(known.mutex);
    for (Owner* const each : known.all) {
        if (each->view.is_attached_here()) return each;
    }
    return nullptr;
}

Owner* owner_here() {
    if (Owner* const known = owner_here_or_null()) return known;
    if (is_ending()) {
        PyErr_SetString(PyExc_RuntimeError,
                        "no private image can be made: the interpreter is ending");
        return nullptr;
    }
    auto made = std::make_unique<Owner>();
    made->interpreter_id = PyInterpreterState_GetID(PyInterpreterState_Get());
    Owners& all = owners();
    {
        const std::lock_guard lock(all.mutex);
        all.all.reserve(all.all.size() + 1); // what can fail, before the callback is registered
    }
    if (!made->view.open()) return nullptr;
    if (add_exit_callback(&end, made.get()) != 0) {
        if (PyErr_Occurred() == nullptr) PyErr_NoMemory();
        made->view.close();
        return nullptr;
    }
    Owner* const owner = made.release(); // the exit callback has it
    {
        const std::lock_guard lock(all.mutex);
        all.all.push_back(owner);
    }
    if (close_at_exit(*owner)) return owner;
    owner->view.close(); // now, since nobody will
    return nullptr;
}

std::size_t owner_count() noexcept {
    Owners& known = owners();
    const std::lock_guard lock(known.mutex);
    return known.all.size();
}

} // namespace hpystate::images
