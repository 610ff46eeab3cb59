/// runtime/layers/debug/array.cpp: names of keywords; the functions of the context with an array.
#include "runtime/layers/debug/array.h"

#include "runtime/abi/upstream_messages.h"
#include "runtime/layers/debug/own.h"

namespace hpystate::layers {

bool count_keywords(const Call& call, HPy kwnames, const char* sentence,
                    std::size_t& count) noexcept {
    PyObject* const names = call.object(kwnames);
    if (names != nullptr && !PyTuple_Check(names)) {
        call.refuse(sentence);
        PyErr_SetString(PyExc_TypeError, sentence);
        return false;
    }
    count = names != nullptr ? static_cast<std::size_t>(PyTuple_GET_SIZE(names)) : 0;
    return true;
}

HPy own_Tuple_FromArray(HPyContext* context, HPy* items, HPy_ssize_t n) noexcept {
    const Call call(context, ContextFunction::Tuple_FromArray);
    return call_with_array(call, items, n, [&](HPy* plain) {
        return call.plain()->ctx_Tuple_FromArray(call.plain(), plain, n);
    });
}

HPy own_Type_GenericNew(HPyContext* context, HPy type, const HPy* args, HPy_ssize_t nargs,
                        HPy kw) noexcept {
    const Call call(context, ContextFunction::Type_GenericNew);
    return call_with_array(call, args, nargs, [&](const HPy* plain) {
        return call.plain()->ctx_Type_GenericNew(call.plain(), call.in(type), plain, nargs,
                                                 call.in(kw));
    });
}

HPy own_Call(HPyContext* context, HPy callable, const HPy* args, std::size_t nargs,
             HPy kwnames) noexcept {
    const Call call(context, ContextFunction::Call);
    return call_with_keywords(
        call, args, nargs, kwnames, upstream::kCallNames, [&](const HPy* plain, HPy names) {
            return call.plain()->ctx_Call(call.plain(), call.in(callable), plain, nargs, names);
        });
}

HPy own_CallMethod(HPyContext* context, HPy name, const HPy* args, std::size_t nargs,
                   HPy kwnames) noexcept {
    const Call call(context, ContextFunction::CallMethod);
    return call_with_keywords(
        call, args, nargs, kwnames, upstream::kCallMethodNames, [&](const HPy* plain, HPy names) {
            return call.plain()->ctx_CallMethod(call.plain(), call.in(name), plain, nargs, names);
        });
}

} // namespace hpystate::layers
