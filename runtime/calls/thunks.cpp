/// runtime/calls/thunks.cpp: the plain thunks, and the bodies that all thunks of one kind share.
#include "runtime/calls/thunks.h"

#include "interp_state/current.h"
#include "runtime/calls/anchor.h"
#include "runtime/calls/call_arguments.h"
#include "runtime/calls/handle.h"
#include "runtime/calls/layered_thunks.h"
#include "runtime/calls/recursion.h"
#include "runtime/calls/signature.h"
#include "runtime/calls/thunk_pool.h"
#include "runtime/cpython/in_flight.h"
#include "runtime/cpython/items.h"
#include "runtime/elf/foreign_files.h"

#include <atomic>
#include <cstdint>
#include <type_traits>

namespace hpystate {

namespace {

[[gnu::cold]] HPyContext* no_context() noexcept {
    PyErr_SetString(
        PyExc_SystemError,
        "hpystate: a function of an HPy extension was called in an interpreter that "
        "did not import the extension. Import it there, and do not share objects between "
        "interpreters.");
    return nullptr;
}

/// The context of the calling thread's interpreter: slower than context_of(), but it needs no
/// object.
[[gnu::cold, gnu::noinline]] HPyContext* context_of_thread() noexcept {
    Region* const region = current_region();
    return region != nullptr ? &region->context() : no_context();
}

/// The context that `self` leads to, or nullptr.
template <Way W>
[[nodiscard]] inline HPyContext* context_of(PyObject* self) noexcept {
    if constexpr (W == Way::kModule) {
        const ModuleState* const state = fast_state_of_module(self);
        // A file for the CPython ABI has its own exec slot, which imports the runtime: Python code
        // may call the module's functions before it has a context.
        return state != nullptr ? state->context : nullptr;
    } else if constexpr (W == Way::kType) {
        return context_of_type(reinterpret_cast<PyTypeObject*>(self));
    } else {
        return context_of_type(Py_TYPE(self));
    }
}

/// For the case that context_of() returned nullptr: tries the class's MRO, the other operands, and
/// then the thread.
template <Way W, typename... A>
[[nodiscard, gnu::cold, gnu::noinline]] HPyContext* look_for_context(PyObject* self,
                                                                     A... args) noexcept {
    // The exec slots of this module have not run, so it has no state yet.
    if constexpr (W == Way::kModule) return context_of_thread();
    HPyContext* const found = W == Way::kType
                                  ? context_of_class(reinterpret_cast<PyTypeObject*>(self))
                                  : context_of_operands(self, args...);
    return found != nullptr ? found : context_of_thread();
}

/// Where the body of a thunk is: one for all thunks of its kind, to which the thunk jumps with its
/// target; or in each thunk, which saves two instructions and takes 32 to 64 bytes a thunk.
enum class Place : std::uint8_t { kShared, kOwn };

/// Operators, getters and methods are called most.
[[nodiscard]] constexpr Place place_for(HPyFunc_Signature signature) noexcept {
    return may_have_module(signature) || signature == HPyFunc_GETTER ||
                   signature == HPyFunc_UNARYFUNC || signature == HPyFunc_BINARYFUNC ||
                   signature == HPyFunc_RICHCMPFUNC
               ? Place::kOwn
               : Place::kShared;
}

/// The body for a signature that differs from CPython's only by the context. `target` is the last
/// parameter, so a thunk moves no argument: it loads its target and jumps to the body. The body
/// ends in a jump to the extension's function, since nothing is left to do after it: its type is
/// noexcept, and its result has CPython's type.
template <Way W, typename Impl, Place P = Place::kShared>
struct Body;

template <Way W, typename R, typename... A, Place P>
struct Body<W, R (*)(HPyContext*, HPy, A...), P> {
    using Impl = AsCpy<R, A...>;

    static Cpy<R> call(HPyContext* ctx, PyObject* self, Cpy<A>... args,
                       ThunkTarget target) noexcept {
        return reinterpret_cast<Impl>(const_cast<void*>(target))(ctx, self, args...);
    }

    [[gnu::cold, gnu::noinline]] static Cpy<R> run_slowly(PyObject* self, Cpy<A>... args,
                                                          ThunkTarget target) noexcept {
        HPyContext* const ctx = look_for_context<W>(self, args...);
        return ctx != nullptr ? call(ctx, self, args..., target) : failed<Cpy<R>>();
    }

