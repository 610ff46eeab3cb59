/// context/trampoline.cpp: the pools of thunks and the body that the thunks of a kind share.
#include "context/trampoline.h"

#include "context/call_slot.h"
#include "context/handle.h"
#include "context/module_state.h"
#include "context/signature.h"
#include "context/typedata.h"
#include "globals/thunk_table.h"
#include "interp_state/current.h"

#include <optional>
#include <type_traits>
#include <utility>

namespace hpystate {

namespace {

[[gnu::cold]] HPyContext* no_context() noexcept {
    PyErr_SetString(PyExc_SystemError,
                    "hpystate: a function of an HPy extension was called in an interpreter that "
                    "did not load the extension; objects must not be shared between interpreters.");
    return nullptr;
}

template <Site S>
[[nodiscard]] inline HPyContext* context_of(PyObject* self) noexcept {
    if constexpr (S == Site::kModule) {
        const auto* const state = static_cast<ModuleState*>(PyModule_GetState(self));
        if (state != nullptr && state->context != nullptr) [[likely]]
            return state->context;
    } else {
        Region* const region = current_region();
        if (region != nullptr) [[likely]]
            return &region->context;
    }
    return no_context();
}

template <typename R>
[[nodiscard]] constexpr R failed() noexcept {
    if constexpr (std::is_void_v<R>) {
        return;
    } else if constexpr (std::is_pointer_v<R>) {
        return nullptr;
    } else {
        return -1;
    }
}

/// The function of the extension behind thunk number N.
template <unsigned N>
[[nodiscard]] inline ThunkTarget target() noexcept {
    // relaxed: written before the thunk's address was handed out.
    return thunk_targets[N].load(std::memory_order_relaxed);
}

/// The body for a signature that differs by the context only. `target` stands last, so a thunk
/// moves no argument: it loads its target and jumps.
template <Site S, typename Impl>
struct Body;

template <Site S, typename R, typename... A>
struct Body<S, R (*)(HPyContext*, HPy, A...)> {
    using Impl = R (*)(HPyContext*, HPy, A...);

    [[gnu::noinline]] static Cpy<R> run(PyObject* self, Cpy<A>... args,
                                        ThunkTarget target) noexcept {
        HPyContext* const ctx = context_of<S>(self);
        if (ctx == nullptr) [[unlikely]]
            return failed<Cpy<R>>();
        const auto impl = reinterpret_cast<Impl>(const_cast<void*>(target));
        if constexpr (std::is_void_v<R>) {
            impl(ctx, as_handle(self), to_hpy<A>(args)...);
        } else {
            return to_cpy<R>(impl(ctx, as_handle(self), to_hpy<A>(args)...));
        }
    }

    template <unsigned N>
    static Cpy<R> thunk(PyObject* self, Cpy<A>... args) noexcept {
        return run(self, args..., target<N>());
    }
};

/// METH_NOARGS: CPython passes a second argument that means nothing.
template <Site S>
struct NoArgs : Body<S, HPyFunc_NOARGS_t> {
    template <unsigned N>
    static PyObject* thunk(PyObject* self, PyObject*) noexcept {
        return Body<S, HPyFunc_NOARGS_t>::run(self, target<N>());
    }
};

/// tp_new and tp_init: the tuple's items are the array of handles, the dict is passed as it is.
template <typename R>
struct TupleDict {
    using Impl = R (*)(HPyContext*, HPy, const HPy*, HPy_ssize_t, HPy);

    [[gnu::noinline]] static Cpy<R> run(PyObject* self, PyObject* args, PyObject* kwargs,
                                        ThunkTarget target) noexcept {
        HPyContext* const ctx = context_of<Site::kThread>(self);
        if (ctx == nullptr) [[unlikely]]
            return failed<Cpy<R>>();
        const auto impl = reinterpret_cast<Impl>(const_cast<void*>(target));
        const HPy* const items = as_handles(reinterpret_cast<PyTupleObject*>(args)->ob_item);
        return to_cpy<R>(
            impl(ctx, as_handle(self), items, PyTuple_GET_SIZE(args), as_handle(kwargs)));
    }

