/// runtime/layers/trace/trace.cpp: one template for every function of the context.
#include "runtime/layers/trace/trace.h"

#include "globals/check.h"
#include "runtime/calls/handle.h"
#include "runtime/context/call_function.h"
#include "runtime/layers/find_state.h"
#include "runtime/versions/v0_9/type.h"

#include <chrono>
#include <cstddef>
#include <utility>

namespace hpystate::layers {

namespace {

using Clock = std::chrono::steady_clock;

[[nodiscard]] bool is_attached() noexcept {
    return current_interpreter() != nullptr;
}

/// The functions that a thread called while it was detached, whose hooks wait. There are few: no
/// other function of the context is called between LeavePython and Reenter.
struct Waiting {
    static constexpr std::size_t kMost = 8;
    struct Event {
        std::size_t index;
        bool enter;
    };
    std::array<Event, kMost> events{};
};

/// Whether the thread runs a hook, and the events that were not reported yet.
constinit thread_local bool in_hook = false;
constinit thread_local Waiting waiting{};

/// How many of them there are. In static TLS, because it is read at every call: as `depth` of
/// runtime/types/lifetime.cpp it makes the library's thread-local words need room there, some 170
/// bytes.
[[gnu::tls_model("initial-exec")]] constinit thread_local unsigned waiting_count = 0;

[[nodiscard]] const char* name_of_traced(std::size_t index) noexcept {
    return index < kFunctionCount ? kFunctionNames[index]
                                  : name_of(static_cast<context::Fused>(index - kFunctionCount));
}

[[gnu::noinline]] void call_hook(PyObject* hook, std::size_t index) noexcept {
    if (hook == nullptr || in_hook) return;
    in_hook = true;
    PyObject* const raised = PyErr_GetRaisedException();
    const Ref kept(Ref::borrow(hook)); // the hook may replace itself
    const Ref result(PyObject_CallFunction(hook, "s", name_of_traced(index)));
    if (!result) PyErr_WriteUnraisable(hook);
    PyErr_SetRaisedException(raised);
    in_hook = false;
}

[[gnu::cold, gnu::noinline]] void keep_event(std::size_t index, bool enter) noexcept {
    if (waiting_count < Waiting::kMost) waiting.events[waiting_count++] = {index, enter};
}

[[gnu::cold, gnu::noinline]] void report_kept(TraceState& state) noexcept {
    const Waiting told = waiting;
    const unsigned count = std::exchange(waiting_count, 0);
    for (unsigned i = 0; i < count; ++i) {
        const Waiting::Event event = told.events[i];
        call_hook(event.enter ? state.on_enter : state.on_exit, event.index);
    }
}

/// Calls a hook, or keeps the event until the thread is attached.
void report_event(TraceState& state, std::size_t index, bool enter) noexcept {
    if (!is_attached()) [[unlikely]]
        return keep_event(index, enter);
    if (waiting_count != 0) [[unlikely]]
        report_kept(state);
    PyObject* const hook = enter ? state.on_enter : state.on_exit;
    if (hook != nullptr) call_hook(hook, index);
}

template <ContextFunction F, auto Member>
struct Traced;

template <ContextFunction F, typename R, typename... A, R (*HPyContext::*Member)(HPyContext*, A...)>
struct Traced<F, Member> {
    static R call(HPyContext* context, A... args) noexcept {
        TraceState& state = TraceState::of(context);
        const TracedCall call(state, traced(F));
        // Types that a traced module makes, and the functions that it sets, are traced too.
        if constexpr (F == ContextFunction::Type_FromSpec) {
            return as_handle(v0_9::type_from_spec(args..., Site{false, &trace_layer, state.plain}));
        } else if constexpr (F == ContextFunction::SetCallFunction) {
            return context::set_call_function_or_fail(args..., Site{false, &trace_layer});
        } else {
            return (state.plain->*Member)(state.plain, args...);
        }
    }
};

void install(HPyContext& traced, const HPyContext& plain) noexcept {
    traced = plain; // the handles
    traced.name = kTraceName;
#define HPY_FUNC(ret, name, params)                                                                \
    traced.ctx_##name = &Traced<ContextFunction::name, &HPyContext::ctx_##name>::call;
#include <hpy/abi/hpy_0_9.def>
}

void release_hooks(LayerState* layer) noexcept {
    auto* const state = static_cast<TraceState*>(layer);
    Py_CLEAR(state->on_enter);
    Py_CLEAR(state->on_exit);
}

// ---- the layer ----

HPyContext* enter(HPyContext* home) noexcept {
    TraceState* const state = state_of_home<TraceState>(home, kTrace);
    return state != nullptr ? &state->context : nullptr;
}

void leave(HPyContext*) noexcept {}

// A traced handle is a plain one: an argument is lent, a result handed over.
HPy open(HPyContext*, PyObject* borrowed) noexcept {
    return as_handle(borrowed);
}

PyObject* take(HPyContext*, HPy handle) noexcept {
    return as_object(handle);
}

void close(HPyContext*, HPy) noexcept {}

// ---- hpy.universal._trace ----

template <typename Values>
PyObject* by_name(const Values& values) noexcept {
    Ref result(PyDict_New());
    for (std::size_t i = 0; result && i < kTracedCount; ++i) {
        const Ref number(PyLong_FromUnsignedLongLong(values[i].load(std::memory_order_relaxed)));
        if (!number || PyDict_SetItemString(result.get(), name_of_traced(i), number.get()) < 0) {
            return nullptr;
        }
    }
    return result.release();
}

PyObject* get_call_counts(PyObject*, PyObject*) {
    const TraceState* const state = trace_state();
    return state != nullptr ? by_name(state->calls) : nullptr;
}

PyObject* get_durations(PyObject*, PyObject*) {
    const TraceState* const state = trace_state();
    return state != nullptr ? by_name(state->nanoseconds) : nullptr;
}

PyObject* get_frequency(PyObject*, PyObject*) {
    return PyLong_FromLongLong(Clock::period::den / Clock::period::num);
}

/// Checks a hook; nullptr: the argument was not given, it stays as it is.
bool check_hook(const char* name, PyObject* hook) noexcept {
    if (hook == nullptr || hook == Py_None || PyCallable_Check(hook) != 0) return true;
    PyErr_Format(PyExc_TypeError,
                 "set_trace_functions: %s is a '%s'; a callable or None was expected.", name,
                 Py_TYPE(hook)->tp_name);
    return false;
}

void set_hook(PyObject*& place, PyObject* hook) noexcept {
    if (hook == nullptr) return;
    PyObject* const old = std::exchange(place, hook != Py_None ? Py_NewRef(hook) : nullptr);
    Py_XDECREF(old);
}

PyObject* set_trace_functions(PyObject*, PyObject* args, PyObject* kwargs) {
    static constexpr const char* kNames[] = {"on_enter", "on_exit", nullptr};
    PyObject* on_enter = nullptr;
    PyObject* on_exit = nullptr;
    if (PyArg_ParseTupleAndKeywords(args, kwargs, "|OO:set_trace_functions",
                                    const_cast<char**>(kNames), &on_enter, &on_exit) == 0) {
        return nullptr;
    }
    TraceState* const state = trace_state();
    if (state == nullptr) return nullptr;
    if (!check_hook("on_enter", on_enter) || !check_hook("on_exit", on_exit)) return nullptr;
    set_hook(state->on_enter, on_enter);
    set_hook(state->on_exit, on_exit);
    Py_RETURN_NONE;
}

PyMethodDef methods[] = {
    {"get_call_counts", get_call_counts, METH_NOARGS,
     "get_call_counts($module, /)\n--\n\n"
     "How often each function of the context was called in this interpreter: a dict by name."},
    {"get_durations", get_durations, METH_NOARGS,
     "get_durations($module, /)\n--\n\n"
     "The time that each function took in this interpreter, in nanoseconds: a dict by name."},
    {"get_frequency", get_frequency, METH_NOARGS,
     "get_frequency($module, /)\n--\n\nThe clock's resolution, in Hz."},
    {"set_trace_functions",
     reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&set_trace_functions)),
     METH_VARARGS | METH_KEYWORDS,
     "set_trace_functions($module, /, on_enter=..., on_exit=...)\n--\n\n"
     "Sets the functions that are called with the name of a function of the context, before and\n"
     "after it runs. None takes one away; one that is not given stays."},
    {nullptr, nullptr, 0, nullptr},
};

} // namespace

