/// tests/model/explorer.cpp: the search.
#include "tests/model/explorer.h"

#include <bit>

namespace hpystate::model {

namespace {

[[nodiscard]] constexpr unsigned bit(std::size_t thread) noexcept {
    return 1U << thread;
}

} // namespace

bool dependent(const Operation& one, const Operation& other) noexcept {
    if (one.location != other.location) return false;
    if (one.kind == Kind::kLock) return other.kind == Kind::kLock;
    const auto sleeps_against = [](Kind kind) {
        return kind == Kind::kStore || kind == Kind::kSleep || kind == Kind::kNotify;
    };
    if (one.kind == Kind::kSleep) return sleeps_against(other.kind);
    if (other.kind == Kind::kSleep) return sleeps_against(one.kind);
    if (one.kind == Kind::kNotify) return other.kind == Kind::kNotify; // the first one wakes
    const auto is_access = [](Kind kind) { return kind == Kind::kLoad || kind == Kind::kStore; };
    if (!is_access(one.kind) || !is_access(other.kind)) return false;
    return one.kind == Kind::kStore || other.kind == Kind::kStore;
}

void Explorer::begin() {
    depth_ = 0;
    clocks_.fill(Clock{});
    touched_.clear();
}

/// Whether one step of this execution happens before another.
bool Explorer::ordered(std::size_t earlier, std::size_t later) const noexcept {
    return nodes_[later].clock.covers(nodes_[earlier].chosen,
                                      static_cast<std::uint32_t>(earlier + 1));
}

/// Every earlier step that the last one depends on, with nothing in between that orders the two.
/// `known` is what was before it for its thread.
void Explorer::find_races(std::size_t later, Clock known) {
    const Node& node = nodes_[later];
    const Operation& made = node.pending[node.chosen];
    for (std::size_t step = later; step-- > 0;) {
        const Node& before = nodes_[step];
        if (known.covers(before.chosen, static_cast<std::uint32_t>(step + 1))) continue;
        if (!dependent(before.pending[before.chosen], made)) continue;
        reverse(step, later);
        known.join(before.clock);
    }
}

/// Sees to it that `later`, with what it needs, is also tried in place of `earlier`.
void Explorer::reverse(std::size_t earlier, std::size_t later) {
    Node& node = nodes_[earlier];
    const unsigned first = initials(earlier, later);
    if ((first & (node.backtrack | node.sleeping)) != 0) return;
    const unsigned possible = first & node.enabled;
    node.backtrack |= possible != 0 ? possible & (~possible + 1) : node.enabled;
}

/// The threads with which that may begin which is independent of `earlier`, and then `later`.
unsigned Explorer::initials(std::size_t earlier, std::size_t later) const {
    unsigned met = 0;
    unsigned first = 0;
    for (std::size_t step = earlier + 1; step <= later; ++step) {
        if (step != later && ordered(earlier, step)) continue;
        const std::size_t thread = nodes_[step].chosen;
        if ((met & bit(thread)) != 0) continue;
        met |= bit(thread);
        bool begins = true;
        for (std::size_t other = earlier + 1; other < step && begins; ++other)
            begins = ordered(earlier, other) || !ordered(other, step);
        if (begins) first |= bit(thread);
    }
    return first;
}

void Explorer::make_node(std::size_t current, unsigned enabled, const Pending& pending) {
    Node node{pending, enabled, 0, 0, 0, {}, kNobody, 0, 1};
    if (depth_ > 0 && search_ == Search::kReduced) {
        const Node& before = nodes_[depth_ - 1];
        const Operation& made = before.pending[before.chosen];
        unsigned asleep = (before.sleeping | before.done) & ~bit(before.chosen);
        for (; asleep != 0; asleep &= asleep - 1) {
            const auto thread = static_cast<std::size_t>(std::countr_zero(asleep));
            if (!dependent(made, before.pending[thread])) node.sleeping |= bit(thread);
        }
    }
    const unsigned awake = enabled & ~node.sleeping;
    if (awake == 0) return;
    // The thread that runs goes on if it can: an execution has few switches, and reads better.
    node.chosen =
        (awake & bit(current)) != 0 ? current : static_cast<std::size_t>(std::countr_zero(awake));
    node.backtrack = search_ == Search::kReduced ? bit(node.chosen) : enabled;
    nodes_.push_back(node);
}

/// What the step is ordered after, by what it depends on.
void Explorer::record_step(Node& node) {
    const Operation& made = node.pending[node.chosen];
    Clock& clock = clocks_[node.chosen];
    clock.at[node.chosen] = static_cast<std::uint32_t>(depth_ + 1);
    if (made.kind != Kind::kStart && made.kind != Kind::kWake)
        touch(made.kind, clock, touched_[made.location]);
    node.clock = clock;
}

/// Adds to the clock of a step what the step depends on, and the step to what was done there.
void Explorer::touch(Kind kind, Clock& clock, Touched& touched) {
    switch (kind) {
    case Kind::kLoad:
    case Kind::kWait:
        clock.join(touched.written);
        touched.accessed.join(clock);
        return;
    case Kind::kSleep:
        clock.join(touched.written);
        clock.join(touched.notified);
        clock.join(touched.slept);
        touched.slept.join(clock);
        return;
    case Kind::kNotify:
        clock.join(touched.slept);
        clock.join(touched.notified);
        touched.notified.join(clock);
        return;
    default:
        clock.join(touched.accessed);
        clock.join(touched.slept);
        touched.accessed = clock;
        touched.written = clock;
    }
}

std::size_t Explorer::choose_thread(std::size_t current, unsigned enabled, const Pending& pending) {
    if (depth_ == nodes_.size()) {
        make_node(current, enabled, pending);
        if (depth_ == nodes_.size()) return kNobody;
    }
    const Clock before = clocks_[nodes_[depth_].chosen];
    record_step(nodes_[depth_]);
    if (depth_ >= known_) find_races(depth_, before);
    return nodes_[depth_++].chosen;
}

std::size_t Explorer::choose_value(std::size_t count) {
    Node& node = nodes_[depth_ - 1];
    node.values = count;
    return node.value;
}

void Explorer::unlocked(std::size_t thread, std::uintptr_t location) {
    Touched& touched = touched_[location];
    touched.accessed.join(clocks_[thread]);
    touched.written = touched.accessed;
}

bool Explorer::advance() {
    nodes_.resize(depth_); // what was not reached belongs to an execution that is done
    while (!nodes_.empty()) {
        Node& node = nodes_.back();
        known_ = nodes_.size() - 1;
        if (++node.value < node.values) return true;
        node.done |= bit(node.chosen);
        node.value = 0;
        node.values = 1;
        const unsigned left = node.backtrack & ~node.done & ~node.sleeping;
        if (left != 0) {
            node.chosen = static_cast<std::size_t>(std::countr_zero(left));
            return true;
        }
        nodes_.pop_back();
    }
    return false;
}

} // namespace hpystate::model
