/// runtime/layers/debug/state.h: what debug mode keeps for one interpreter: handles, contexts,
/// hooks.
///
/// Every call from Python into a function of a module in debug mode gets a context of its own: the
/// one whose call returned the longest ago. The queue of these grows where many calls run at once.
/// A context is valid until the call returns, and not while a call that it made runs. So code that
/// keeps a context and uses it later is found.
///
///     f(ctx 1) --> Python --> g(ctx 2)      ctx 1 waits: g using it is an error
///                          <-- returns      ctx 2 is done, ctx 1 valid again
///
/// Concurrency: the state belongs to its interpreter. Attached threads read and write it; with the
/// GIL one at a time. A word of each context tells whether it is valid: the thread that runs the
/// call writes it, whoever uses the context reads it.
#pragma once

#include <Python.h>

#include "globals/check.h"
#include "interp_state/context_head.h"
#include "interp_state/region.h"
#include "runtime/abi/context_functions.h"
#include "runtime/calls/layer.h"
#include "runtime/elf/static_data.h"
#include "runtime/layers/debug/handle.h"
#include "runtime/layers/debug/misuse.h"

#include <hpy/context.h>
#include <hpystate/fused_table.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace hpystate::layers {

/// The fused calls of every context of debug mode.
extern const hpystate_fused_table kDebugFusedCalls;

/// The name of every context of debug mode.
inline constexpr char kDebugName[] = "HPy Debug Mode ABI (hpystate)";

struct DebugContext : ContextHead {
    enum class Use : std::uint8_t { kDone, kValid, kWaiting };

    explicit DebugContext(DebugState& of_state) noexcept;

    HPyContext context; ///< its _private points to the head
    DebugState* state;
    HPyContext* plain;
    DebugContext* caller = nullptr; ///< of this thread, where a call made a call
    std::atomic<Use> use{Use::kDone};
    std::unique_ptr<DebugContext> behind; ///< the next in the queue of done contexts

    [[nodiscard]] static DebugContext& of(HPyContext* context) noexcept {
        auto* const head = static_cast<ContextHead*>(context->_private);
        HPYSTATE_CHECK(head->magic == &kContextMagic && head->kind == ContextKind::kDebug);
        return *static_cast<DebugContext*>(head);
    }
};

/// Contexts whose call has returned, the oldest first. A queue of links: putting one back never
/// fails.
class DoneContexts {
  public:
    void append(std::unique_ptr<DebugContext> context) noexcept;
    [[nodiscard]] std::unique_ptr<DebugContext> pop_front() noexcept; ///< there is one
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

  private:
    std::unique_ptr<DebugContext> front_;
    DebugContext* back_ = nullptr;
    std::size_t size_ = 0;
};

/// A builder of debug mode; like handles, they are never given back while the interpreter lives.
struct DebugBuilder {
    std::intptr_t plain = 0;
    bool closed = false;
};

struct DebugState : LayerState {
    explicit DebugState(Region& owner);

    /// A new handle that owns `object`, whose reference is taken. Null: no memory, the reference is
    /// released and MemoryError set; null for null.
    [[nodiscard]] HPy open(PyObject* object) noexcept;

    /// Closes an open handle and returns its object, a reference of the caller's now. Reports a
    /// closed handle, a constant, one of another interpreter; nullptr then.
    [[nodiscard]] PyObject* close(HPy word, const char* where) noexcept;

    /// The object of an open handle, borrowed; nullptr for the null handle. Reports misuse; what it
    /// returns then is safe to use: the object if it is known to live, else None.
    [[nodiscard]] PyObject* object_of(HPy word, const char* where) noexcept;

    /// The handle that HPyGlobal_Borrow returns: one per global and value, not among the open ones.
    /// `object` is what the global holds. Null: no memory, MemoryError is set.
    [[nodiscard]] HPy borrow(std::uintptr_t token, PyObject* object) noexcept;

    /// The global was stored to: what it lent is closed.
    void end_borrow(std::uintptr_t token) noexcept;

    /// The interpreter ends: closes all that was lent.
    void end_borrows() noexcept;

    /// The interpreter ends: releases what closed handles retained. Runs any code.
    void release_retained() noexcept;

    /// A read-only copy of characters that lives as long as the handle; `where`, a constant, is the
    /// function that returns it. nullptr: MemoryError is set.
    [[nodiscard]] const char* keep_copy(HPy word, const char* data, std::size_t size,
                                        const char* where) noexcept;

