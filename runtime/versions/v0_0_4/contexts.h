/// runtime/versions/v0_0_4/contexts.h: contexts of HPy 0.0.4, which forward to contexts of 0.9.
///
///     context of 0.0.4:   context._private --> context of 0.9 with the same handles
///
/// Every function of a 0.0.4 context calls the context behind it, which may be a plain one or one
/// of debug or trace mode. So all that those do works for 0.0.4 too, and nothing is written twice.
/// What 0.9 removed or changed is in emulate.cpp.
///
/// Concurrency: a context is filled once, before it is handed out, and never written again. The
/// plain one is in its region (Region::row), where it has the same content for every owner: its
/// handles are static objects of CPython. Threads of an interpreter may be the first at the same
/// time: a lock is held while it is filled, and the word `layer`, written last, is the sign that it
/// is complete (release; acquire). Contexts around those of debug and trace mode are in a table,
/// under the same lock; like those, they are never freed, since stale pointers may lead to them.
#pragma once

#include <Python.h>

#include "interp_state/region.h"
#include "runtime/calls/layer.h"
#include "runtime/versions/v0_0_4/abi.h"

#include <atomic>

namespace hpystate::v0_0_4 {

/// A context of 0.0.4, and what this runtime knows of it.
struct Adapter {
    HPyContext context;              ///< first: it has the address of this struct
    std::atomic<const Layer*> layer; ///< by which the file's functions are called: layer.h
};

/// The context of 0.9 that a context of 0.0.4 forwards to.
[[nodiscard]] inline ::HPyContext* behind(const HPyContext* context) noexcept {
    return static_cast<::HPyContext*>(context->_private);
}

/// The layer of a context of this version.
[[nodiscard]] inline const Layer* layer_of(HPyContext* context) noexcept {
    // relaxed: it was written before the context was handed out.
    return reinterpret_cast<Adapter*>(context)->layer.load(std::memory_order_relaxed);
}

/// The context of 0.0.4 around a plain context.
[[nodiscard]] HPyContext* around_plain(::HPyContext* plain, const Layer& layer) noexcept;

/// The context of 0.0.4 around a context of debug or trace mode. nullptr with an exception set: no
/// memory.
[[nodiscard]] HPyContext* around_layered(::HPyContext* context, const Layer& layer) noexcept;

/// The region of a context of 0.9, of any kind.
[[nodiscard]] Region& region_behind(::HPyContext* context) noexcept;

} // namespace hpystate::v0_0_4