    template <unsigned N>
    static Cpy<R> thunk(PyObject* self, PyObject* args, PyObject* kwargs) noexcept {
        return run(self, args, kwargs, target<N>());
    }
};

struct CallSlot {
    [[gnu::noinline]] static PyObject* run(PyObject* self, PyObject* args, PyObject* kwargs,
                                           ThunkTarget target) noexcept {
        // The instance may have a function of its own: HPy_SetCallFunction.
        if (PyVectorcall_Function(self) != nullptr) return PyVectorcall_Call(self, args, kwargs);
        HPyContext* const ctx = context_of<Site::kThread>(self);
        if (ctx == nullptr) [[unlikely]]
            return nullptr;
        const auto impl = reinterpret_cast<HPyFunc_KEYWORDS_t>(const_cast<void*>(target));
        return call_with_tuple_and_dict(ctx, impl, self, args, kwargs);
    }

    template <unsigned N>
    static PyObject* thunk(PyObject* self, PyObject* args, PyObject* kwargs) noexcept {
        return run(self, args, kwargs, target<N>());
    }
};

/// What an instance is called with by PEP 590; the count carries a flag bit.
struct VectorCall {
    using Impl = HPyFunc_KEYWORDS_t;

    [[gnu::noinline]] static PyObject* run(PyObject* callable, PyObject* const* args,
                                           std::size_t nargsf, PyObject* kwnames,
                                           ThunkTarget target) noexcept {
        HPyContext* const ctx = context_of<Site::kThread>(callable);
        if (ctx == nullptr) [[unlikely]]
            return nullptr;
        const auto impl = reinterpret_cast<Impl>(const_cast<void*>(target));
        return as_object(impl(ctx, as_handle(callable), as_handles(args),
                              static_cast<std::size_t>(PyVectorcall_NARGS(nargsf)),
                              as_handle(kwnames)));
    }

    template <unsigned N>
    static PyObject* thunk(PyObject* callable, PyObject* const* args, std::size_t nargsf,
                           PyObject* kwnames) noexcept {
        return run(callable, args, nargsf, kwnames, target<N>());
    }
};

/// MOD_CREATE: CPython passes the spec and the definition.
struct ModuleCreate : Body<Site::kThread, HPyFunc_MOD_CREATE_t> {
    template <unsigned N>
    static PyObject* thunk(PyObject* spec, PyModuleDef*) noexcept {
        return run(spec, target<N>());
    }
};

// ---- pools: signature, site, how many, body ----

template <HPyFunc_Signature S, Site Where = Site::kThread>
using Plain = Body<Where, typename SignatureOf<S>::Impl>;

constexpr HPyFunc_Signature kCall = static_cast<HPyFunc_Signature>(0); ///< HPy_tp_call

template <HPyFunc_Signature Signature, Site Where, unsigned Size, typename Body>
struct Pool {
    static constexpr HPyFunc_Signature kSignature = Signature;
    static constexpr Site kSite = Where;
    static constexpr unsigned kSize = Size;

    template <unsigned First, unsigned... I>
    [[nodiscard]] static CFunction at(unsigned index, std::integer_sequence<unsigned, I...>) {
        using Thunk = decltype(&Body::template thunk<First>);
        static constexpr Thunk kThunks[Size] = {&Body::template thunk<First + I>...};
        return reinterpret_cast<CFunction>(kThunks[index]);
    }
};

template <HPyFunc_Signature S, unsigned Size>
using SlotPool = Pool<S, Site::kThread, Size, Plain<S>>;
template <HPyFunc_Signature S, Site Where, unsigned Size>
using MethodPool = Pool<S, Where, Size, Plain<S, Where>>;

template <typename... P>
struct Pools {
    template <typename Find>
    [[nodiscard]] static CFunction find(Find&& matches, ThunkTarget impl) {
        CFunction found = nullptr;
        unsigned first = 0;
        static_cast<void>((try_pool<P>(matches, impl, first, found) || ...));
        return found;
    }

    static constexpr unsigned kTotal = (P::kSize + ...);

  private:
    /// True where this is the pool; then `found` is the thunk, or null if the pool is used up.
    template <typename One, typename Find>
    static bool try_pool(Find&& matches, ThunkTarget impl, unsigned& first, CFunction& found) {
        if (!matches(One::kSignature, One::kSite)) {
            first += One::kSize;
            return false;
        }
        const std::optional<unsigned> number = thunk_table().assign({first, One::kSize}, impl);
        if (number) found = thunk_of<One>(*number - first);
        return true;
    }

