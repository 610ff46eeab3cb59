/// runtime/loader/file_context.cpp: gives a file its context once, while other threads wait.
#include <Python.h>

#include "runtime/loader/file_context.h"

#include "globals/check.h"
#include "globals/locks.h"
#include "interp_state/turns.h"
#include "runtime/cpython/attached.h"
#include "runtime/elf/foreign_files.h"
#include "runtime/loader/called.h"
#include "runtime/loader/error.h"
#include "runtime/loader/host.h"
#include "runtime/versions/v0_9/dispatcher.h"

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

namespace hpystate {

namespace {

using InitContext = InspectedFile::InitContext;

[[nodiscard]] const void* data_of(InitContext init_context) noexcept {
    return reinterpret_cast<const void*>(init_context); // the file, by any address in it
}

/// The context for the file's trampolines, which is of the version that it asks for. Throws
/// std::bad_alloc.
[[nodiscard]] HPyContext* dispatcher_for(const InspectedFile& file) {
    return file.offer->dispatcher != nullptr ? file.offer->dispatcher() : context::dispatcher();
}

/// Gives the file the dispatcher, unless another runtime has it. Returns where contexts are then.
[[nodiscard]] ContextWords give(const InspectedFile& file) {
    HPYSTATE_CHECK(may_run_python()); // no lock of ours is held
    join_other_copies();
    ContextWords before = find_contexts(data_of(file.init_context));
    if (foreign_context(before, file.offer->context) != nullptr) return before;
    call_file(file.init_context, dispatcher_for(file));
    return find_contexts(data_of(file.init_context));
}

/// What is known of one file, from its first load to the end of the process.
struct FileState {
    bool given = false;
    ContextWords words;    ///< where contexts are; once it is given, it is never changed again
    bool reported = false; ///< that another runtime has the file
};

/// All files. Only attached threads take the lock, so no thread holds it at a fork whose child
/// CPython lets live.
struct Files {
    RankedMutex mutex{LockRank::kFiles};
    std::unordered_map<InitContext, FileState> states; ///< entries stay where they are, for good
};

/// Never destroyed.
Files& files() {
    static Files& process_wide = *new Files;
    return process_wide;
}

/// Throws std::bad_alloc.
[[nodiscard]] FileState& state_of(const InspectedFile& file) {
    const std::lock_guard lock(files().mutex);
    return files().states[file.init_context];
}

[[nodiscard]] bool is_given(const FileState& state) noexcept {
    const std::lock_guard lock(files().mutex);
    return state.given;
}

/// To be called when the file's function has returned: it is not called again.
void set_given(FileState& state, ContextWords words) noexcept {
    const std::lock_guard lock(files().mutex);
    state.words = std::move(words);
    state.given = true;
}

/// Gives the file its context, or waits until that is done, unless the wait would never end.
/// Returns what is known of it then. Throws AlreadyRaised and what give() throws.
[[nodiscard]] const FileState& give_once(const InspectedFile& file) {
    FileState& state = state_of(file);
    const auto address = reinterpret_cast<std::uintptr_t>(data_of(file.init_context));
    while (!is_given(state)) {
        TurnNode node({nullptr, 0, address});
        Circle circle;
        switch (take_turn(node, circle)) {
        case Turn::kMake:
            break;
        case Turn::kLookAgain:
            continue;
        case Turn::kRaised:
            throw AlreadyRaised();
        case Turn::kCircle:
        case Turn::kStopped:
            return state;
        }
        const Making making(node);
        // Another thread may have given it before this thread's turn.
        if (!is_given(state)) set_given(state, give(file));
    }
    return state;
}

/// A context of another runtime that the file has now; nullptr: none is known. `version` is the
/// file's.
[[nodiscard]] HPyContext* other_context(const FileState& state, Version version) {
    if (!is_given(state)) return nullptr; // the giver looks
    return foreign_context(state.words, version);
}

/// What to do with a file that another runtime has, for the end of a message.
[[nodiscard]] std::string use_a_copy(const InspectedFile& file) {
    return " Nothing was changed. Load the file with one runtime only (hpystate.install() before "
           "the first import of hpy.universal replaces it by hpystate), or load a copy of the "
           "file with hpystate: other_runtimes=\"copy\", or the environment variable "
           "HPYSTATE_OTHER_RUNTIMES=\"" +
           file.name + "=copy\".";
}

[[noreturn]] void refuse(const InspectedFile& file, const HPyContext* other,
                         const std::string& why) {
    throw LoadError(LoadErrorKind::kOtherRuntime,
                    file.path + ": " + runtime_of(other) + " has already loaded this file. " + why +
                        use_a_copy(file),
                    {{"name", file.short_name}});
}

/// True for the first call only.
[[nodiscard]] bool is_first_report(const InspectedFile& file) {
    FileState& state = state_of(file);
    const std::lock_guard lock(files().mutex);
    return !std::exchange(state.reported, true);
}

void report_other_runtime(const InspectedFile& file, const HPyContext* other) {
    if (!is_first_report(file)) return;
    const std::string text = file.path + ": " + runtime_of(other) + ", \"" + other->name +
                             "\", has loaded this file too. hpystate leaves alone what it writes "
                             "into the file's globals, "
                             "and keeps its own values beside them (docs/design.md, section 5).";
    if (PyErr_WarnEx(PyExc_RuntimeWarning, text.c_str(), 1) != 0) throw AlreadyRaised();
}

} // namespace

bool give_dispatcher(const InspectedFile& file, Sharing sharing) {
    const HPyContext* const other = other_context(give_once(file), file.offer->context);
    if (other == nullptr) return false;
    const bool refused =
        sharing == Sharing::kRefuse || (sharing == Sharing::kDefault && is_of_upstream(*other));
    if (refused) {
        refuse(file, other,
               "Two runtimes cannot share a file: each stores values of its own in the file's "
               "globals, and the file's functions call only one runtime.");
    }
    add_foreign_file(data_of(file.init_context));
    report_other_runtime(file, other);
    return true;
}

void check_unshared(const InspectedFile& file) {
    join_other_copies();
    const auto* const init = reinterpret_cast<const void*>(file.old_init);
    const HPyContext* const other = foreign_context(find_contexts(init), Version::kV004);
    if (other == nullptr) return;
    refuse(file, other,
           "A file of HPy 0.0.4 cannot be shared: its HPyInit_" + file.short_name +
               " would take it away from that runtime.");
}

} // namespace hpystate
