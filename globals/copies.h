/// globals/copies.h: the copies of this runtime in one process, and where they meet.
///
/// A process may have several copies: one in each of two Pythons, or two versions of the package in
/// one. Each has its own contexts and globals. They share the files of extensions, and a file has
/// one static pointer to a context, for its trampolines. So a copy must recognise the contexts of
/// the others, and pass on a call that belongs to another one.
///
/// The dynamic linker keeps the copies apart (RTLD_LOCAL), so none finds another one by a symbol's
/// name alone. Each exports `hpystate_meeting_1`. The one in the object that was loaded first is
/// the meeting of the process: every copy walks the same list of objects and finds the same one.
///
/// Concurrency: `Meeting::first` is pushed to by compare and exchange (release), once by each copy,
/// and read by any thread (acquire). An entry is complete before it is pushed, constant afterwards,
/// and never removed: a copy is not unloaded (-z nodelete).
#pragma once

#include <hpy/handle.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace hpystate {

/// See RuntimeCopy::call_from_old_trampoline.
using OldCall = void (*)(int signature, void (*function)(), void* packed) noexcept;

/// See RuntimeCopy::call_from_other_trampoline.
using OtherCall = bool (*)(std::uint32_t major, std::uint32_t minor, int signature,
                           void (*function)(), void* packed) noexcept;

/// What a copy tells the others. This struct and the next one are a contract between versions of
/// the package: later ones may append fields and say so by `size`, but change none.
struct RuntimeCopy {
    std::uint32_t size;        ///< of this struct, in bytes
    std::uint32_t type_offset; ///< of the type's address in an object of its Python, in bytes
    const void* type_of_types; ///< the object `type` of its Python: this is how Pythons differ
    HPyContext* dispatcher;    ///< the context that it writes into files

    /// The 0.9 context of the interpreter of its Python that the calling thread is attached to;
    /// nullptr: the thread is attached to none, or that one has not imported the copy.
    HPyContext* (*callers_context)() noexcept;

    /// Whether one of `count` objects of its Python belongs to a module or a type that this copy
    /// made. `first_is_type`: then objects[0] is a type that counts itself. The thread is attached;
    /// no Python code runs. Objects may be null.
    bool (*owns)(void* const* objects, std::size_t count, bool first_is_type) noexcept;

    /// Calls a function of a file of HPy 0.0.4 in its Python, with what the file's trampoline has
    /// packed. The numbers of the signatures are those of 0.0.4.
    OldCall call_from_old_trampoline;

    RuntimeCopy* next; ///< written before it is pushed

    /// Calls a function of a file of another version that has the structs of 0.9, in its Python,
    /// with what the file's trampoline has packed. False: this copy does not have that version, and
    /// nothing was called. Appended: a copy whose `size` ends before it has no such version.
    OtherCall call_from_other_trampoline;
};

struct Meeting {
    std::atomic<RuntimeCopy*> first;
};

/// The list of the process. The first call asks the dynamic linker.
[[nodiscard]] Meeting& meeting();

/// Adds a copy, which is never removed. To be called once.
void join(RuntimeCopy& copy);

/// The first of the copies that have joined; `next` leads to the others. nullptr: none has.
[[nodiscard]] const RuntimeCopy* first_copy();

} // namespace hpystate
