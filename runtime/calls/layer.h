/// runtime/calls/layer.h: the functions by which thunks call an extension through a layer (debug,
/// trace).
///
/// A layer has contexts of its own, which wrap the plain one. A module object has a mode: in debug
/// or trace mode its functions, and those of types that are made through the layer's context, get
/// thunks that call them with a context of the layer. Plain thunks do not know layers and do not
/// pay for them.
///
///     CPython --> layered thunk #n --> LayerTarget { impl, layer }
///                     layer.enter(), layer.open(argument)... --> impl(ctx, handles...)
///                     layer.take(result), layer.close(argument)..., layer.leave()
#pragma once

#include <Python.h>

#include <hpy/context.h>

namespace hpystate {

/// The functions of a layer. There is one constant per layer, and its address identifies the layer.
struct Layer {
    const char* name; ///< "debug", "trace"

    /// Returns a context of the layer for one call, in the interpreter of the plain context `home`,
    /// or in the calling interpreter if `home` is null or has ended. nullptr with an exception set:
    /// no memory, or SystemError if the interpreter has no state.
    HPyContext* (*enter)(HPyContext* home) noexcept;

    /// Ends that call: the extension's function has returned.
    void (*leave)(HPyContext* context) noexcept;

    /// Returns a handle of the layer for a borrowed object. Null with an exception set: no memory.
    HPy (*open)(HPyContext* context, PyObject* borrowed) noexcept;

    /// Closes a handle that the extension returned, and returns its object, a new reference.
    PyObject* (*take)(HPyContext* context, HPy handle) noexcept;

    /// Closes a handle that open() made.
    void (*close)(HPyContext* context, HPy handle) noexcept;
};

} // namespace hpystate
