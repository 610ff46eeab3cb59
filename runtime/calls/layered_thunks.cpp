/// runtime/calls/layered_thunks.cpp: opens the arguments in the layer, calls, takes the result,
/// closes the arguments.
///
/// This code need not be fast: it runs for modules in debug or trace mode, and for those of HPy
/// 0.0.4. Arrays of arguments are copied, so a function may write to them.
#include "runtime/calls/layered_thunks.h"

#include "globals/interner.h"
#include "runtime/calls/anchor.h"
#include "runtime/calls/call_arguments.h"
#include "runtime/calls/handle.h"
#include "runtime/calls/recursion.h"
#include "runtime/calls/signature.h"
#include "runtime/calls/thunk_pool.h"
#include "runtime/cpython/guarded.h"
#include "runtime/cpython/in_flight.h"
#include "runtime/cpython/items.h"

#include <cstdint>
#include <cstring>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace hpystate {

namespace {

/// Interned: equal targets have one address, so a function has one thunk per layer.
struct LayerTarget {
    HPyCFunction impl;
    const Layer* layer;
    std::uintptr_t module; ///< 1: `self` is a module of this runtime
};

/// The plain context that a call belongs to, by the rule of the plain thunks (thunks.h). nullptr:
/// use that of the thread.
template <Way W, typename... A>
[[nodiscard]] HPyContext* home_of(ThunkTarget target, PyObject* self, A... args) noexcept {
    if (static_cast<const LayerTarget*>(target)->module != 0) {
        const ModuleState* const state = state_of_module(self);
        return state != nullptr ? state->context : nullptr;
    }
    return W == Way::kType ? context_of_class(reinterpret_cast<PyTypeObject*>(self))
                           : context_of_operands(self, args...);
}

/// One call through a layer. If the context cannot be made, `context` is null and an exception is
/// set.
struct LayerCall {
    const LayerTarget& target;
    HPyContext* context;
    bool complete = true; ///< every argument could be opened

    LayerCall(ThunkTarget thunk_target, HPyContext* home) noexcept
        : target(*static_cast<const LayerTarget*>(thunk_target)),
          context(target.layer->enter(home)) {}
    LayerCall(const LayerCall&) = delete;
    LayerCall& operator=(const LayerCall&) = delete;
    ~LayerCall() {
        if (context != nullptr) target.layer->leave(context);
    }

    template <typename Impl>
    [[nodiscard]] Impl impl() const noexcept {
        return function_cast<Impl>(target.impl);
    }

    /// Returns null for null, and after the first failure.
    [[nodiscard]] HPy open(PyObject* object) noexcept {
        if (object == nullptr || !complete) return kNullHandle;
        const HPy handle = target.layer->open(context, object);
        complete = handle._i != 0;
        return handle;
    }

    void close(HPy handle) const noexcept {
        if (handle._i != 0) target.layer->close(context, handle);
    }

    template <typename R>
    [[nodiscard]] Cpy<R> finish(R result) const noexcept {
        if constexpr (std::is_same_v<R, HPy>) {
            return result._i != 0 ? target.layer->take(context, result) : nullptr;
        } else {
            return to_cpy<R>(result);
        }
    }
};

/// The arguments of an Operand's constructor, in one object: std::tuple constructs each element in
/// place from one value.
template <typename T>
struct Passed {
    LayerCall& call;
    Cpy<T> value;
};

/// An argument as the extension gets it. A handle is closed when the call is over.
template <typename T>
class Operand {
  public:
    explicit Operand(Passed<T> passed) noexcept : value_(to_hpy<T>(passed.value)) {}
    [[nodiscard]] T get() const noexcept { return value_; }

  private:
    T value_;
};

template <>
class Operand<HPy> {
  public:
    Operand(LayerCall& call, PyObject* object) noexcept : call_(call), handle_(call.open(object)) {}
    explicit Operand(Passed<HPy> passed) noexcept : Operand(passed.call, passed.value) {}
    Operand(const Operand&) = delete;
    Operand& operator=(const Operand&) = delete;
    ~Operand() { call_.close(handle_); }
    [[nodiscard]] HPy get() const noexcept { return handle_; }

