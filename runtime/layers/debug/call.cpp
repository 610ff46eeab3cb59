/// runtime/layers/debug/call.cpp: reports wrong contexts, types and builtin shapes.
#include "runtime/layers/debug/call.h"

#include "runtime/abi/upstream_messages.h"
#include "runtime/layers/debug/crash.h"
#include "runtime/layers/debug/own.h"
#include "runtime/types/record.h"
#include "runtime/types/shape.h"

#include <cstdio>
#include <cstdlib>

namespace hpystate::layers {

void Call::stop() const noexcept {
    const bool waiting = own.use.load(std::memory_order_relaxed) == DebugContext::Use::kWaiting;
    const char* const reason = own.state->ended ? "its interpreter has ended"
                               : waiting        ? "a call made with it has not returned yet"
                                                : "the call that received it has returned";
    static_cast<void>(std::fprintf(
        stderr,
        "Error: Wrong HPy Context!\n"
        "hpystate, debug mode: %s was called with a context of interpreter %lld, but %s. Use the "
        "context that your function received as an argument, and do not keep it for later.\n",
        where(), static_cast<long long>(own.state->interpreter_id), reason));
    static_cast<void>(std::fflush(stderr));
    print_c_stack();
    std::abort();
}

bool check_type(const Call& call, HPy h, const char* sentence) noexcept {
    PyObject* const object = call.object(h);
    if (object == nullptr || PyType_Check(object)) return true; // null: the plain function raises
    call.refuse(sentence);
    return false;
}

void* struct_or_report(const Call& call, PyObject* object, Shape wanted) noexcept {
    const TypeRecord* const record = record_of(Py_TYPE(object));
    const Shape shape = record != nullptr ? record->shape() : HPyType_BuiltinShape_Legacy;
    if (shape != wanted) {
        const std::string sentence = described([&] {
            return std::string("Invalid usage of _HPy_AsStruct_") + hpystate::name_of(wanted) +
                   ": the type '" + Py_TYPE(object)->tp_name + "' has the builtin shape " +
                   hpystate::name_of(shape);
        });
        call.refuse(!sentence.empty() ? sentence.c_str() : "the object has another builtin shape");
    }
    return struct_of(object, shape);
}

int own_TypeCheck(HPyContext* context, HPy h, HPy type) noexcept {
    const Call call(context, ContextFunction::TypeCheck);
    // If a hook lets the program go on, the plain function raises.
    static_cast<void>(check_type(call, type, upstream::kTypeCheckNeedsType));
    return call.plain()->ctx_TypeCheck(call.plain(), call.in(h), call.in(type));
}

int own_Type_IsSubtype(HPyContext* context, HPy sub, HPy type) noexcept {
    const Call call(context, ContextFunction::Type_IsSubtype);
    static_cast<void>(check_type(call, sub, upstream::kIsSubtypeNeedsType1) &&
                      check_type(call, type, upstream::kIsSubtypeNeedsType2));
    return call.plain()->ctx_Type_IsSubtype(call.plain(), call.in(sub), call.in(type));
}

} // namespace hpystate::layers
