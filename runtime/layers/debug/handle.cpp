/// runtime/layers/debug/handle.cpp: queues, and copies on protected pages.
#include "runtime/layers/debug/handle.h"

#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

namespace hpystate::layers {

std::size_t pages_for(std::size_t size) noexcept {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return (size + page - 1) / page * page;
}

RawCopy RawCopy::make(const char* from, std::size_t size) noexcept {
    void* const pages =
        mmap(nullptr, pages_for(size), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) return {};
    std::memcpy(pages, from, size);
    // A kernel that refuses leaves the copy writable: less is found, nothing is wrong.
    static_cast<void>(mprotect(pages, pages_for(size), PROT_READ));
    return {static_cast<char*>(pages), size};
}

void RawCopy::forbid() noexcept {
    if (data == nullptr) return;
    note_closed(watched);
    static_cast<void>(mprotect(data, pages_for(size), PROT_NONE));
}

void RawCopy::release() noexcept {
    forget_pages(watched);
    if (data != nullptr) munmap(data, pages_for(size));
    *this = {};
}

void HandleQueue::append(DebugHandle& handle) noexcept {
    handle.previous = back_;
    handle.next = nullptr;
    (back_ != nullptr ? back_->next : front_) = &handle;
    back_ = &handle;
    ++size_;
}

void HandleQueue::remove(DebugHandle& handle) noexcept {
    (handle.previous != nullptr ? handle.previous->next : front_) = handle.next;
    (handle.next != nullptr ? handle.next->previous : back_) = handle.previous;
    handle.previous = handle.next = nullptr;
    --size_;
}

DebugHandle* HandleQueue::pop_front() noexcept {
    DebugHandle* const handle = front_;
    if (handle != nullptr) remove(*handle);
    return handle;
}

} // namespace hpystate::layers