  private:
    LayerCall& call_;
    HPy handle_;
};

/// An array of arguments.
class Operands {
  public:
    Operands(LayerCall& call, PyObject* const* objects, std::size_t count) noexcept : call_(call) {
        const bool room = guarded(false, [&] {
            opened_.reserve(count);
            given_.reserve(count + 1); // never a null array: some extensions read args[0]
            return true;
        });
        if (!room) {
            call.complete = false;
            return;
        }
        for (std::size_t i = 0; i < count; ++i) {
            opened_.push_back(call.open(objects[i]));
            given_.push_back(opened_.back());
        }
    }
    Operands(const Operands&) = delete;
    Operands& operator=(const Operands&) = delete;
    ~Operands() {
        for (const HPy handle : opened_)
            call_.close(handle);
    }
    [[nodiscard]] const HPy* get() const noexcept { return given_.data(); }

  private:
    LayerCall& call_;
    std::vector<HPy> opened_;
    std::vector<HPy> given_; ///< a copy: functions of HPy 0.0.4 may write to it
};

/// For signatures whose arguments are passed one by one.
template <typename Impl>
struct Layered;

template <typename R, typename... A>
struct Layered<R (*)(HPyContext*, HPy, A...)> {
    using Impl = R (*)(HPyContext*, HPy, A...);

    [[gnu::noinline]] static Cpy<R> run(PyObject* self, Cpy<A>... args,
                                        ThunkTarget target) noexcept {
        LayerCall call(target, home_of<Way::kObject>(target, self, args...));
        if (call.context == nullptr) return failed<Cpy<R>>();
        const Operand<HPy> receiver(call, self);
        const std::tuple<Operand<A>...> operands{Passed<A>{call, args}...};
        return finish(call, receiver, operands, std::index_sequence_for<A...>{});
    }

    template <unsigned N>
    static Cpy<R> thunk(PyObject* self, Cpy<A>... args) noexcept {
        return run(self, args..., thunk_target<N>());
    }

  private:
    template <typename Tuple, std::size_t... I>
    static Cpy<R> finish(LayerCall& call, const Operand<HPy>& receiver, const Tuple& operands,
                         std::index_sequence<I...>) noexcept {
        if (!call.complete) return failed<Cpy<R>>();
        const auto impl = call.impl<Impl>();
        if constexpr (std::is_void_v<R>) {
            impl(call.context, receiver.get(), std::get<I>(operands).get()...);
        } else {
            return call.finish<R>(
                impl(call.context, receiver.get(), std::get<I>(operands).get()...));
        }
    }
};

struct LayeredNoArgs {
    template <unsigned N>
    static PyObject* thunk(PyObject* self, PyObject*) noexcept {
        return Layered<HPyFunc_NOARGS_t>::run(self, thunk_target<N>());
    }
};

[[gnu::noinline]] PyObject* run_array(PyObject* self, PyObject* const* args, std::size_t count,
                                      PyObject* kwnames, bool has_keywords,
                                      ThunkTarget target) noexcept {
    LayerCall call(target, home_of<Way::kObject>(target, self));
    if (call.context == nullptr) return nullptr;
    const std::size_t named =
        kwnames != nullptr ? static_cast<std::size_t>(PyTuple_GET_SIZE(kwnames)) : 0;
    const Operand<HPy> receiver(call, self);
    const Operands operands(call, args, count + named);
    const Operand<HPy> names(call, kwnames);
    if (!call.complete) return nullptr;
    HPyContext* const ctx = call.context;
    const HPy result =
        has_keywords ? call.impl<HPyFunc_KEYWORDS_t>()(ctx, receiver.get(), operands.get(), count,
                                                       names.get())
                     : call.impl<HPyFunc_VARARGS_t>()(ctx, receiver.get(), operands.get(), count);
    return call.finish<HPy>(result);
}

struct LayeredVarArgs {
    template <unsigned N>
    static PyObject* thunk(PyObject* self, PyObject* const* args, Py_ssize_t count) noexcept {
        return run_array(self, args, static_cast<std::size_t>(count), nullptr, false,
                         thunk_target<N>());
    }
};

struct LayeredKeywords {
    template <unsigned N>
    static PyObject* thunk(PyObject* self, PyObject* const* args, std::size_t count,
                           PyObject* kwnames) noexcept {
        return run_array(self, args, count, kwnames, true, thunk_target<N>());
    }
};

/// The vectorcall function of an instance (PEP 590); the count may include a flag bit.
struct LayeredVectorCall {
    template <unsigned N>
    static PyObject* thunk(PyObject* self, PyObject* const* args, std::size_t nargsf,
                           PyObject* kwnames) noexcept {
        const auto count = static_cast<std::size_t>(PyVectorcall_NARGS(nargsf));
        return call_recursively(
            [=] { return run_array(self, args, count, kwnames, true, thunk_target<N>()); });
    }
};

/// tp_new, tp_init, and functions that take keywords in a dict.
template <Way W, typename R>
struct LayeredTupleDict {
    using Impl = R (*)(HPyContext*, HPy, const HPy*, HPy_ssize_t, HPy);

