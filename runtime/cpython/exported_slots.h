/// runtime/cpython/exported_slots.h: modules of files that export slots (PEP 793), from 3.15 on.
#pragma once

#include <Python.h>

namespace hpystate {

#if PY_VERSION_HEX >= 0x030F0000

inline constexpr bool kHasExportedSlots = true;

/// The module by the function `PyModExport_NAME` of a file, not executed. nullptr with an exception
/// set.
[[nodiscard]] inline PyObject* module_of_slots(void* function, PyObject* spec) {
    const PySlot* const slots = reinterpret_cast<const PySlot* (*)()>(function)();
    if (slots != nullptr) return PyModule_FromSlotsAndSpec(slots, spec);
    if (PyErr_Occurred() == nullptr)
        PyErr_SetString(PyExc_SystemError,
                        "the module export function failed without raising an exception");
    return nullptr;
}

/// Runs the exec slots of such a module. -1 with an exception set.
[[nodiscard]] inline int execute_slots(PyObject* module) {
    return PyModule_Exec(module);
}

#else

inline constexpr bool kHasExportedSlots = false;

[[nodiscard]] inline PyObject* module_of_slots(void*, PyObject*) {
    return nullptr;
}

[[nodiscard]] inline int execute_slots(PyObject*) {
    return 0;
}

#endif

} // namespace hpystate