    [[gnu::noinline]] static Cpy<R> run(PyObject* self, Cpy<A>... args,
                                        ThunkTarget target) noexcept {
        HPyContext* const ctx = context_of<W>(self);
        if (ctx == nullptr) [[unlikely]]
            return run_slowly(self, args..., target);
        return call(ctx, self, args..., target);
    }

    /// run_slowly() for the target at a place: a target that both ways need would be loaded before
    /// the ways part, and the other one could not jump through the table.
    [[gnu::cold, gnu::noinline]] static Cpy<R> run_at(PyObject* self, Cpy<A>... args,
                                                      const ThunkTarget* place) noexcept {
        return run_slowly(self, args..., *place);
    }

    /// All of the body of thunk N.
    template <unsigned N>
    [[gnu::always_inline]] static Cpy<R> run_here(PyObject* self, Cpy<A>... args) noexcept {
        HPyContext* const ctx = context_of<W>(self);
        if (ctx == nullptr) [[unlikely]]
            return run_at(self, args..., &thunk_targets[N]);
        return call(ctx, self, args..., thunk_target<N>());
    }

    template <unsigned N>
    static Cpy<R> thunk(PyObject* self, Cpy<A>... args) noexcept {
        if constexpr (P == Place::kOwn) return run_here<N>(self, args...);
        return run(self, args..., thunk_target<N>());
    }
};

/// HPy_tp_finalize and HPy_bf_releasebuffer: CPython may call these while an exception is set,
/// which InFlight keeps.
template <typename Impl>
struct AtEnd;

template <typename... A>
struct AtEnd<void (*)(HPyContext*, HPy, A...)> {
    [[gnu::noinline]] static void run(PyObject* self, Cpy<A>... args, ThunkTarget target) noexcept {
        const InFlight kept(self);
        Body<Way::kObject, void (*)(HPyContext*, HPy, A...)>::run(self, args..., target);
    }

    template <unsigned N>
    static void thunk(PyObject* self, Cpy<A>... args) noexcept {
        run(self, args..., thunk_target<N>());
    }
};

/// METH_NOARGS: CPython passes a second argument, which is always null.
template <Way W>
struct NoArgs : Body<W, HPyFunc_NOARGS_t> {
    template <unsigned N>
    static PyObject* thunk(PyObject* self, PyObject*) noexcept {
        return Body<W, HPyFunc_NOARGS_t>::template run_here<N>(self);
    }
};

/// tp_new and tp_init: the tuple's items are the array of handles, and the dict is passed
/// unchanged.
template <Way W, typename R>
struct TupleDict {
    using Impl = AsCpy<R, const HPy*, HPy_ssize_t, HPy>;

    [[gnu::noinline]] static Cpy<R> run(PyObject* self, PyObject* args, PyObject* kwargs,
                                        ThunkTarget target) noexcept {
        HPyContext* ctx = context_of<W>(self);
        if (ctx == nullptr) [[unlikely]] {
            ctx = look_for_context<W>(self);
            if (ctx == nullptr) return failed<Cpy<R>>();
        }
        const auto impl = reinterpret_cast<Impl>(const_cast<void*>(target));
        PyObject* const* const items = items_of(args);
        return impl(ctx, self, items, PyTuple_GET_SIZE(args), kwargs);
    }

    template <unsigned N>
    static Cpy<R> thunk(PyObject* self, PyObject* args, PyObject* kwargs) noexcept {
        return run(self, args, kwargs, thunk_target<N>());
    }
};

/// HPyFunc_KEYWORDS_t.
using Keywords = AsCpy<HPy, const HPy*, std::size_t, HPy>;

struct CallSlot {
    [[gnu::noinline]] static PyObject* run(PyObject* self, PyObject* args, PyObject* kwargs,
                                           ThunkTarget target) noexcept {
        // The instance may have a call function of its own: HPy_SetCallFunction.
        if (has_call_function(self)) return PyVectorcall_Call(self, args, kwargs);
        HPyContext* ctx = context_of<Way::kObject>(self);
        if (ctx == nullptr) [[unlikely]] {
            ctx = look_for_context<Way::kObject>(self);
            if (ctx == nullptr) return nullptr;
        }
        const auto impl = reinterpret_cast<Keywords>(const_cast<void*>(target));
        return with_array(args, kwargs,
                          [=](PyObject* const* items, std::size_t count, PyObject* names) {
                              return impl(ctx, self, items, static_cast<Py_ssize_t>(count), names);
                          });
    }