    /// The numbers of a pool follow from those before it in the list, at compile time too.
    template <typename One>
    static constexpr unsigned first_of() {
        unsigned first = 0;
        bool done = false;
        ((done = done || std::is_same_v<One, P>, first += done ? 0 : P::kSize), ...);
        return first;
    }

    template <typename One>
    [[nodiscard]] static CFunction thunk_of(unsigned index) {
        return One::template at<first_of<One>()>(
            index, std::make_integer_sequence<unsigned, One::kSize>{});
    }
};

using AllPools =
    Pools<Pool<HPyFunc_NOARGS, Site::kModule, 512, NoArgs<Site::kModule>>,
          Pool<HPyFunc_NOARGS, Site::kThread, 512, NoArgs<Site::kThread>>,
          MethodPool<HPyFunc_O, Site::kModule, 512>, MethodPool<HPyFunc_O, Site::kThread, 512>,
          MethodPool<HPyFunc_VARARGS, Site::kModule, 512>,
          MethodPool<HPyFunc_VARARGS, Site::kThread, 512>,
          MethodPool<HPyFunc_KEYWORDS, Site::kModule, 512>,
          MethodPool<HPyFunc_KEYWORDS, Site::kThread, 512>, SlotPool<HPyFunc_GETTER, 512>,
          SlotPool<HPyFunc_SETTER, 512>, SlotPool<HPyFunc_UNARYFUNC, 256>,
          SlotPool<HPyFunc_BINARYFUNC, 512>, SlotPool<HPyFunc_TERNARYFUNC, 128>,
          SlotPool<HPyFunc_INQUIRY, 256>, SlotPool<HPyFunc_LENFUNC, 256>,
          SlotPool<HPyFunc_SSIZEARGFUNC, 256>, SlotPool<HPyFunc_SSIZEOBJARGPROC, 128>,
          SlotPool<HPyFunc_OBJOBJARGPROC, 128>, SlotPool<HPyFunc_OBJOBJPROC, 128>,
          SlotPool<HPyFunc_REPRFUNC, 256>, SlotPool<HPyFunc_HASHFUNC, 256>,
          SlotPool<HPyFunc_RICHCMPFUNC, 256>, SlotPool<HPyFunc_DESTRUCTOR, 256>,
          SlotPool<HPyFunc_GETBUFFERPROC, 128>, SlotPool<HPyFunc_RELEASEBUFFERPROC, 128>,
          Pool<HPyFunc_NEWFUNC, Site::kThread, 256, TupleDict<HPy>>,
          Pool<HPyFunc_INITPROC, Site::kThread, 256, TupleDict<int>>,
          Pool<HPyFunc_MOD_CREATE, Site::kThread, 64, ModuleCreate>,
          Pool<HPyFunc_VECTORCALLFUNC, Site::kThread, 128, VectorCall>,
          Pool<kCall, Site::kThread, 128, CallSlot>>;

static_assert(AllPools::kTotal <= kTypePool.first, "globals/thunk_table.h: raise kThunks");

[[nodiscard]] ThunkTarget target_of(HPyCFunction impl) noexcept {
    return reinterpret_cast<ThunkTarget>(impl);
}

/// Only functions of modules are called with the module as `self`.
[[nodiscard]] constexpr bool has_module_site(HPyFunc_Signature signature) noexcept {
    return signature == HPyFunc_NOARGS || signature == HPyFunc_O || signature == HPyFunc_VARARGS ||
           signature == HPyFunc_KEYWORDS;
}

} // namespace

CFunction thunk_for(HPyFunc_Signature signature, HPyCFunction impl, Site site) {
    if (!has_module_site(signature)) site = Site::kThread;
    return AllPools::find(
        [=](HPyFunc_Signature s, Site where) { return s == signature && where == site; },
        target_of(impl));
}

CFunction call_thunk_for(HPyCFunction impl) {
    return AllPools::find([](HPyFunc_Signature s, Site) { return s == kCall; }, target_of(impl));
}

} // namespace hpystate
