/// runtime/cpython/module_layout.cpp: comparing a module with the layout that we expect.
#include "runtime/cpython/module_layout.h"

namespace hpystate {

constinit std::atomic<bool> other_module_layout{false};

bool check_module_size(Py_ssize_t size) noexcept {
    constexpr auto kExpected = static_cast<Py_ssize_t>(sizeof(ModuleLayout));
    if (size >= kExpected) return true;
    PyErr_Format(PyExc_SystemError,
                 "hpystate: a module object of this Python has %zd bytes, at least %zd were "
                 "expected; use a CPython for which hpystate was built (docs/abi.md)",
                 size, kExpected);
    return false;
}

bool has_layout(const void* module, const void* definition, const void* state) noexcept {
    const auto* const found = static_cast<const ModuleLayout*>(module);
    return found->definition == definition && found->state == state;
}

} // namespace hpystate