    template <unsigned N>
    static PyObject* thunk(PyObject* self, PyObject* args, PyObject* kwargs) noexcept {
        return run(self, args, kwargs, thunk_target<N>());
    }
};

/// How many call functions this thread runs at the moment, nested. In static TLS, where four bytes
/// are always free. A thread that switches stacks may leave the number too high; then the stack is
/// checked more often than needed.
[[gnu::tls_model("initial-exec")]] constinit thread_local unsigned nested = 0;

/// The vectorcall function of an instance (PEP 590); the count may include a flag bit.
struct VectorCall {
    /// If `ctx` is null, it is looked for.
    [[gnu::cold, gnu::noinline]] static PyObject* run_slowly(HPyContext* ctx, PyObject* callable,
                                                             PyObject* const* args,
                                                             std::size_t nargsf, PyObject* kwnames,
                                                             ThunkTarget target) noexcept {
        if (ctx == nullptr) ctx = look_for_context<Way::kObject>(callable);
        if (ctx == nullptr) return nullptr;
        const auto impl = reinterpret_cast<Keywords>(const_cast<void*>(target));
        return call_recursively(
            [=] { return impl(ctx, callable, args, PyVectorcall_NARGS(nargsf), kwnames); });
    }

    [[gnu::always_inline]] static PyObject* call(PyObject* callable, PyObject* const* args,
                                                 std::size_t nargsf, PyObject* kwnames,
                                                 ThunkTarget target) noexcept {
        HPyContext* const ctx = context_of<Way::kObject>(callable);
        if (ctx == nullptr || nested >= kShallow) [[unlikely]]
            return run_slowly(ctx, callable, args, nargsf, kwnames, target);
        const auto impl = reinterpret_cast<Keywords>(const_cast<void*>(target));
        ++nested;
        PyObject* const result = impl(ctx, callable, args, PyVectorcall_NARGS(nargsf), kwnames);
        --nested;
        return result;
    }

    [[gnu::noinline]] static PyObject* run(PyObject* callable, PyObject* const* args,
                                           std::size_t nargsf, PyObject* kwnames,
                                           ThunkTarget target) noexcept {
        return call(callable, args, nargsf, kwnames, target);
    }

