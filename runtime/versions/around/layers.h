/// runtime/versions/around/layers.h: how functions of a file of another version are called.
///
/// They take a context of that version, and one of HPy 0.0.4 may write to the array of arguments
/// that it gets. So they are called by layered thunks (runtime/calls/layer.h), which copy arguments
/// and get the context from a layer: it asks the layer below for a context of kTrunk, and puts one
/// of the version around it. Below is nothing (plain), debug or trace mode:
///
///     CPython --> layered thunk --> enter(): plain, debug or trace context of kTrunk
///                                            context of the version around it
///                                --> impl(context of the version, ...)
#pragma once

#include <Python.h>

#include "interp_state/context_head.h"
#include "interp_state/current.h"
#include "runtime/calls/handle.h"
#include "runtime/calls/layer.h"
#include "runtime/context/head.h"
#include "runtime/layers/debug/state.h"
#include "runtime/layers/trace/trace.h"
#include "runtime/versions/around/contexts.h"

namespace hpystate::around {

/// The plain context of kTrunk for a call: that of `home`, or where that is null of the calling
/// interpreter. nullptr with a SystemError set: that one did not import the extension.
[[nodiscard]] HPyContext* home_or_current(HPyContext* home, const char* release) noexcept;

/// The layers of a version: one for each mode.
template <const OtherVersion& V>
struct LayersOf {
    /// For functions of the version in a mode: debug_layer, trace_layer, or nullptr for plain.
    [[nodiscard]] static const Layer& in(const Layer* mode) noexcept {
        if (mode == &layers::debug_layer) return Around<layers::debug_layer>::kLayer;
        if (mode == &layers::trace_layer) return Around<layers::trace_layer>::kLayer;
        return Plain::kLayer;
    }

    /// The context of the version for a context of any version (Offer::sibling).
    [[nodiscard]] static HPyContext* sibling(HPyContext* of) noexcept {
        // Calls from extensions of kTrunk in plain mode: as few instructions as possible.
        if (of != nullptr && of->_private == &context::kPlainFusedCalls) [[likely]]
            return around_plain(V, of, Plain::kLayer);
        return sibling_of_any(of);
    }

    /// For the trampolines of files. Throws std::bad_alloc.
    [[nodiscard]] static HPyContext* dispatcher() { return around_dispatcher(V, Plain::kLayer); }

  private:
    [[nodiscard, gnu::noinline]] static HPyContext* sibling_of_any(HPyContext* of) noexcept {
        HPyContext* const trunk = context::trunk_of(of);
        if (trunk == nullptr) return nullptr;
        const ContextHead& head = *context::head_of(of);
        if (head.version == V.version) return of;
        switch (head.kind) {
        case ContextKind::kDebug:
            return around_layered(V, trunk, Around<layers::debug_layer>::kLayer);
        case ContextKind::kTrace:
            return around_layered(V, trunk, Around<layers::trace_layer>::kLayer);
        case ContextKind::kPlain:
            break;
        }
        return around_plain(V, trunk, Plain::kLayer);
    }

    /// A handle is the object's address.
    struct Plain {
        static const Layer kLayer;

        static HPyContext* enter(HPyContext* home) noexcept {
            HPyContext* const trunk = home_or_current(home, V.release);
            return trunk != nullptr ? around_plain(V, trunk, kLayer) : nullptr;
        }
        static void leave(HPyContext*) noexcept {}
        static HPy open(HPyContext*, PyObject* borrowed) noexcept { return as_handle(borrowed); }
        static PyObject* take(HPyContext*, HPy handle) noexcept { return as_object(handle); }
        static void close(HPyContext*, HPy) noexcept {}
    };

    /// What the layer below does.
    template <const Layer& Mode>
    struct Around {
        static const Layer kLayer;

        static HPyContext* enter(HPyContext* home) noexcept {
            HPyContext* const below = Mode.enter(home);
            if (below == nullptr) return nullptr;
            HPyContext* const context = around_layered(V, below, kLayer);
            if (context == nullptr) Mode.leave(below);
            return context;
        }
        static void leave(HPyContext* context) noexcept { Mode.leave(behind(context)); }
        static HPy open(HPyContext* context, PyObject* borrowed) noexcept {
            return Mode.open(behind(context), borrowed);
        }
        static PyObject* take(HPyContext* context, HPy handle) noexcept {
            return Mode.take(behind(context), handle);
        }
        static void close(HPyContext* context, HPy handle) noexcept {
            Mode.close(behind(context), handle);
        }
    };
};

template <const OtherVersion& V>
constinit const Layer LayersOf<V>::Plain::kLayer{
    "another version of HPy", &enter, &leave, &open, &take, &close};

template <const OtherVersion& V>
template <const Layer& Mode>
constinit const Layer LayersOf<V>::Around<Mode>::kLayer{
    "another version of HPy", &enter, &leave, &open, &take, &close};

} // namespace hpystate::around
