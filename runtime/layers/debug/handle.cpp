/// runtime/layers/debug/handle.cpp: queues, copies on protected pages, return addresses.
#include "runtime/layers/debug/handle.h"

#include <cstdlib>
#include <cstring>
#include <execinfo.h>
#include <memory>
#include <sys/mman.h>

namespace hpystate::layers {

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

std::string lines_of(const std::vector<void*>& frames) {
    struct Free {
        void operator()(char** names) const noexcept {
            // backtrace_symbols took it from malloc.
            std::free(names); // NOLINT(cppcoreguidelines-no-malloc)
        }
    };
    const std::unique_ptr<char*, Free> names(
        backtrace_symbols(frames.data(), static_cast<int>(frames.size())));
    std::string text;
    for (std::size_t i = 0; names != nullptr && i < frames.size(); ++i)
        text += std::string("\n    ") + names.get()[i];
    return text;
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
