/// runtime/versions/v0_0_4/contexts.h: contexts of HPy 0.0.4, which forward to contexts of 0.9.
///
///     context of 0.0.4:   context._private --> head --trunk--> context of 0.9, same handles
///
/// The head follows the context in memory (adapter.h). Every function of a 0.0.4 context calls the
/// context that it forwards to, which may be a plain one or one of debug or trace mode. So all that
/// those do works for 0.0.4 too, and nothing is written twice. What 0.9 removed or changed is in
/// emulate.cpp.
///
/// Concurrency: a context is filled once, before it is handed out, and never written again. The
/// plain one is in its region (Region::row), where it has the same content for every owner: its
/// handles are static objects of CPython. Threads of an interpreter may be the first at the same
/// time: a lock is held while it is filled, and the word `layer`, written last, is the sign that it
/// is complete (release; acquire). Contexts around those of debug and trace mode are in a table,
/// under the same lock; like those, they are never freed, since stale pointers may lead to them.
#pragma once

#include <Python.h>

#include "runtime/calls/layer.h"
#include "runtime/versions/v0_0_4/abi.h"

namespace hpystate::v0_0_4 {

/// The context of 0.0.4 around a plain context.
[[nodiscard]] HPyContext* around_plain(::HPyContext* plain, const Layer& layer) noexcept;

/// The context of 0.0.4 around a context of debug or trace mode. nullptr with an exception set: no
/// memory.
[[nodiscard]] HPyContext* around_layered(::HPyContext* context, const Layer& layer) noexcept;

} // namespace hpystate::v0_0_4
