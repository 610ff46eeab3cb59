/// tests/model/standin/interp_state/spares.h: keeps nothing, as real builds with sanitizers do.
///
/// The lists of freed instances are touched with the GIL only, and no token leads to them: they are
/// no part of the model.
#pragma once

namespace hpystate {

class Spares {
  public:
    [[nodiscard]] bool open() noexcept { return true; }
    void close() noexcept {}
    [[nodiscard]] bool is_valid() const noexcept { return true; }
};

} // namespace hpystate
