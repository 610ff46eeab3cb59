/// runtime/cpython/module_slots.h: slots of a module that not every version has.
#pragma once

#include <Python.h>

namespace hpystate {

/// The slot of a module that does not need the GIL; before 3.13, which does not have it, the end of
/// a list.
[[nodiscard]] inline PyModuleDef_Slot gil_not_used() noexcept {
#if PY_VERSION_HEX >= 0x030D0000
    return {Py_mod_gil, Py_MOD_GIL_NOT_USED};
#else
    return {0, nullptr};
#endif
}

} // namespace hpystate