TracedCall::TracedCall(TraceState& state, std::size_t index) noexcept
    : state_(state), index_(index) {
    state_.calls[index].fetch_add(1, std::memory_order_relaxed);
    report_event(state_, index, true);
    start_ = Clock::now();
}

TracedCall::~TracedCall() {
    using std::chrono::duration_cast;
    const auto spent = duration_cast<std::chrono::nanoseconds>(Clock::now() - start_);
    state_.nanoseconds[index_].fetch_add(static_cast<std::uint64_t>(spent.count()),
                                         std::memory_order_relaxed);
    report_event(state_, index_, false);
}

TraceState::TraceState(Region& region)
    : LayerState{nullptr, &release_hooks},
      ContextHead(Version::kV09, ContextKind::kTrace, &region, kTraceFusedCalls), context{},
      plain(&region.context()) {
    install(context, *plain);
    context._private = static_cast<ContextHead*>(this);
}

TraceState& TraceState::of(HPyContext* context) noexcept {
    auto* const head = static_cast<ContextHead*>(context->_private);
    HPYSTATE_CHECK(head->magic == &kContextMagic && head->kind == ContextKind::kTrace);
    return *static_cast<TraceState*>(head);
}

constexpr Layer trace_layer{"trace", &enter, &leave, &open, &take, &close};

TraceState* trace_state() noexcept {
    return state_of_caller<TraceState>(kTrace);
}

PyMethodDef* trace_methods() noexcept {
    return methods;
}

} // namespace hpystate::layers
