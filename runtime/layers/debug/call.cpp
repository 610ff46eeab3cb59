/// runtime/layers/debug/call.cpp: wrong contexts, names of keywords, builtin shapes.
#include "runtime/layers/debug/call.h"

#include "runtime/layers/debug/crash.h"
#include "runtime/types/shape.h"
#include "runtime/types/typedata.h"

#include <cstdio>
#include <cstdlib>

namespace hpystate::layers {

void Call::stop() const noexcept {
    const bool waiting = own.use.load(std::memory_order_relaxed) == DebugContext::Use::kWaiting;
    const char* const reason = own.state->ended ? "its interpreter has ended"
                               : waiting        ? "a call that it made has not returned"
                                                : "the call that it was made for has returned";
    static_cast<void>(std::fprintf(
        stderr,
        "Error: Wrong HPy Context!\n"
        "hpystate, debug mode: %s got a context of interpreter %lld, and %s. A context is an "
        "argument: use the one that the function was called with, and keep none.\n",
        where(), static_cast<long long>(own.state->interpreter_id), reason));
    static_cast<void>(std::fflush(stderr));
    print_c_stack();
    std::abort();
}

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

void* struct_or_report(const Call& call, PyObject* object, Shape wanted) noexcept {
    const TypeRecord* const record = record_of(Py_TYPE(object));
    const Shape shape = record != nullptr ? record->shape() : HPyType_BuiltinShape_Legacy;
    if (shape != wanted) {
        const std::string sentence = std::string("Invalid usage of _HPy_AsStruct_") +
                                     hpystate::name_of(wanted) + ": the type '" +
                                     Py_TYPE(object)->tp_name + "' has the builtin shape " +
                                     hpystate::name_of(shape);
        call.refuse(sentence.c_str());
    }
    return struct_of(object, shape);
}

} // namespace hpystate::layers