    /// A new builder around a plain one. nullptr: no memory.
    [[nodiscard]] DebugBuilder* open_builder(std::intptr_t plain) noexcept;

    /// Tells the hook of that kind of misuse, or prints and aborts. `describe` returns what was
    /// found, a std::string, and may throw std::bad_alloc; `upstream` is the sentence that HPy's
    /// own debug mode prints, or nullptr.
    template <typename Describe>
    void report(Misuse misuse, Describe&& describe, const char* upstream) noexcept {
        const std::string text = described(describe);
        deliver(misuse, !text.empty() ? text.c_str() : "out of memory while describing it.",
                upstream);
    }

    /// Copies the writable data of the file that contains `address`, for watch_statics. False: no
    /// memory; MemoryError is set.
    [[nodiscard]] bool remember_statics(const void* address) noexcept;

    /// Reports variables that changed since.
    void check_statics() noexcept;

    /// For one call: enter() makes a context valid, leave() ends that.
    [[nodiscard]] DebugContext* enter() noexcept;
    static void leave(DebugContext& context) noexcept;

    /// Whether every handle of a queue is in that queue's state. The thread is attached.
    [[nodiscard]] bool is_valid() const noexcept;

    Region* region;
    std::int64_t interpreter_id;
    bool ended = false; ///< the interpreter is gone; its contexts stay

    std::int64_t generation = 0;
    std::size_t closed_limit = 1024;                ///< handles in the queue
    std::size_t raw_limit = std::size_t{10} << 20U; ///< bytes kept for closed handles
    std::size_t raw_size = 0;                       ///< of these, in use
    std::size_t stack_limit = 0;                    ///< frames; 0: no stacks are taken
    bool explain_crashes = true;                    ///< on characters that it handed out
    bool search_heap = false;                       ///< look for stored values in gc's lists
    bool watch_statics = false;                     ///< compare writable data after every call
    HandleQueue opened;
    HandleQueue closed;

    PyObject* on_invalid_handle = nullptr;  ///< owned; called without arguments
    PyObject* on_invalid_builder = nullptr; ///< owned; called without arguments
    PyObject* on_misuse = nullptr;          ///< owned; called with kind and message

  private:
    void deliver(Misuse misuse, const char* text, const char* upstream) noexcept;
    void report_handle(const DebugHandle& handle, const char* where, const char* how) noexcept;
    void report_static(const std::string& name) noexcept;
    [[nodiscard]] bool record_frames(std::vector<void*>& frames) const noexcept;
    /// A record to be filled, in no queue; runs any code. nullptr: MemoryError is set.
    [[nodiscard]] DebugHandle* fresh_handle() noexcept;
    void forget(DebugHandle& handle) noexcept;
    [[nodiscard]] PyObject* retire(DebugHandle& handle) noexcept;
    void check_borrow(const DebugHandle& handle, const char* where) noexcept;
    [[nodiscard]] std::string describe(const DebugHandle& handle) const;
    [[nodiscard]] static std::string where_made(const DebugHandle& handle);

    std::deque<DebugHandle> handles_; ///< all records; their addresses stay
    HandleQueue spare_;
    std::unordered_map<std::uintptr_t, DebugHandle*> borrowed_; ///< by token
    std::deque<DebugBuilder> builders_;
    std::vector<StaticData> statics_; ///< of the files whose modules run in debug mode here
    DoneContexts done_;
    std::vector<std::unique_ptr<DebugHandle>> constants_;
    HPyContext pattern_; ///< every context starts as a copy of it

    friend void install_debug(HPyContext& context, DebugState& state);
};

/// Fills a context with debug mode's functions and with constant handles.
void install_debug(HPyContext& context, DebugState& state);

/// For the thunks of modules in debug mode.
extern const Layer debug_layer; // NOLINT(readability-identifier-naming): known by its address

/// A module of a definition was executed in that layer in the calling interpreter. False: an
/// exception is set.
[[nodiscard]] bool module_executed(const Layer& layer, const void* definition) noexcept;

/// The functions of hpy.universal._debug; DebugHandle is added by add_debug_types.
[[nodiscard]] PyMethodDef* debug_methods() noexcept;
[[nodiscard]] bool add_debug_types(PyObject* module) noexcept;

/// The state of the calling interpreter; nullptr with an exception set.
[[nodiscard]] DebugState* debug_state() noexcept;

} // namespace hpystate::layers
