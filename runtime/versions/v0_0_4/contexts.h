/// runtime/versions/v0_0_4/contexts.h: contexts of HPy 0.0.4, which forward to contexts of 0.9
/// (runtime/versions/around/contexts.h). What 0.9 removed or changed is in emulate.cpp.
#pragma once

#include <Python.h>

#include "runtime/versions/around/layers.h"
#include "runtime/versions/v0_0_4/abi.h"

namespace hpystate::v0_0_4 {

extern const around::OtherVersion kVersion;

/// How functions of a 0.0.4 file are called.
using Layers = around::LayersOf<kVersion>;

/// A context that a layer of this version returned, as one of 0.0.4.
[[nodiscard]] inline HPyContext* as_old(::HPyContext* context) noexcept {
    return reinterpret_cast<HPyContext*>(context);
}

} // namespace hpystate::v0_0_4
