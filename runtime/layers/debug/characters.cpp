/// runtime/layers/debug/characters.cpp: functions that return characters: debug mode returns
/// copies, which live as long as their handle.
#include "runtime/abi/upstream_messages.h"
#include "runtime/calls/handle.h"
#include "runtime/layers/debug/call.h"
#include "runtime/layers/debug/own.h"

#include <cstring>

namespace hpystate::layers {

const char* own_Bytes_AsString(HPyContext* context, HPy h) noexcept {
    const Call call(context, ContextFunction::Bytes_AsString);
    PyObject* const object = call.object(h);
    const char* const data = call.plain()->ctx_Bytes_AsString(call.plain(), as_handle(object));
    if (data == nullptr) return nullptr;
    return call.state().keep_copy(h, data, static_cast<std::size_t>(PyBytes_GET_SIZE(object)) + 1,
                                  "HPyBytes_AsString");
}

const char* own_Bytes_AS_STRING(HPyContext* context, HPy h) noexcept {
    if (h._i == 0) { // raises, and names this function
        const Call call(context, ContextFunction::Bytes_AS_STRING);
        return call.plain()->ctx_Bytes_AS_STRING(call.plain(), h);
    }
    return own_Bytes_AsString(context, h);
}

const char* own_Unicode_AsUTF8AndSize(HPyContext* context, HPy h, HPy_ssize_t* size) noexcept {
    const Call call(context, ContextFunction::Unicode_AsUTF8AndSize);
    HPy_ssize_t length = 0;
    const char* const data =
        call.plain()->ctx_Unicode_AsUTF8AndSize(call.plain(), call.in(h), &length);
    if (size != nullptr) *size = length;
    if (data == nullptr) return nullptr;
    return call.state().keep_copy(h, data, static_cast<std::size_t>(length) + 1,
                                  "HPyUnicode_AsUTF8AndSize");
}

const char* own_Type_GetName(HPyContext* context, HPy type) noexcept {
    const Call call(context, ContextFunction::Type_GetName);
    static_cast<void>(check_type(call, type, upstream::kGetNameNeedsType));
    const char* const name = call.plain()->ctx_Type_GetName(call.plain(), call.in(type));
    return name != nullptr
               ? call.state().keep_copy(type, name, std::strlen(name) + 1, "HPyType_GetName")
               : nullptr;
}

HPy own_Unicode_Substring(HPyContext* context, HPy h, HPy_ssize_t start, HPy_ssize_t end) noexcept {
    const Call call(context, ContextFunction::Unicode_Substring);
    PyObject* const object = call.object(h);
    if (object != nullptr && !PyUnicode_Check(object)) call.refuse(upstream::kSubstringNeedsStr);
    return call.out(
        call.plain()->ctx_Unicode_Substring(call.plain(), as_handle(object), start, end));
}

} // namespace hpystate::layers
