/// runtime/loader/fused_link.cpp: two words, written once, in the order that their readers rely on.
#include "runtime/loader/fused_link.h"

#include "runtime/context/fused.h"
#include "runtime/context/head.h"

#include <atomic>

namespace hpystate {

namespace {

/// The fused calls for a context of this runtime; nullptr for one of another. Any thread.
const hpystate_fused_table* find_fused_calls(HPyContext* context) noexcept {
    const ContextHead* const head = context::head_of(context);
    return head != nullptr ? head->fused : nullptr;
}

} // namespace

void fill_fused_link(const InspectedFile& file) {
    if (file.fused_link == nullptr) return;
    hpystate_fused_link* const link = file.fused_link;
    // A file that was compiled with a longer table would call what ours does not have.
    if (link->table_size > sizeof(hpystate_fused_table)) return;
    const void* unfilled = link;
    const std::atomic_ref plain(link->plain);
    if (plain.load(std::memory_order_acquire) != unfilled) return;
    // Two runtimes that get here at once may both write `find`; one of them wins `plain`. find()
    // returns nullptr for a context of the other runtime, whose calls are then unfused.
    std::atomic_ref(link->find).store(&find_fused_calls, std::memory_order_relaxed);
    // release: whoever sees the table sees `find`.
    plain.compare_exchange_strong(unfilled, &context::kPlainFusedCalls, std::memory_order_release,
                                  std::memory_order_relaxed);
}

} // namespace hpystate