    template <unsigned N>
    static PyObject* thunk(PyObject* callable, PyObject* const* args, std::size_t nargsf,
                           PyObject* kwnames) noexcept {
        return run(callable, args, nargsf, kwnames, thunk_target<N>());
    }
};

/// MOD_CREATE: CPython passes the spec and the definition.
struct ModuleCreate : Body<Way::kObject, HPyFunc_MOD_CREATE_t> {
    template <unsigned N>
    static PyObject* thunk(PyObject* spec, PyModuleDef*) noexcept {
        return run(spec, thunk_target<N>());
    }
};

// ---- pools: signature, way, how many, body ----

template <HPyFunc_Signature S, unsigned Size>
using ObjectPool =
    Pool<S, Way::kObject, Size, Body<Way::kObject, typename SignatureOf<S>::Impl, place_for(S)>>;
template <HPyFunc_Signature S, unsigned Size>
using EndPool = Pool<S, Way::kObject, Size, AtEnd<typename SignatureOf<S>::Impl>>;
template <HPyFunc_Signature S, Way W, unsigned Size>
using MethodPool = Pool<S, W, Size, Body<W, typename SignatureOf<S>::Impl, place_for(S)>>;

using PlainPools =
    Pools<0, Pool<HPyFunc_NOARGS, Way::kModule, 512, NoArgs<Way::kModule>>,
          Pool<HPyFunc_NOARGS, Way::kObject, 512, NoArgs<Way::kObject>>,
          MethodPool<HPyFunc_O, Way::kModule, 512>, MethodPool<HPyFunc_O, Way::kObject, 512>,
          MethodPool<HPyFunc_VARARGS, Way::kModule, 512>,
          MethodPool<HPyFunc_VARARGS, Way::kObject, 512>,
          MethodPool<HPyFunc_KEYWORDS, Way::kModule, 512>,
          MethodPool<HPyFunc_KEYWORDS, Way::kObject, 512>,
#define HPYSTATE_SIGNATURE_POOL(signature, plain, layered) ObjectPool<HPyFunc_##signature, plain>,
#include "runtime/calls/signature_pools.def"
          EndPool<HPyFunc_DESTRUCTOR, 256>, ObjectPool<HPyFunc_GETBUFFERPROC, 128>,
          EndPool<HPyFunc_RELEASEBUFFERPROC, 128>,
          Pool<HPyFunc_NEWFUNC, Way::kObject, 256, TupleDict<Way::kType, HPy>>,
          Pool<HPyFunc_INITPROC, Way::kObject, 256, TupleDict<Way::kObject, int>>,
          Pool<HPyFunc_MOD_CREATE, Way::kObject, 64, ModuleCreate>,
          Pool<HPyFunc_VECTORCALLFUNC, Way::kObject, 128, VectorCall>,
          Pool<kCallSignature, Way::kObject, 128, CallSlot>>;

static_assert(PlainPools::kEnd <= kLayeredStart, "runtime/calls/thunk_pool.h: raise kLayeredStart");

[[nodiscard]] constexpr Way way_of(HPyFunc_Signature signature, Site site) noexcept {
    return site.module && may_have_module(signature) ? Way::kModule : Way::kObject;
}

/// Returns nullptr without an exception if there is no thunk: the pool is used up, or there is none
/// for the signature (one that CPython never calls).
[[nodiscard]] CFunction find_thunk(HPyFunc_Signature signature, HPyCFunction impl, Site site) {
    const Way way = way_of(signature, site);
    if (is_layered(site)) {
        return layered_thunk(signature, impl, *site.layer, way == Way::kModule);
    }
    // No thunk: the file's own trampoline is used, and the dispatcher gets the module's state from
    // CPython.
    if (way == Way::kModule && has_other_module_layout()) return nullptr;
    return PlainPools::find(signature, way, reinterpret_cast<ThunkTarget>(impl));
}

/// `foreign`: the file's trampoline cannot serve, since another runtime has the file.
void raise_no_thunk(HPyFunc_Signature signature, Site site, const FunctionName& name,
                    bool foreign) {
    const char* const instead =
        foreign ? " The file's own function cannot be used instead, since another HPy runtime has "
                  "the file too. Load a copy of the file: other_runtimes=\"copy\"."
                : "";
    const Way way = way_of(signature, site);
    if (!is_layered(site) && way == Way::kModule && has_other_module_layout()) {
        PyErr_Format(PyExc_SystemError,
                     "%s '%s': there is no thunk for %s: modules of this Python have another "
                     "layout than hpystate knows.%s",
                     name.kind, name.name, name.function, instead);
        return;
    }
    const unsigned limit =
        is_layered(site) ? layered_limit(signature) : PlainPools::limit(signature, way);
    PyErr_Format(
        PyExc_SystemError,
        "%s '%s': no thunk is left for %s: this process already has %u different functions "
        "of that kind in %s mode, which is the limit. Let several definitions share a "
        "function, or load fewer extensions into the process%s.%s",
        name.kind, name.name, name.function, limit, is_layered(site) ? site.layer->name : "plain",
        is_layered(site) ? " in this mode" : "", instead);
}

} // namespace

PyObject* call_function_of_instance(PyObject* self, PyObject* const* args, std::size_t nargsf,
                                    PyObject* kwnames) noexcept {
    auto* const place = reinterpret_cast<HPyCallFunction*>(reinterpret_cast<char*>(self) +
                                                           Py_TYPE(self)->tp_vectorcall_offset);
    // Without the GIL another thread may set a function now (runtime/context/call_function.cpp).
    // relaxed: x86-64 reads this after the word beside it, which CPython read first. A port to a
    // processor that reorders loads needs a fence here.
    const auto impl = std::atomic_ref(place->impl).load(std::memory_order_relaxed);
    return VectorCall::call(self, args, nargsf, kwnames, reinterpret_cast<ThunkTarget>(impl));
}

CFunction thunk_or_trampoline(HPyFunc_Signature signature, HPyCFunction impl, CFunction trampoline,
                              Site site, const FunctionName& name) {
    CFunction const function = find_thunk(signature, impl, site);
    if (function != nullptr) return function;
    const bool serves = !is_layered(site) && trampoline != nullptr;
    const bool foreign = serves && is_in_foreign_file(reinterpret_cast<const void*>(trampoline));
    if (serves && !foreign) return trampoline;
    raise_no_thunk(signature, site, name, foreign);
    return nullptr;
}

} // namespace hpystate
