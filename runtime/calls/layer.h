/// runtime/calls/layer.h: what a layer (debug, trace) tells the thunks of the functions that it
/// watches.
///
/// A layer is a context of its own that wraps the plain one. The mode belongs to the module object:
/// its functions, and those of types that are made through the layer's context, get thunks that
/// call them with that context. The plain thunks know nothing of layers and pay nothing for them.
///
///     CPython --> layered thunk #n --> LayerTarget { impl, layer }
///                     layer.enter(), layer.open(argument)... --> impl(ctx, handles...)
///                     layer.take(result), layer.close(argument)..., layer.leave()
#pragma once

#include <Python.h>

#include <hpy/context.h>

namespace hpystate {

/// The functions of a layer. One constant per layer; its address names it.
struct Layer {
    const char* name; ///< "debug", "trace"

    /// A context of the layer for one call, in the interpreter of the plain context `home`; in the
    /// calling one where that is null or has ended. nullptr with an exception set: no memory, or
    /// SystemError where the interpreter has no state.
    HPyContext* (*enter)(HPyContext* home) noexcept;

    /// The call of that context has returned.
    void (*leave)(HPyContext* context) noexcept;

    /// A handle of the layer for a borrowed object. Null with an exception set: no memory.
    HPy (*open)(HPyContext* context, PyObject* borrowed) noexcept;

    /// The object of a handle that the extension gave back: a new reference; the handle is closed.
    PyObject* (*take)(HPyContext* context, HPy handle) noexcept;

    /// Closes a handle that open() made.
    void (*close)(HPyContext* context, HPy handle) noexcept;
};

} // namespace hpystate
