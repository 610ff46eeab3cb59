/// context/trampoline.cpp: the plain thunks and the body that the thunks of a kind share.
#include "context/trampoline.h"

#include "context/call_slot.h"
#include "context/handle.h"
#include "context/layered.h"
#include "context/module_state.h"
#include "context/signature.h"
#include "context/thunk_pool.h"
#include "interp_state/current.h"

#include <type_traits>

namespace hpystate {

namespace {

[[gnu::cold]] HPyContext* no_context() noexcept {
    PyErr_SetString(PyExc_SystemError,
                    "hpystate: a function of an HPy extension was called in an interpreter that "
                    "did not load the extension; objects must not be shared between interpreters.");
    return nullptr;
}

template <Way W>
[[nodiscard]] inline HPyContext* context_of(PyObject* self) noexcept {
    if constexpr (W == Way::kModule) {
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

/// The body for a signature that differs by the context only. `target` stands last, so a thunk
/// moves no argument: it loads its target and jumps.
template <Way W, typename Impl>
struct Body;

template <Way W, typename R, typename... A>
struct Body<W, R (*)(HPyContext*, HPy, A...)> {
    using Impl = R (*)(HPyContext*, HPy, A...);

    [[gnu::noinline]] static Cpy<R> run(PyObject* self, Cpy<A>... args,
                                        ThunkTarget target) noexcept {
        HPyContext* const ctx = context_of<W>(self);
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
        return run(self, args..., thunk_target<N>());
    }
};

/// METH_NOARGS: CPython passes a second argument that means nothing.
template <Way W>
struct NoArgs : Body<W, HPyFunc_NOARGS_t> {
    template <unsigned N>
    static PyObject* thunk(PyObject* self, PyObject*) noexcept {
        return Body<W, HPyFunc_NOARGS_t>::run(self, thunk_target<N>());
    }
};

/// tp_new and tp_init: the tuple's items are the array of handles, the dict is passed as it is.
template <typename R>
struct TupleDict {
    using Impl = R (*)(HPyContext*, HPy, const HPy*, HPy_ssize_t, HPy);

    [[gnu::noinline]] static Cpy<R> run(PyObject* self, PyObject* args, PyObject* kwargs,
                                        ThunkTarget target) noexcept {
        HPyContext* const ctx = context_of<Way::kThread>(self);
        if (ctx == nullptr) [[unlikely]]
            return failed<Cpy<R>>();
        const auto impl = reinterpret_cast<Impl>(const_cast<void*>(target));
        const HPy* const items = as_handles(reinterpret_cast<PyTupleObject*>(args)->ob_item);
        return to_cpy<R>(
            impl(ctx, as_handle(self), items, PyTuple_GET_SIZE(args), as_handle(kwargs)));
    }

    template <unsigned N>
    static Cpy<R> thunk(PyObject* self, PyObject* args, PyObject* kwargs) noexcept {
        return run(self, args, kwargs, thunk_target<N>());
    }
};

struct CallSlot {
    [[gnu::noinline]] static PyObject* run(PyObject* self, PyObject* args, PyObject* kwargs,
                                           ThunkTarget target) noexcept {
        // The instance may have a function of its own: HPy_SetCallFunction.
        if (PyVectorcall_Function(self) != nullptr) return PyVectorcall_Call(self, args, kwargs);
        HPyContext* const ctx = context_of<Way::kThread>(self);
        if (ctx == nullptr) [[unlikely]]
            return nullptr;
        const auto impl = reinterpret_cast<HPyFunc_KEYWORDS_t>(const_cast<void*>(target));
        return with_array(args, kwargs,
                          [=](PyObject* const* items, std::size_t count, PyObject* names) {
                              return as_object(impl(ctx, as_handle(self), as_handles(items), count,
                                                    as_handle(names)));
                          });
    }

    template <unsigned N>
    static PyObject* thunk(PyObject* self, PyObject* args, PyObject* kwargs) noexcept {
        return run(self, args, kwargs, thunk_target<N>());
    }
};

/// What an instance is called with by PEP 590; the count carries a flag bit.
struct VectorCall {
    using Impl = HPyFunc_KEYWORDS_t;

    [[gnu::noinline]] static PyObject* run(PyObject* callable, PyObject* const* args,
                                           std::size_t nargsf, PyObject* kwnames,
                                           ThunkTarget target) noexcept {
        HPyContext* const ctx = context_of<Way::kThread>(callable);
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
        return run(callable, args, nargsf, kwnames, thunk_target<N>());
    }
};

/// MOD_CREATE: CPython passes the spec and the definition.
struct ModuleCreate : Body<Way::kThread, HPyFunc_MOD_CREATE_t> {
    template <unsigned N>
    static PyObject* thunk(PyObject* spec, PyModuleDef*) noexcept {
        return run(spec, thunk_target<N>());
    }
};

// ---- pools: signature, way, how many, body ----

template <HPyFunc_Signature S, unsigned Size>
using SlotPool = Pool<S, Way::kThread, Size, Body<Way::kThread, typename SignatureOf<S>::Impl>>;
template <HPyFunc_Signature S, Way W, unsigned Size>
using MethodPool = Pool<S, W, Size, Body<W, typename SignatureOf<S>::Impl>>;

using PlainPools =
    Pools<0, Pool<HPyFunc_NOARGS, Way::kModule, 512, NoArgs<Way::kModule>>,
          Pool<HPyFunc_NOARGS, Way::kThread, 512, NoArgs<Way::kThread>>,
          MethodPool<HPyFunc_O, Way::kModule, 512>, MethodPool<HPyFunc_O, Way::kThread, 512>,
          MethodPool<HPyFunc_VARARGS, Way::kModule, 512>,
          MethodPool<HPyFunc_VARARGS, Way::kThread, 512>,
          MethodPool<HPyFunc_KEYWORDS, Way::kModule, 512>,
          MethodPool<HPyFunc_KEYWORDS, Way::kThread, 512>, SlotPool<HPyFunc_GETTER, 512>,
          SlotPool<HPyFunc_SETTER, 512>, SlotPool<HPyFunc_UNARYFUNC, 256>,
          SlotPool<HPyFunc_BINARYFUNC, 512>, SlotPool<HPyFunc_TERNARYFUNC, 128>,
          SlotPool<HPyFunc_INQUIRY, 256>, SlotPool<HPyFunc_LENFUNC, 256>,
          SlotPool<HPyFunc_SSIZEARGFUNC, 256>, SlotPool<HPyFunc_SSIZEOBJARGPROC, 128>,
          SlotPool<HPyFunc_OBJOBJARGPROC, 128>, SlotPool<HPyFunc_OBJOBJPROC, 128>,
          SlotPool<HPyFunc_REPRFUNC, 256>, SlotPool<HPyFunc_HASHFUNC, 256>,
          SlotPool<HPyFunc_RICHCMPFUNC, 256>, SlotPool<HPyFunc_DESTRUCTOR, 256>,
          SlotPool<HPyFunc_GETBUFFERPROC, 128>, SlotPool<HPyFunc_RELEASEBUFFERPROC, 128>,
          Pool<HPyFunc_NEWFUNC, Way::kThread, 256, TupleDict<HPy>>,
          Pool<HPyFunc_INITPROC, Way::kThread, 256, TupleDict<int>>,
          Pool<HPyFunc_MOD_CREATE, Way::kThread, 64, ModuleCreate>,
          Pool<HPyFunc_VECTORCALLFUNC, Way::kThread, 128, VectorCall>,
          Pool<kCallSignature, Way::kThread, 128, CallSlot>>;

static_assert(PlainPools::kEnd <= kLayeredStart, "context/thunk_pool.h: raise kLayeredStart");

/// Only functions of modules are called with the module as `self`.
[[nodiscard]] constexpr bool has_module_way(HPyFunc_Signature signature) noexcept {
    return signature == HPyFunc_NOARGS || signature == HPyFunc_O || signature == HPyFunc_VARARGS ||
           signature == HPyFunc_KEYWORDS;
}

[[nodiscard]] CFunction find_thunk(HPyFunc_Signature signature, HPyCFunction impl, Site site) {
    if (is_layered(site)) return layered_thunk(signature, impl, *site.layer);
    const Way way = site.module && has_module_way(signature) ? Way::kModule : Way::kThread;
    return PlainPools::find(signature, way, reinterpret_cast<ThunkTarget>(impl));
}

} // namespace

CFunction thunk_for(HPyFunc_Signature signature, HPyCFunction impl, Site site) {
    return find_thunk(signature, impl, site);
}

CFunction call_thunk_for(HPyCFunction impl, Site site) {
    return find_thunk(kCallSignature, impl, site);
}

} // namespace hpystate
