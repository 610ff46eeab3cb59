/// runtime/versions/v0_0_4/layer.cpp: three layers: around plain, debug and trace contexts.
#include "runtime/versions/v0_0_4/layer.h"

#include "interp_state/current.h"
#include "runtime/calls/handle.h"
#include "runtime/layers/debug/state.h"
#include "runtime/layers/trace/trace.h"
#include "runtime/versions/v0_0_4/adapter.h"
#include "runtime/versions/v0_0_4/contexts.h"

namespace hpystate::v0_0_4 {

namespace {

/// To thunks a context is a word that they pass on.
[[nodiscard]] ::HPyContext* as_passed(HPyContext* context) noexcept {
    return reinterpret_cast<::HPyContext*>(context);
}

// ---- plain: a handle is the object's address ----

extern const Layer kPlain;

::HPyContext* enter_plain(::HPyContext* home) noexcept {
    if (home == nullptr) {
        Region* const region = current_region();
        if (region == nullptr) {
            PyErr_SetString(PyExc_SystemError,
                            "hpystate: a function of an HPy 0.0.4 extension was called in an "
                            "interpreter that did not import the extension. Import it there, and "
                            "do not share objects between interpreters.");
            return nullptr;
        }
        home = &region->context();
    }
    return as_passed(around_plain(home, kPlain));
}

void leave_plain(::HPyContext*) noexcept {}

HPy open_plain(::HPyContext*, PyObject* borrowed) noexcept {
    return as_handle(borrowed);
}

PyObject* take_plain(::HPyContext*, HPy handle) noexcept {
    return as_object(handle);
}

void close_plain(::HPyContext*, HPy) noexcept {}

constinit const Layer kPlain{"HPy 0.0.4", &enter_plain, &leave_plain,
                             &open_plain, &take_plain,  &close_plain};

// ---- debug and trace mode: what their layer does ----

template <const Layer& Mode>
struct In {
    static const Layer kLayer;

    static ::HPyContext* enter(::HPyContext* home) noexcept {
        ::HPyContext* const below = Mode.enter(home);
        if (below == nullptr) return nullptr;
        HPyContext* const context = around_layered(below, kLayer);
        if (context == nullptr) Mode.leave(below);
        return as_passed(context);
    }

    static void leave(::HPyContext* context) noexcept { Mode.leave(behind(as_old(context))); }

    static HPy open(::HPyContext* context, PyObject* borrowed) noexcept {
        return Mode.open(behind(as_old(context)), borrowed);
    }

    static PyObject* take(::HPyContext* context, HPy handle) noexcept {
        return Mode.take(behind(as_old(context)), handle);
    }

    static void close(::HPyContext* context, HPy handle) noexcept {
        Mode.close(behind(as_old(context)), handle);
    }
};

template <const Layer& Mode>
constinit const Layer In<Mode>::kLayer{
    "HPy 0.0.4 (debug or trace)", &enter, &leave, &open, &take, &close};

} // namespace

const Layer& layer_in(const Layer* mode) noexcept {
    if (mode == &layers::debug_layer) return In<layers::debug_layer>::kLayer;
    if (mode == &layers::trace_layer) return In<layers::trace_layer>::kLayer;
    return kPlain;
}

::HPyContext* around(::HPyContext* trunk, ContextKind kind) noexcept {
    switch (kind) {
    case ContextKind::kDebug:
        return as_passed(around_layered(trunk, In<layers::debug_layer>::kLayer));
    case ContextKind::kTrace:
        return as_passed(around_layered(trunk, In<layers::trace_layer>::kLayer));
    case ContextKind::kPlain:
        break;
    }
    return as_passed(around_plain(trunk, kPlain));
}

} // namespace hpystate::v0_0_4
