/// runtime/images/owner.cpp: makes an owner, and tells it when its interpreter ends.
#include <Python.h>

#include "runtime/images/owner.h"

#include "globals/locks.h"
#include "runtime/cpython/interpreter_end.h"
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
    owner->view.end();
    // Code of an image may run when its module is released, and make no image any more.
    for (const std::unique_ptr<Image>& image : owner->images)
        Py_CLEAR(image->module);
}

} // namespace

Owner* owner_here_or_null() noexcept {
    PyInterpreterState* const here = PyInterpreterState_Get();
    Owners& known = owners();
    const std::lock_guard lock(known.mutex);
    for (Owner* const each : known.all) {
        if (each->view.interpreter() == here) return each;
    }
    return nullptr;
}

Owner* owner_here() {
    if (Owner* const known = owner_here_or_null()) return known;
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
        return nullptr;
    }
    Owner* const owner = made.release(); // the exit callback has it
    const std::lock_guard lock(all.mutex);
    all.all.push_back(owner);
    return owner;
}

std::size_t owner_count() noexcept {
    Owners& known = owners();
    const std::lock_guard lock(known.mutex);
    return known.all.size();
}

} // namespace hpystate::images
