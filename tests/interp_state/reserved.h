/// tests/interp_state/reserved.h: a window without a region.
#pragma once

#include "interp_state/window.h"
#include "tests/catch.h"

#include <new>
#include <sys/mman.h>

namespace hpystate::testing {

/// A window in memory as a region has it: zero and page-aligned.
class Reserved {
  public:
    Reserved()
        : memory_(mmap(nullptr, sizeof(Window), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {
        REQUIRE(memory_ != MAP_FAILED);
        window_ = new (memory_) Window;
    }
    Reserved(const Reserved&) = delete;
    Reserved& operator=(const Reserved&) = delete;
    ~Reserved() {
        window_->~Window();
        munmap(memory_, sizeof(Window));
    }
    Window* operator->() { return window_; }

  private:
    void* memory_;
    Window* window_;
};

} // namespace hpystate::testing