    [[gnu::noinline]] static Cpy<R> run(PyObject* self, PyObject* args, PyObject* kwargs,
                                        ThunkTarget target) noexcept {
        LayerCall call(target, home_of<W>(target, self));
        if (call.context == nullptr) return failed<Cpy<R>>();
        const Py_ssize_t count = PyTuple_GET_SIZE(args);
        const Operand<HPy> receiver(call, self);
        const Operands operands(call, items_of(args), static_cast<std::size_t>(count));
        const Operand<HPy> keywords(call, kwargs);
        if (!call.complete) return failed<Cpy<R>>();
        return call.finish<R>(
            call.impl<Impl>()(call.context, receiver.get(), operands.get(), count, keywords.get()));
    }

    template <unsigned N>
    static Cpy<R> thunk(PyObject* self, PyObject* args, PyObject* kwargs) noexcept {
        return run(self, args, kwargs, thunk_target<N>());
    }
};

/// HPy_tp_call, which CPython calls with a tuple and a dict.
struct LayeredCallSlot {
    [[gnu::noinline]] static PyObject* run(PyObject* self, PyObject* args, PyObject* kwargs,
                                           ThunkTarget target) noexcept {
        // The instance may have a function of its own: HPy_SetCallFunction.
        if (has_call_function(self)) return PyVectorcall_Call(self, args, kwargs);
        return with_array(args, kwargs,
                          [=](PyObject* const* items, std::size_t count, PyObject* names) {
                              return run_array(self, items, count, names, true, target);
                          });
    }

    template <unsigned N>
    static PyObject* thunk(PyObject* self, PyObject* args, PyObject* kwargs) noexcept {
        return run(self, args, kwargs, thunk_target<N>());
    }
};

/// The extension fills a view whose `obj` is a handle of the layer.
struct LayeredGetBuffer {
    [[gnu::noinline]] static int run(PyObject* self, Py_buffer* view, int flags,
                                     ThunkTarget target) noexcept {
        LayerCall call(target, home_of<Way::kObject>(target, self));
        if (call.context == nullptr) return -1;
        const Operand<HPy> receiver(call, self);
        if (!call.complete) return -1;
        HPy_buffer filled{};
        const int result =
            call.impl<HPyFunc_GETBUFFERPROC_t>()(call.context, receiver.get(), &filled, flags);
        PyObject* const owner = call.finish<HPy>(filled.obj);
        std::memcpy(view, &filled, sizeof(filled));
        view->obj = owner;
        return result;
    }

