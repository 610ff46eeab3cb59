/// globals/registry.h: which tokens exist in this process, and which module listed them.
///
/// The registry knows tokens, never objects: it is what all interpreters share. An entry is made
/// when a module that lists the slot is first created in the process, or at the first Store to a
/// slot that no module lists. It is never removed, since the loader never closes a file.
///
/// Invariants
///   G1  A registered slot holds its own address, unless other code or another HPy runtime wrote
///   it.
///       What was written is left alone, unless it is 0 or the token of another slot: then the slot
///       was cleared, or moved with its bytes.
///   G2  A slot is written only after its entry was made, and only if its value differs.
///   G3  `add` registers all slots of a list or, if memory runs out, none.
#pragma once

#include "globals/locks.h"
#include "globals/token.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>

namespace hpystate {

/// Who listed a slot; for messages.
struct SlotOwner {
    std::string module; ///< dotted name of the module
    std::string file;   ///< path of the shared object
};

/// What the registry knows about a token.
struct SlotInfo {
    std::shared_ptr<const SlotOwner> owner; ///< null: no module lists the slot
    std::size_t index = 0;                  ///< place in the owner's list

    [[nodiscard]] bool listed() const noexcept { return owner != nullptr; }
};

/// Thread-safe; takes one lock (rank kRegistry), on cold paths only. A load never calls it.
class Registry {
  public:
    Registry() = default;
    Registry(const Registry&) = delete;
    Registry& operator=(const Registry&) = delete;
    ~Registry() = default;

    /// Registers every slot of a module's list and writes its token into it (G1). A slot that is
    /// listed twice, or by another module too, keeps its first entry. Throws std::bad_alloc;
    /// nothing was registered or written then.
    void add(const SlotOwner& owner, std::span<std::uintptr_t* const> slots);

    /// Registers one slot that no module listed and writes its token into it (G1).
    Token add_unlisted(std::uintptr_t* slot);

    [[nodiscard]] std::optional<SlotInfo> find(Token token) const;

    /// Calls `visit(slot's address, info)` for every token, under the lock: `visit` calls nothing
    /// of the registry.
    template <typename Visit>
    void for_each(Visit&& visit) const {
        const std::lock_guard lock(mutex_);
        for (const auto& [bits, info] : tokens_)
            visit(bits, info);
    }

    /// The listed slots whose content is `content`, which is not 0. Files are never closed, so
    /// listed slots can be read at any time; a slot that no module lists may be in memory that was
    /// freed.
    struct Match {
        bool is_token = false;   ///< it is a registered token, so nothing was looked for
        std::size_t count = 0;   ///< slots that hold it
        std::uintptr_t slot = 0; ///< the address of one of them
    };
    [[nodiscard]] Match match(std::uintptr_t content) const;

    [[nodiscard]] std::size_t size() const;

    /// "globals[3] of module x (x.hpy0.so)", "a global that no module lists", or "a global that was
    /// never stored" for token 0.
    [[nodiscard]] std::string describe(Token token) const;

  private:
    /// Under the lock: whether each slot has an entry.
    [[nodiscard]] bool has_all(std::span<std::uintptr_t* const> slots) const;

    /// Under the lock: writes a slot's token into it by G1.
    void settle(std::uintptr_t* slot) noexcept;

    using Map = std::unordered_map<std::uintptr_t, SlotInfo>;

    mutable RankedMutex mutex_{LockRank::kRegistry};
    Map tokens_; ///< guarded by mutex_
};

/// The registry of this process. Never destroyed: interpreters may end after main() returned.
[[nodiscard]] Registry& registry();

} // namespace hpystate
