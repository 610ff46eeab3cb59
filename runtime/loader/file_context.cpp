/// runtime/loader/file_context.cpp: gives a file its context once, while other threads wait.
#include <Python.h>

#include "runtime/loader/file_context.h"

#include "globals/check.h"
#include "globals/locks.h"
#include "globals/sleep.h"
#include "runtime/cpython/attached.h"
#include "runtime/cpython/interpreter_end.h"
#include "runtime/elf/foreign_files.h"
#include "runtime/loader/called.h"
#include "runtime/loader/error.h"
#include "runtime/loader/host.h"
#include "runtime/versions/v0_9/dispatcher.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <unistd.h>
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
    enum class Phase : std::uint8_t { kNew, kBeingGiven, kGiven };

    Phase phase = Phase::kNew;
    std::thread::id giver; ///< while it is being given
    pid_t process = 0;     ///< of the giver: the child of a fork does not have that thread
    ContextWords words;    ///< where contexts are; once it is given, when it is never changed again
    bool reported = false; ///< that another runtime has the file
};

/// All files, and who waits for which. `mutex` guards all but `finished`. Only attached threads
/// take it, so no thread holds it at a fork whose child CPython lets live.
struct Board {
    RankedMutex mutex{LockRank::kFiles};
    std::unordered_map<InitContext, FileState> files; ///< entries stay where they are, for good
    std::unordered_map<std::thread::id, const FileState*> waits;

    /// Advanced after every change of a phase from kBeingGiven; waiters sleep on it. Relaxed: they
    /// read the phase under the lock.
    std::atomic<std::uint32_t> finished{0};
};

/// Never destroyed.
Board& board() {
    static Board& process_wide = *new Board;
    return process_wide;
}

/// Under the lock: whether a wait for the file would never end: the calling thread gives it, or its
/// giver waits for a file that the calling thread gives, and so on.
[[nodiscard]] bool closes_circle(const FileState* file) noexcept {
    const std::thread::id self = std::this_thread::get_id();
    // This ends: a wait that would close a circle is never added, so every chain is finite.
    while (file->phase == FileState::Phase::kBeingGiven) {
        if (file->giver == self) return true;
        const auto wait = board().waits.find(file->giver);
        if (wait == board().waits.end()) return false;
        file = wait->second;
    }
    return false;
}

enum class Turn : std::uint8_t { kGive, kGoOn, kWait };

/// Under the lock: what the calling thread has to do about the file. If it gives the file or waits
/// for it, the other threads see that from here on. Throws std::bad_alloc.
[[nodiscard]] Turn take_turn(FileState& file, bool can_wait) {
    if (file.phase == FileState::Phase::kGiven) return Turn::kGoOn;
    const bool begun = file.phase == FileState::Phase::kBeingGiven && file.process == getpid();
    if (!begun) {
        file.phase = FileState::Phase::kBeingGiven;
        file.giver = std::this_thread::get_id();
        file.process = getpid();
        // Another thread of this id may have been stopped while it waited: ids are reused.
        board().waits.erase(file.giver);
        return Turn::kGive;
    }
    if (!can_wait || closes_circle(&file)) return Turn::kGoOn;
    board().waits[std::this_thread::get_id()] = &file;
    return Turn::kWait;
}

/// Sleeps, detached, until some file was given, or a signal arrived. Throws AlreadyRaised.
void sleep_once(std::uint32_t seen) {
    // A signal may arrive just before the thread sleeps, or at another thread: so the thread that
    // runs handlers wakes up by itself this often.
    constexpr std::chrono::milliseconds kBetweenLooks{50};
    const auto limit = is_first_thread() ? kBetweenLooks : std::chrono::milliseconds::zero();
    Py_BEGIN_ALLOW_THREADS static_cast<void>(sleep_on(board().finished, seen, limit));
    Py_END_ALLOW_THREADS {
        const std::lock_guard lock(board().mutex);
        board().waits.erase(std::this_thread::get_id());
    }
    if (PyErr_CheckSignals() != 0) throw AlreadyRaised();
}

/// The calling thread gives the file as long as this lives.
class Giving {
  public:
    explicit Giving(FileState& file) noexcept : file_(file) {}
    Giving(const Giving&) = delete;
    Giving& operator=(const Giving&) = delete;

    /// To be called when the file's function has returned: it is not called again.
    void finish(ContextWords words) noexcept {
        given_ = true;
        words_ = std::move(words);
    }

    ~Giving() {
        {
            const std::lock_guard lock(board().mutex);
            file_.words = std::move(words_);
            file_.phase = given_ ? FileState::Phase::kGiven : FileState::Phase::kNew;
        }
        board().finished.fetch_add(1, std::memory_order_relaxed);
        wake_all(board().finished);
    }

  private:
    FileState& file_;
    ContextWords words_;
    bool given_ = false;
};

/// Gives the file its context, or waits until that is done. Returns what is known of it then.
[[nodiscard]] const FileState& give_once(const InspectedFile& file) {
    const bool can_wait = !has_stopped_threads();
    for (;;) {
        std::unique_lock lock(board().mutex);
        FileState& state = board().files[file.init_context];
        const Turn turn = take_turn(state, can_wait);
        if (turn == Turn::kGoOn) return state;
        const std::uint32_t seen = board().finished.load(std::memory_order_relaxed);
        lock.unlock();
        if (turn == Turn::kWait) {
            sleep_once(seen);
            continue;
        }
        Giving giving(state);
        giving.finish(give(file));
        return state;
    }
}

/// A context of another runtime that the file has now; nullptr: none is known. `version` is the
/// file's.
[[nodiscard]] HPyContext* other_context(const FileState& state, Version version) {
    {
        const std::lock_guard lock(board().mutex);
        if (state.phase != FileState::Phase::kGiven) return nullptr; // the giver looks
    }
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
    const std::lock_guard lock(board().mutex);
    return !std::exchange(board().files[file.init_context].reported, true);
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
