/// runtime/loader/fused_link.cpp: two words, written once, in the order that their readers rely on.
#include "runtime/loader/fused_link.h"

#include "interp_state/region.h"
#include "runtime/context/fused.h"
#include "runtime/context/head.h"
#include "runtime/cpython/object_layout.h"
#include "runtime/types/shape.h"

#include <atomic>
#include <cstddef>

namespace hpystate {

namespace {

// What inline forms of files know (hpystate/inline_forms.h). Another layout is another number:
// files that have this one then call, and stay correct.
static_assert(offsetof(Window::Entry, token) == 0 && offsetof(Window::Entry, word) == 8);
static_assert(sizeof(Window::Entry) == 16 &&
              HPYSTATE_WINDOW_MASK == (Window::kEntries - 1) * sizeof(Window::Entry));
static_assert(!kObjectsAreKnown || fixed_offset(HPyType_BuiltinShape_Object) == 16);

/// The fused calls for a context of this runtime; nullptr for one of another. Any thread.
const hpystate_fused_table* find_fused_calls(HPyContext* context) noexcept {
    const ContextHead* const head = context::head_of(context);
    return head != nullptr ? head->fused : nullptr;
}

// offsetof in a struct with private parts is conditionally supported; both compilers support it.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"
/// From the entries of a window, which are the first of it, to its region's plain context.
[[nodiscard]] constexpr std::size_t window_distance() noexcept {
    return offsetof(Region, plain) - offsetof(Region, window);
}
#pragma GCC diagnostic pop

} // namespace

void fill_fused_link(const InspectedFile& file) {
    if (file.fused_link == nullptr) return;
    hpystate_fused_link* const link = file.fused_link;
    // A file that was compiled with a longer table would call what ours does not have.
    if (link->table_size > sizeof(hpystate_fused_table)) return;
    const void* unfilled = link;
    const std::atomic_ref plain(link->plain);
    if (plain.load(std::memory_order_acquire) != unfilled) return;
    // `find` tells whose link it is: of two runtimes that get here at once one fills all of it.
    // Threads of one runtime write the same. find() returns nullptr for a context of another
    // runtime, whose calls are then unfused.
    hpystate_fused_finder owner = nullptr;
    const std::atomic_ref find(link->find);
    if (!find.compare_exchange_strong(owner, &find_fused_calls, std::memory_order_relaxed) &&
        owner != &find_fused_calls)
        return;
    if (kObjectsAreKnown && link->layout == HPYSTATE_OBJECT_LAYOUT) {
        std::atomic_ref(link->window).store(window_distance(), std::memory_order_relaxed);
        std::atomic_ref(link->tuple_items).store(kTupleItems, std::memory_order_relaxed);
        std::atomic_ref(link->known).store(&context::kPlainFusedCalls, std::memory_order_relaxed);
    }
    // release: whoever sees the table sees all of the link.
    plain.store(&context::kPlainFusedCalls, std::memory_order_release);
}

} // namespace hpystate
