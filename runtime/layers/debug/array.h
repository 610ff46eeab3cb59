/// runtime/layers/debug/array.h: calls with an array of handles: counts the keywords, unwraps the
/// handles, calls, opens a handle for the result.
#pragma once

#include "runtime/calls/handle.h"
#include "runtime/cpython/guarded.h"
#include "runtime/layers/debug/call.h"

#include <cstddef>
#include <vector>

namespace hpystate::layers {

/// An array of plain handles, made of an array of debug handles.
class Array {
  public:
    Array(const Call& call, const HPy* handles, std::size_t count) noexcept {
        if (handles == nullptr || count == 0) return; // the plain function raises for a missing one
        complete_ = guarded(false, [&] {
            plain_.reserve(count);
            return true;
        });
        for (std::size_t i = 0; complete_ && i < count; ++i)
            plain_.push_back(call.in(handles[i]));
    }

    /// False: MemoryError is set.
    [[nodiscard]] bool complete() const noexcept { return complete_; }
    /// nullptr: it is empty.
    [[nodiscard]] HPy* get() noexcept { return plain_.empty() ? nullptr : plain_.data(); }

  private:
    std::vector<HPy> plain_;
    bool complete_ = true;
};

/// Counts the names of keywords: so many values follow the positional arguments. False: `kwnames`
/// is not a tuple; `sentence` was reported and a TypeError set.
[[nodiscard]] bool count_keywords(const Call& call, HPy kwnames, const char* sentence,
                                  std::size_t& count) noexcept;

/// Calls `invoke` with an array of plain handles, and opens a handle for what it returns. Null with
/// an exception set: no memory, or what `invoke` failed with. A negative count is treated as 0.
template <typename Invoke>
[[nodiscard]] HPy call_with_array(const Call& call, const HPy* handles, HPy_ssize_t count,
                                  Invoke&& invoke) noexcept {
    Array array(call, handles, count > 0 ? static_cast<std::size_t>(count) : 0);
    return array.complete() ? call.out(invoke(array.get())) : kNullHandle;
}

/// The same for `nargs` positional arguments, followed by the values of keywords. `sentence` is
/// reported if `kwnames` is not a tuple. `invoke` gets the array and the plain names.
template <typename Invoke>
[[nodiscard]] HPy call_with_keywords(const Call& call, const HPy* args, std::size_t nargs,
                                     HPy kwnames, const char* sentence, Invoke&& invoke) noexcept {
    std::size_t named = 0;
    if (!count_keywords(call, kwnames, sentence, named)) return kNullHandle;
    Array array(call, args, nargs + named);
    return array.complete() ? call.out(invoke(array.get(), call.in(kwnames))) : kNullHandle;
}

} // namespace hpystate::layers
