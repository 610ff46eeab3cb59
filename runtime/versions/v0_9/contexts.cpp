/// runtime/versions/v0_9/contexts.cpp: the table of the plain context, made of the frozen list.
#include <Python.h>

#include "runtime/versions/v0_9/contexts.h"

#include "interp_state/directory.h"
#include "interp_state/teardown.h"
#include "runtime/calls/anchor.h"
#include "runtime/calls/handle.h"
#include "runtime/context/functions.h"
#include "runtime/context/fused.h"
#include "runtime/context/guard.h"
#include "runtime/cpython/interpreter_end.h"

namespace hpystate::context {

namespace {

void install_functions(HPyContext& context) noexcept {
#define HPY_FUNC(ret, name, params)                                                                \
    context.ctx_##name = Guard<ContextFunction::name, &ctx_##name>::entry();
#include <hpy/abi/hpy_0_9.def>
}

PyObject* type_object(PyTypeObject& type) noexcept {
    return reinterpret_cast<PyObject*>(&type);
}

/// One function per handle of objects.def. install_objects() calls one for every handle of the
/// list, so a missing one is a compile error.
struct Objects {
#define HPY_OBJECT(name, expression)                                                               \
    static PyObject* h_##name() noexcept {                                                         \
        return expression;                                                                         \
    }
#include "runtime/versions/v0_9/objects.def"
};

bool install_objects(HPyContext& context) noexcept {
#define HPY_HANDLE(name) context.h_##name = as_handle(Objects::h_##name());
#include <hpy/abi/hpy_0_9.def>
    if (context.h_Builtins._i != 0) return true;
    PyErr_SetString(PyExc_SystemError, "hpystate: this interpreter has no module builtins, so no "
                                       "HPy module can be imported in it.");
    return false;
}

} // namespace

bool install_plain(Region& region) noexcept {
    HPyContext& context = region.context();
    context.name = "HPy Universal ABI (CPython backend, hpystate)";
    context.abi_version = HPY_ABI_VERSION;
    context.hpystate_layout = HPYSTATE_LAYOUT_AS_LISTED;
    // A fused call compares this word (hpystate/fused_link.h). Nobody writes through it.
    context._private = const_cast<hpystate_fused_table*>(&kPlainFusedCalls);
    install_functions(context);
    return install_objects(context);
}

Region* enter_interpreter() noexcept {
    if (is_ending()) {
        PyErr_SetString(
            PyExc_SystemError,
            "hpystate: this interpreter is ending; HPy modules can no longer be imported in it.");
        return nullptr;
    }
    Region* const region = adopt(PyInterpreterState_Get(), &install_plain);
    if (region == nullptr || !prepare_lifetime(*region) || !prepare_anchor(*region)) {
        return nullptr;
    }
    return region;
}

} // namespace hpystate::context
