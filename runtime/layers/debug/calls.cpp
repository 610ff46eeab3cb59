/// runtime/layers/debug/calls.cpp: debug mode's function for every slot: one template, and the
/// exceptions.
///
/// The template checks the context, looks through every handle, calls the plain function, and opens
/// a handle for what it returns. It refuses to compile for a parameter that hides handles: such a
/// slot needs a function of its own, registered with HPYSTATE_OWN.
#include "runtime/abi/upstream_messages.h"
#include "runtime/calls/handle.h"
#include "runtime/context/callable.h"
#include "runtime/cpython/guarded.h"
#include "runtime/layers/debug/call.h"
#include "runtime/layers/debug/field.h"
#include "runtime/layers/debug/globals.h"
#include "runtime/layers/debug/state.h"
#include "runtime/types/typedata.h"
#include "runtime/versions/v0_9/type.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <type_traits>
#include <vector>

namespace hpystate::layers {

namespace {

template <Slot S, auto Member>
struct Watched;

template <Slot S, typename R, typename... A, R (*HPyContext::*Member)(HPyContext*, A...)>
struct Watched<S, Member> {
    static R call(HPyContext* context, A... args) noexcept {
        static_assert((kPlain<A> && ...), "this function needs one of its own: HPYSTATE_OWN");
        const Call call(context, S);
        HPyContext* const plain = call.plain();
        if constexpr (std::is_same_v<R, HPy>) {
            return call.out((plain->*Member)(plain, call.in(args)...));
        } else {
            return (plain->*Member)(plain, call.in(args)...);
        }
    }
};

// ---- handles ----

void own_Close(HPyContext* context, HPy h) noexcept {
    const Call call(context, Slot::Close);
    if (h._i != 0) Py_XDECREF(call.state().close(h, call.where()));
}

HPy own_Tuple_FromArray(HPyContext* context, HPy* items, HPy_ssize_t n) noexcept {
    const Call call(context, Slot::Tuple_FromArray);
    Array array(call, items, n > 0 ? static_cast<std::size_t>(n) : 0);
    if (!array.complete()) return kNullHandle;
    return call.out(call.plain()->ctx_Tuple_FromArray(call.plain(), array.get(), n));
}

HPy own_Type_GenericNew(HPyContext* context, HPy type, const HPy* args, HPy_ssize_t nargs,
                        HPy kw) noexcept {
    const Call call(context, Slot::Type_GenericNew);
    Array array(call, args, args != nullptr && nargs > 0 ? static_cast<std::size_t>(nargs) : 0);
    if (!array.complete()) return kNullHandle;
    return call.out(call.plain()->ctx_Type_GenericNew(call.plain(), call.in(type), array.get(),
                                                      nargs, call.in(kw)));
}

HPy own_Call(HPyContext* context, HPy callable, const HPy* args, std::size_t nargs,
             HPy kwnames) noexcept {
    const Call call(context, Slot::Call);
    std::size_t named = 0;
    if (!count_keywords(call, kwnames, interface::kCallNames, named)) return kNullHandle;
    Array array(call, args, nargs + named);
    if (!array.complete()) return kNullHandle;
    return call.out(call.plain()->ctx_Call(call.plain(), call.in(callable), array.get(), nargs,
                                           call.in(kwnames)));
}

HPy own_CallMethod(HPyContext* context, HPy name, const HPy* args, std::size_t nargs,
                   HPy kwnames) noexcept {
    const Call call(context, Slot::CallMethod);
    std::size_t named = 0;
    if (!count_keywords(call, kwnames, interface::kCallMethodNames, named)) return kNullHandle;
    Array array(call, args, nargs + named);
    if (!array.complete()) return kNullHandle;
    return call.out(call.plain()->ctx_CallMethod(call.plain(), call.in(name), array.get(), nargs,
                                                 call.in(kwnames)));
}

std::int32_t own_ContextVar_Get(HPyContext* context, HPy variable, HPy default_value,
                                HPy* result) noexcept {
    const Call call(context, Slot::ContextVar_Get);
    HPy found = kNullHandle;
    const std::int32_t status =
        call.plain()->ctx_ContextVar_Get(call.plain(), call.in(variable), call.in(default_value),
                                         result != nullptr ? &found : nullptr);
    if (result == nullptr) return status; // raised
    *result = call.out(found);
    return found._i != 0 && result->_i == 0 ? -1 : status;
}

// ---- characters: copies that end with their handle ----

const char* own_Bytes_AsString(HPyContext* context, HPy h) noexcept {
    const Call call(context, Slot::Bytes_AsString);
    PyObject* const object = call.object(h);
    const char* const data = call.plain()->ctx_Bytes_AsString(call.plain(), as_handle(object));
    if (data == nullptr) return nullptr;
    return call.state().keep_copy(h, data, static_cast<std::size_t>(PyBytes_GET_SIZE(object)) + 1,
                                  "HPyBytes_AsString");
}

const char* own_Bytes_AS_STRING(HPyContext* context, HPy h) noexcept {
    if (h._i == 0) { // raises, and names this function
        const Call call(context, Slot::Bytes_AS_STRING);
        return call.plain()->ctx_Bytes_AS_STRING(call.plain(), h);
    }
    return own_Bytes_AsString(context, h);
}

const char* own_Unicode_AsUTF8AndSize(HPyContext* context, HPy h, HPy_ssize_t* size) noexcept {
    const Call call(context, Slot::Unicode_AsUTF8AndSize);
    HPy_ssize_t length = 0;
    const char* const data =
        call.plain()->ctx_Unicode_AsUTF8AndSize(call.plain(), call.in(h), &length);
    if (size != nullptr) *size = length;
    if (data == nullptr) return nullptr;
    return call.state().keep_copy(h, data, static_cast<std::size_t>(length) + 1,
                                  "HPyUnicode_AsUTF8AndSize");
}

bool is_type(const Call& call, HPy h, const char* sentence) noexcept {
    PyObject* const object = call.object(h);
    if (object == nullptr || PyType_Check(object)) return true; // null: the plain function says so
    call.refuse(sentence);
    return false;
}

const char* own_Type_GetName(HPyContext* context, HPy type) noexcept {
    const Call call(context, Slot::Type_GetName);
    static_cast<void>(is_type(call, type, interface::kGetNameNeedsType));
    const char* const name = call.plain()->ctx_Type_GetName(call.plain(), call.in(type));
    return name != nullptr
               ? call.state().keep_copy(type, name, std::strlen(name) + 1, "HPyType_GetName")
               : nullptr;
}

// ---- arguments of the wrong type ----

int own_TypeCheck(HPyContext* context, HPy h, HPy type) noexcept {
    const Call call(context, Slot::TypeCheck);
    // Where a hook lets the program go on, the plain function raises.
    static_cast<void>(is_type(call, type, interface::kTypeCheckNeedsType));
    return call.plain()->ctx_TypeCheck(call.plain(), call.in(h), call.in(type));
}

int own_Type_IsSubtype(HPyContext* context, HPy sub, HPy type) noexcept {
    const Call call(context, Slot::Type_IsSubtype);
    static_cast<void>(is_type(call, sub, interface::kIsSubtypeNeedsType1) &&
                      is_type(call, type, interface::kIsSubtypeNeedsType2));
    return call.plain()->ctx_Type_IsSubtype(call.plain(), call.in(sub), call.in(type));
}

HPy own_Unicode_Substring(HPyContext* context, HPy h, HPy_ssize_t start, HPy_ssize_t end) noexcept {
    const Call call(context, Slot::Unicode_Substring);
    PyObject* const object = call.object(h);
    if (object != nullptr && !PyUnicode_Check(object)) call.refuse(interface::kSubstringNeedsStr);
    return call.out(
        call.plain()->ctx_Unicode_Substring(call.plain(), as_handle(object), start, end));
}

/// The struct of another shape lies elsewhere: what would be read is not there.
template <Shape S>
void* as_struct(HPyContext* context, HPy h, Slot slot) noexcept {
    const Call call(context, slot);
    PyObject* const object = call.object(h);
    return object != nullptr ? struct_or_report(call, object, S) : nullptr;
}

#define HPYSTATE_AS_STRUCT(shape)                                                                  \
    void* own_AsStruct_##shape(HPyContext* context, HPy h) noexcept {                              \
        return as_struct<HPyType_BuiltinShape_##shape>(context, h, Slot::AsStruct_##shape);        \
    }
HPYSTATE_AS_STRUCT(Legacy)
HPYSTATE_AS_STRUCT(Object)
HPYSTATE_AS_STRUCT(Type)
HPYSTATE_AS_STRUCT(Long)
HPYSTATE_AS_STRUCT(Float)
HPYSTATE_AS_STRUCT(Unicode)
HPYSTATE_AS_STRUCT(Tuple)
HPYSTATE_AS_STRUCT(List)
HPYSTATE_AS_STRUCT(Dict)
#undef HPYSTATE_AS_STRUCT

// ---- types: their functions run in debug mode ----

HPy own_Type_FromSpec(HPyContext* context, HPyType_Spec* spec, HPyType_SpecParam* params) noexcept {
    const Call call(context, Slot::Type_FromSpec);
    try {
        std::vector<HPyType_SpecParam> plain;
        for (; params != nullptr && params->kind != 0; ++params)
            plain.push_back({params->kind, call.in(params->object)});
        plain.push_back({static_cast<HPyType_SpecParam_Kind>(0), kNullHandle});
        const Site site{false, &debug_layer, call.plain()};
        return call.state().open(v0_9::type_from_spec(spec, plain.data(), site));
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
        return kNullHandle;
    }
}

int own_SetCallFunction(HPyContext* context, HPy h, HPyCallFunction* function) noexcept {
    const Call call(context, Slot::SetCallFunction);
    return context::set_call_function_or_fail(call.in(h), function, Site{false, &debug_layer});
}

/// A file's trampoline calls with the context that the file was given: never this one.
void own_CallRealFunctionFromTrampoline(HPyContext* context, HPyFunc_Signature signature,
                                        HPyCFunction function, void* args) noexcept {
    HPyContext* const plain = DebugContext::of(context).plain;
    plain->ctx_CallRealFunctionFromTrampoline(plain, signature, function, args);
}

// ---- builders ----

[[nodiscard]] DebugBuilder* builder_at(std::intptr_t word) noexcept {
    return reinterpret_cast<DebugBuilder*>(word);
}

/// The plain builder; 0, which the plain functions take for one that could not be made, for a
/// builder that was built or cancelled before. That is reported.
std::intptr_t look_through(const Call& call, std::intptr_t word) noexcept {
    const DebugBuilder* const builder = builder_at(word);
    if (builder == nullptr || !builder->closed) return builder != nullptr ? builder->plain : 0;
    call.state().report(Misuse::kBuilder,
                        std::string(call.where()) + ": the builder was built or cancelled before.",
                        interface::kClosedBuilder);
    return 0;
}

std::intptr_t take_builder(const Call& call, std::intptr_t word) noexcept {
    const std::intptr_t plain = look_through(call, word);
    if (word != 0) builder_at(word)->closed = true;
    return plain;
}

#define HPYSTATE_BUILDER(Kind, member)                                                             \
    HPy##Kind own_##Kind##_New(HPyContext* context, HPy_ssize_t size) noexcept {                   \
        const Call call(context, Slot::Kind##_New);                                                \
        const HPy##Kind plain = call.plain()->ctx_##Kind##_New(call.plain(), size);                \
        DebugBuilder* const builder = call.state().open_builder(plain.member);                     \
        if (builder == nullptr) call.plain()->ctx_##Kind##_Cancel(call.plain(), plain);            \
        return {reinterpret_cast<std::intptr_t>(builder)};                                         \
    }                                                                                              \
    void own_##Kind##_Set(HPyContext* context, HPy##Kind builder, HPy_ssize_t index,               \
                          HPy h_item) noexcept {                                                   \
        const Call call(context, Slot::Kind##_Set);                                                \
        call.plain()->ctx_##Kind##_Set(call.plain(), {look_through(call, builder.member)}, index,  \
                                       call.in(h_item));                                           \
    }                                                                                              \
    HPy own_##Kind##_Build(HPyContext* context, HPy##Kind builder) noexcept {                      \
        const Call call(context, Slot::Kind##_Build);                                              \
        return call.out(                                                                           \
            call.plain()->ctx_##Kind##_Build(call.plain(), {take_builder(call, builder.member)})); \
    }                                                                                              \
    void own_##Kind##_Cancel(HPyContext* context, HPy##Kind builder) noexcept {                    \
        const Call call(context, Slot::Kind##_Cancel);                                             \
        call.plain()->ctx_##Kind##_Cancel(call.plain(), {take_builder(call, builder.member)});     \
    }
HPYSTATE_BUILDER(ListBuilder, _lst)
HPYSTATE_BUILDER(TupleBuilder, _tup)
#undef HPYSTATE_BUILDER

// ---- trackers hold handles of debug mode ----

using Tracked = std::vector<HPy>;

[[nodiscard]] Tracked* tracked_by(HPyTracker tracker) noexcept {
    return reinterpret_cast<Tracked*>(tracker._i);
}

HPyTracker own_Tracker_New(HPyContext* context, HPy_ssize_t size) noexcept {
    const Call call(context, Slot::Tracker_New);
    if (size < 0) return call.plain()->ctx_Tracker_New(call.plain(), size); // raises
    return guarded(HPyTracker{0}, [=] {
        auto tracked = std::make_unique<Tracked>();
        tracked->reserve(static_cast<std::size_t>(size) + 1);
        return HPyTracker{reinterpret_cast<std::intptr_t>(tracked.release())};
    });
}

int own_Tracker_Add(HPyContext* context, HPyTracker ht, HPy h) noexcept {
    const Call call(context, Slot::Tracker_Add);
    static_cast<void>(call.object(h));                                                   // reports
    if (ht._i == 0) return call.plain()->ctx_Tracker_Add(call.plain(), ht, kNullHandle); // raises
    // As in plain mode: there is room for one, so an Add that fails has kept its handle.
    Tracked& tracked = *tracked_by(ht);
    if (tracked.size() < tracked.capacity()) tracked.push_back(h);
    if (tracked.size() < tracked.capacity()) return 0;
    return guarded(-1, [&] {
        tracked.reserve(tracked.capacity() * 2);
        return 0;
    });
}

void own_Tracker_ForgetAll(HPyContext* context, HPyTracker ht) noexcept {
    const Call call(context, Slot::Tracker_ForgetAll);
    if (ht._i == 0) return call.plain()->ctx_Tracker_ForgetAll(call.plain(), ht); // raises
    tracked_by(ht)->clear();
}

void own_Tracker_Close(HPyContext* context, HPyTracker ht) noexcept {
    const Call call(context, Slot::Tracker_Close);
    const std::unique_ptr<Tracked> closing(tracked_by(ht));
    if (closing == nullptr) return;
    for (const HPy h : *closing) {
        if (h._i != 0) Py_XDECREF(call.state().close(h, call.where()));
    }
}

// ---- fields: runtime/layers/debug/field.cpp checks ----

void own_Field_Store(HPyContext* context, HPy target_object, HPyField* target_field,
                     HPy h) noexcept {
    const Call call(context, Slot::Field_Store);
    PyObject* const target = call.object(target_object);
    PyObject* const object = call.object(h);
    if (object != nullptr) check_field(call, target);
    call.plain()->ctx_Field_Store(call.plain(), as_handle(target), target_field, as_handle(object));
}

// ---- globals: runtime/layers/debug/globals.cpp checks ----

HPy own_Global_Load(HPyContext* context, HPyGlobal global) noexcept {
    const Call call(context, Slot::Global_Load);
    check_load(call.state(), global, "HPyGlobal_Load");
    return call.out(call.plain()->ctx_Global_Load(call.plain(), global));
}

void own_Global_Store(HPyContext* context, HPyGlobal* global, HPy h) noexcept {
    const Call call(context, Slot::Global_Store);
    PyObject* const object = call.object(h);
    check_store(call.state(), global, object, "HPyGlobal_Store");
    call.plain()->ctx_Global_Store(call.plain(), global, as_handle(object));
    call.state().end_borrow(reinterpret_cast<std::uintptr_t>(global));
}

// ---- the table ----

/// The function for a slot: its own one where there is one, else the template's.
template <Slot S, auto Member>
struct Entry {
    static constexpr auto get() noexcept { return &Watched<S, Member>::call; }
};

#define HPYSTATE_OWN(name)                                                                         \
    template <auto Member>                                                                         \
    struct Entry<Slot::name, Member> {                                                             \
        static constexpr auto get() noexcept { return &own_##name; }                               \
    };
#include "runtime/layers/debug/own.def"
#undef HPYSTATE_OWN

} // namespace

void install_debug(HPyContext& context, DebugState& state) {
    context = state.region->context;
    context.name = kDebugName;
#define HPY_FUNC(ret, name, params)                                                                \
    context.ctx_##name = Entry<Slot::name, &HPyContext::ctx_##name>::get();
#define HPY_HANDLE(name)                                                                           \
    state.constants_.push_back(std::make_unique<DebugHandle>());                                   \
    state.constants_.back()->state = &state;                                                       \
    state.constants_.back()->life = DebugHandle::Life::kConstant;                                  \
    state.constants_.back()->object = as_object(context.h_##name);                                 \
    context.h_##name = state.constants_.back()->handle();
#include <hpy/abi/hpy_0_9.def>
}

} // namespace hpystate::layers
