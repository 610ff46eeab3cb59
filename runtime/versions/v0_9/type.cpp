/// runtime/versions/v0_9/type.cpp: makes a heap type of a spec of HPy 0.9.
#include "runtime/versions/v0_9/type.h"

#include "runtime/calls/handle.h"
#include "runtime/context/functions.h"
#include "runtime/cpython/guarded.h"
#include "runtime/types/type.h"
#include "runtime/versions/v0_9/describe.h"

namespace hpystate {

namespace v0_9 {

PyObject* type_from_spec(const HPyType_Spec* spec, const HPyType_SpecParam* params,
                         Site site) noexcept {
    if (spec == nullptr) {
        PyErr_SetString(PyExc_SystemError, "HPyType_FromSpec: the spec is NULL.");
        return nullptr;
    }
    return guarded<PyObject*>(nullptr,
                              [=] { return make_type(describe_type(*spec, params), site); });
}

} // namespace v0_9

HPy context::ctx_Type_FromSpec(HPyContext* ctx, HPyType_Spec* spec,
                               HPyType_SpecParam* params) noexcept {
    return as_handle(v0_9::type_from_spec(spec, params, Site{false, nullptr, ctx}));
}

} // namespace hpystate