    template <unsigned N>
    static int thunk(PyObject* self, Py_buffer* view, int flags) noexcept {
        return run(self, view, flags, thunk_target<N>());
    }
};

/// HPy_tp_finalize. InFlight keeps the caller's exception (runtime/cpython/in_flight.h), and
/// reports one that the layer raises.
struct LayeredFinalize {
    template <unsigned N>
    static void thunk(PyObject* self) noexcept {
        const InFlight kept(self);
        Layered<HPyFunc_DESTRUCTOR_t>::run(self, thunk_target<N>());
    }
};

struct LayeredReleaseBuffer {
    [[gnu::noinline]] static void run(PyObject* self, Py_buffer* view,
                                      ThunkTarget target) noexcept {
        const InFlight kept(self);
        LayerCall call(target, home_of<Way::kObject>(target, self));
        if (call.context == nullptr) return;
        const Operand<HPy> receiver(call, self);
        const Operand<HPy> owner(call, view->obj);
        if (!call.complete) return;
        HPy_buffer seen{};
        std::memcpy(&seen, view, sizeof(seen));
        seen.obj = owner.get();
        call.impl<HPyFunc_RELEASEBUFFERPROC_t>()(call.context, receiver.get(), &seen);
    }

    template <unsigned N>
    static void thunk(PyObject* self, Py_buffer* view) noexcept {
        run(self, view, thunk_target<N>());
    }
};

struct LayeredModuleCreate {
    template <unsigned N>
    static PyObject* thunk(PyObject* spec, PyModuleDef*) noexcept {
        return Layered<HPyFunc_MOD_CREATE_t>::run(spec, thunk_target<N>());
    }
};

template <HPyFunc_Signature S, unsigned Size, typename Body>
using LayerPool = Pool<S, Way::kLayer, Size, Body>;
template <HPyFunc_Signature S, unsigned Size>
using SignaturePool = LayerPool<S, Size, Layered<typename SignatureOf<S>::Impl>>;

using LayeredPools =
    Pools<kLayeredStart, LayerPool<HPyFunc_NOARGS, 2048, LayeredNoArgs>,
          SignaturePool<HPyFunc_O, 2048>, LayerPool<HPyFunc_VARARGS, 1024, LayeredVarArgs>,
          LayerPool<HPyFunc_KEYWORDS, 1024, LayeredKeywords>,
#define HPYSTATE_SIGNATURE_POOL(signature, plain, layered)                                         \
    SignaturePool<HPyFunc_##signature, layered>,
#include "runtime/calls/signature_pools.def"
          LayerPool<HPyFunc_DESTRUCTOR, 256, LayeredFinalize>,
          LayerPool<HPyFunc_GETBUFFERPROC, 128, LayeredGetBuffer>,
          LayerPool<HPyFunc_RELEASEBUFFERPROC, 128, LayeredReleaseBuffer>,
          LayerPool<HPyFunc_NEWFUNC, 1024, LayeredTupleDict<Way::kType, HPy>>,
          LayerPool<HPyFunc_INITPROC, 512, LayeredTupleDict<Way::kObject, int>>,
          LayerPool<kDictSignature, 1024, LayeredTupleDict<Way::kObject, HPy>>,
          LayerPool<HPyFunc_MOD_CREATE, 128, LayeredModuleCreate>,
          LayerPool<HPyFunc_VECTORCALLFUNC, 256, LayeredVectorCall>,
          LayerPool<kCallSignature, 256, LayeredCallSlot>>;

static_assert(LayeredPools::kEnd <= kTypePool.first, "globals/thunk_table.h: raise kThunks");

} // namespace

CFunction layered_thunk(HPyFunc_Signature signature, HPyCFunction impl, const Layer& layer,
                        bool of_module) {
    const LayerTarget target{impl, &layer, of_module ? 1U : 0U};
    std::string bytes(sizeof(target), '\0');
    std::memcpy(bytes.data(), &target, sizeof(target));
    return LayeredPools::find(signature, Way::kLayer, interner().intern(std::move(bytes)));
}

unsigned layered_limit(HPyFunc_Signature signature) noexcept {
    return LayeredPools::limit(signature, Way::kLayer);
}

} // namespace hpystate
