/// runtime/versions/around/adapter.h: a context of another version in memory, and what is before
/// it.
///
/// Written by contexts.cpp, which explains who may read it when. A context of any version is passed
/// as an ::HPyContext*, a word that layers and thunks pass on; its functions know what it is.
#pragma once

#include <Python.h>

#include "interp_state/context_head.h"
#include "interp_state/region.h"
#include "runtime/abi/version.h"
#include "runtime/calls/layer.h"
#include "runtime/context/head.h"

#include <atomic>
#include <cstdint>

namespace hpystate::around {

/// What this runtime knows of a context. The context follows in memory, so this is found by a
/// constant offset, whichever version the context has.
struct Adapter {
    std::atomic<const Layer*> layer; ///< by which the file's functions are called: layers.h
    AbiVersion abi;                  ///< the number of the version

    /// The generation of the region that a plain context was filled for; 0: it is empty. Written
    /// last.
    std::atomic<std::uint32_t> filled_for;

    /// What the context's `_private` points to, so context::head_of() recognises it.
    ContextHead head;

    /// Whether it is complete for the region's owner.
    [[nodiscard]] bool is_filled_for(const Region& region) const noexcept {
        // acquire: pairs with the release of whoever filled it.
        return filled_for.load(std::memory_order_acquire) == region.generation;
    }

    /// The context.
    [[nodiscard]] void* context() noexcept { return this + 1; }

    template <typename Context>
    [[nodiscard]] static const Adapter* of(const Context* context) noexcept {
        return reinterpret_cast<const Adapter*>(context) - 1;
    }
};

/// The context of kTrunk that a context of another version forwards to.
template <typename Context>
[[nodiscard]] HPyContext* behind(const Context* context) noexcept {
    return Adapter::of(context)->head.trunk;
}

/// The layer of a context of another version.
template <typename Context>
[[nodiscard]] const Layer* layer_of(const Context* context) noexcept {
    // relaxed: it was written before the context was handed out.
    return Adapter::of(context)->layer.load(std::memory_order_relaxed);
}

/// The region of a context of kTrunk, of any kind.
[[nodiscard]] inline Region& region_behind(HPyContext* trunk) noexcept {
    const ContextHead* const head = context::head_of(trunk);
    Region* const region = head != nullptr ? head->region : nullptr;
    return region != nullptr ? *region : *Region::of(trunk);
}

} // namespace hpystate::around
