/// runtime/versions/around/contexts.h: contexts of other versions, which forward to those of
/// kTrunk.
///
///     context of another version:   context._private --> head --trunk--> context of 0.9
///
/// The head is before the context in memory (adapter.h). Every function of such a context calls the
/// one that it forwards to, which may be a plain one or one of debug or trace mode, and has the
/// same handles. So all that those do works for the other version too, and nothing is written
/// twice. What the version has otherwise is in its own folder: emulate.cpp there.
///
/// Concurrency: a context is filled before it is handed out. The plain one is in the room of its
/// version behind the region (Region::room_of). It is filled again when the region serves another
/// interpreter, with the same functions: those of a stale context stay callable. Threads of an
/// interpreter may be the first at the same time: a lock is held while it is filled, and the word
/// `filled_for`, written last, is the sign that it is complete (release; acquire). Contexts around
/// those of debug and trace mode are in a table, under the same lock; like those, they are never
/// freed, since stale pointers may lead to them.
#pragma once

#include <Python.h>

#include "interp_state/context_head.h"
#include "runtime/calls/layer.h"
#include "runtime/versions/around/adapter.h"

#include <cstddef>

namespace hpystate::around {

/// A version other than kTrunk: one constant for each.
struct OtherVersion {
    Version version;     ///< its row
    AbiVersion abi;      ///< its number
    const char* release; ///< "0.0.4", for messages
    const void* table;   ///< its HPyContext, with all functions and without handles
    std::size_t size;    ///< of that, in bytes

    /// Copies the handles of a context of kTrunk to the members of the same names.
    void (*take_handles)(void* context, const HPyContext& trunk) noexcept;
};

/// Calls the function of the context behind. The parameters are the other version's, and convert to
/// kTrunk's.
template <auto Member, typename Function>
struct Forward;

template <auto Member, typename R, typename Context, typename... A>
struct Forward<Member, R (*)(Context*, A...)> {
    static R call(Context* context, A... args) noexcept {
        HPyContext* const trunk = behind(context);
        return (trunk->*Member)(trunk, args...);
    }
};

/// For an entry of a version's list: a function that returns what the entry points to, `Own::name`
/// if the version has that, else the function that forwards. A name that neither has is an error of
/// the compiler, and so is a type that does not convert.
#define HPYSTATE_AROUND_ENTRY(Context, name)                                                       \
    template <typename Own, typename Trunk>                                                        \
    constexpr auto entry_##name() noexcept {                                                       \
        if constexpr (requires { &Own::name; }) {                                                  \
            return &Own::name;                                                                     \
        } else {                                                                                   \
            return &hpystate::around::Forward<&Trunk::ctx_##name,                                  \
                                              decltype(Context::ctx_##name)>::call;                \
        }                                                                                          \
    }

/// Fills the plain context of a version, if no other thread was first, and returns it.
[[nodiscard]] HPyContext* fill_plain(const OtherVersion& version, HPyContext* plain,
                                     const Layer& layer) noexcept;

/// The context of a version around a plain context. The thread is attached to its interpreter.
/// Inline: hpystate_context_for() calls it for each call between extensions of two versions.
[[nodiscard]] inline HPyContext* around_plain(const OtherVersion& version, HPyContext* plain,
                                              const Layer& layer) noexcept {
    Region& region = *Region::of(plain);
    auto& adapter = *static_cast<Adapter*>(region.room_of(version.version));
    if (!adapter.is_filled_for(region)) [[unlikely]]
        return fill_plain(version, plain, layer);
    return static_cast<HPyContext*>(adapter.context());
}

/// The context of a version around a context of debug or trace mode. nullptr with an exception set:
/// no memory.
[[nodiscard]] HPyContext* around_layered(const OtherVersion& version, HPyContext* trunk,
                                         const Layer& layer) noexcept;

/// The context of a version for the trampolines of its files: around the dispatcher. Any thread.
/// Throws std::bad_alloc.
[[nodiscard]] HPyContext* around_dispatcher(const OtherVersion& version, const Layer& layer);

} // namespace hpystate::around
