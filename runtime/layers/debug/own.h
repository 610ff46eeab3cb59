/// runtime/layers/debug/own.h: declares the functions that debug mode has of its own, by own.def.
/// They are defined by topic; table.cpp puts them into the context.
#pragma once

#include <hpy/context.h>

namespace hpystate::layers {

template <typename Member>
struct OwnFunction;

/// The function of a context's member, as one that does not throw.
template <typename R, typename... A>
struct OwnFunction<R (*HPyContext::*)(A...)> {
    using Type = R(A...) noexcept;
};

#define HPYSTATE_OWN(name) OwnFunction<decltype(&HPyContext::ctx_##name)>::Type own_##name;
#include "runtime/layers/debug/own.def"

} // namespace hpystate::layers
