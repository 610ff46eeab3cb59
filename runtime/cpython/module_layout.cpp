/// runtime/cpython/module_layout.cpp: comparing a module with the layout that we expect.
#include "runtime/cpython/module_layout.h"

namespace hpystate {

constinit std::atomic<bool> other_module_layout{false};

bool has_layout(const void* module, Py_ssize_t size, const void* definition,
                const void* state) noexcept {
    if (size < static_cast<Py_ssize_t>(sizeof(ModuleLayout))) return false;
    const auto* const found = static_cast<const ModuleLayout*>(module);
    return found->definition == definition && found->state == state;
}

} // namespace hpystate
