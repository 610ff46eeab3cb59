/// runtime/versions/around/callbacks.h: the functions of a context that give functions of the file
/// to CPython, for versions whose definitions have 0.9's structs.
///
/// A function of such a file takes a context of its version. So these three are not forwarded:
/// kTrunk's would call it with one of its own.
#pragma once

#include <Python.h>

#include "runtime/calls/layer.h"
#include "runtime/versions/around/adapter.h"

#include <hpy/define.h>

namespace hpystate::around {

/// Makes the type of a spec whose functions are called through `layer`. The parameters have handles
/// of `trunk`; the result is one. HPy_NULL with an exception set: as HPyType_FromSpec.
[[nodiscard]] HPy type_from_spec(HPyContext* trunk, const Layer* layer, const HPyType_Spec* spec,
                                 const HPyType_SpecParam* params) noexcept;

/// HPy_SetCallFunction for a function that is called through `layer`. `h` is a handle of `trunk`.
[[nodiscard]] int set_call_function(HPyContext* trunk, const Layer* layer, HPy h,
                                    const HPyCallFunction* function) noexcept;

/// A trampoline of a file was called. First the copy of this runtime is found that the call belongs
/// to, as for a trampoline of 0.9 (runtime/versions/v0_9/dispatcher.h). That calls the thunk that
/// CPython has for the same function, which finds the context by the objects. `args` is what the
/// headers of 0.9 put on its stack. Debug and trace mode end here, as for trampolines of 0.9.
void call_from_trampoline(AbiVersion abi, const Layer* layer, HPyFunc_Signature signature,
                          HPyCFunction function, void* args) noexcept;

/// The same where the call is known to belong to this copy.
void call_in_this_copy(const Layer* layer, HPyFunc_Signature signature, HPyCFunction function,
                       void* args) noexcept;

// NOLINTBEGIN(readability-identifier-naming): the names of the members

/// The entries of a context, under the names of the list.
template <typename Context>
struct Callbacks {
    static HPy Type_FromSpec(Context* context, HPyType_Spec* spec,
                             HPyType_SpecParam* params) noexcept {
        return type_from_spec(behind(context), layer_of(context), spec, params);
    }

    static int SetCallFunction(Context* context, HPy h, HPyCallFunction* function) noexcept {
        return set_call_function(behind(context), layer_of(context), h, function);
    }

    static void CallRealFunctionFromTrampoline(Context* context, HPyFunc_Signature signature,
                                               HPyCFunction function, void* args) noexcept {
        call_from_trampoline(Adapter::of(context)->abi, layer_of(context), signature, function,
                             args);
    }
};

// NOLINTEND(readability-identifier-naming)

} // namespace hpystate::around
