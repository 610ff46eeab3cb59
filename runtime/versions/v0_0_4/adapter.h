/// runtime/versions/v0_0_4/adapter.h: a context of 0.0.4 in memory, and what is behind it.
///
/// Written by contexts.cpp, which explains who may read it when.
#pragma once

#include <Python.h>

#include "interp_state/region.h"
#include "runtime/calls/layer.h"
#include "runtime/context/head.h"
#include "runtime/versions/v0_0_4/abi.h"

#include <atomic>

namespace hpystate::v0_0_4 {

/// A context of 0.0.4, and what this runtime knows of it.
struct Adapter {
    HPyContext context;              ///< first: it has the address of this struct
    std::atomic<const Layer*> layer; ///< by which the file's functions are called: layer.h

    /// What the context's `_private` points to, so context::head_of() recognises it.
    ContextHead head{Version::kV004, ContextKind::kPlain, nullptr, nullptr};
};

/// The context of 0.9 that a context of 0.0.4 forwards to.
[[nodiscard]] inline ::HPyContext* behind(const HPyContext* context) noexcept {
    return reinterpret_cast<const Adapter*>(context)->head.trunk;
}

/// The layer of a context of this version.
[[nodiscard]] inline const Layer* layer_of(HPyContext* context) noexcept {
    // relaxed: it was written before the context was handed out.
    return reinterpret_cast<Adapter*>(context)->layer.load(std::memory_order_relaxed);
}

/// The region of a context of 0.9, of any kind.
[[nodiscard]] inline Region& region_behind(::HPyContext* context) noexcept {
    const ContextHead* const head = context::head_of(context);
    Region* const region = head != nullptr ? head->region : nullptr;
    return region != nullptr ? *region : *Region::of(context);
}

} // namespace hpystate::v0_0_4
