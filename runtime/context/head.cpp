/// runtime/context/head.cpp: the error for a context without a head.
#include "runtime/context/head.h"

namespace hpystate::context {

[[gnu::cold]] HPyContext* refuse_foreign(const HPyContext* context, const char* function) noexcept {
    if (context == nullptr) {
        PyErr_Format(PyExc_SystemError,
                     "%s: the context is NULL; what hpystate_context_for() or a call from Python "
                     "gave was expected.",
                     function);
        return nullptr;
    }
    PyErr_Format(
        PyExc_SystemError,
        "%s: the context '%.100s' belongs to another runtime than the one that loaded this "
        "extension's file. Load both extensions with the same runtime.",
        function, context->name != nullptr ? context->name : "without a name");
    return nullptr;
}

} // namespace hpystate::context
