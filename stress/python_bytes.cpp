/// stress/python_bytes.cpp: a hook in front of Python's allocators that remembers each block's
/// size.
#include <Python.h>

#include "stress/python_bytes.h"

#include <array>
#include <atomic>
#include <memory_resource>
#include <mutex>
#include <new>
#include <sys/mman.h>
#include <unordered_map>

namespace hpystate::stress {

namespace {

constexpr std::size_t kTableBytes = std::size_t{1} << 28; ///< reserved; pages exist once touched

void* reserved() {
    void* const memory = mmap(nullptr, kTableBytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    return memory;
}

/// The blocks' sizes. Its own memory is not malloc's, which is measured beside it.
class Sizes {
  public:
    void* note(void* block, std::size_t size) {
        if (block == nullptr || paused.load(std::memory_order_relaxed)) return block;
        const std::lock_guard lock(mutex_);
        sizes_[block] = size;
        sum_ += size;
        return block;
    }

    void forget(void* block) {
        if (paused.load(std::memory_order_relaxed)) return;
        const std::lock_guard lock(mutex_);
        const auto at = sizes_.find(block);
        if (at == sizes_.end()) return; // from before the hook
        sum_ -= at->second;
        sizes_.erase(at);
    }

    std::atomic<bool> paused{false}; ///< relaxed: the thread that measures writes and allocates

    [[nodiscard]] std::size_t sum() const {
        const std::lock_guard lock(mutex_);
        return sum_;
    }

  private:
    mutable std::mutex mutex_; ///< guards what follows; a leaf
    std::pmr::monotonic_buffer_resource memory_{reserved(), kTableBytes,
                                                std::pmr::null_memory_resource()};
    std::pmr::unsynchronized_pool_resource pool_{&memory_};
    std::pmr::unordered_map<void*, std::size_t> sizes_{&pool_};
    std::size_t sum_ = 0;
};

/// Lives as long as Python may free, which is longer than static destructors wait.
Sizes& sizes() {
    static Sizes& made = *new Sizes;
    return made;
}

void* hooked_malloc(void* context, std::size_t size) {
    const auto* const next = static_cast<const PyMemAllocatorEx*>(context);
    return sizes().note(next->malloc(next->ctx, size), size);
}

void* hooked_calloc(void* context, std::size_t n, std::size_t size) {
    const auto* const next = static_cast<const PyMemAllocatorEx*>(context);
    return sizes().note(next->calloc(next->ctx, n, size), n * size);
}

void* hooked_realloc(void* context, void* old, std::size_t size) {
    const auto* const next = static_cast<const PyMemAllocatorEx*>(context);
    void* const block = next->realloc(next->ctx, old, size);
    if (block != nullptr && old != nullptr) sizes().forget(old);
    return sizes().note(block, size);
}

void hooked_free(void* context, void* block) {
    const auto* const next = static_cast<const PyMemAllocatorEx*>(context);
    if (block != nullptr) sizes().forget(block); // first: another thread may be given it at once
    next->free(next->ctx, block);
}

} // namespace

void count_python_bytes() {
    static std::array<PyMemAllocatorEx, 2> before; // written once, before the hook is set
    constexpr std::array kDomains = {PYMEM_DOMAIN_MEM, PYMEM_DOMAIN_OBJ};
    for (std::size_t i = 0; i < kDomains.size(); ++i) {
        PyMem_GetAllocator(kDomains[i], &before[i]);
        PyMemAllocatorEx hook{&before[i], hooked_malloc, hooked_calloc, hooked_realloc,
                              hooked_free};
        PyMem_SetAllocator(kDomains[i], &hook);
    }
}

void pause_python_bytes(bool paused) {
    sizes().paused.store(paused, std::memory_order_relaxed);
}

std::size_t python_bytes() {
    return sizes().sum();
}

} // namespace hpystate::stress
