/// runtime/elf/read_memory.cpp: process_vm_readv of this process; where that is forbidden, the
/// list of mappings.
#include "runtime/elf/read_memory.h"

#include "runtime/elf/placement.h"

#include <cerrno>
#include <cstring>
#include <sys/uio.h>
#include <unistd.h>

namespace hpystate {

bool read_memory(std::uintptr_t address, void* into, std::size_t size) noexcept {
    const iovec local{into, size};
    const iovec remote{reinterpret_cast<void*>(address), size};
    const ssize_t copied = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
    if (copied >= 0) return static_cast<std::size_t>(copied) == size;
    if (errno != ENOSYS && errno != EPERM) return false;
    // A sandbox forbids the call. Whether the page is there can change until it is read.
    if (place_of(reinterpret_cast<const void*>(address / 8 * 8)) == Placement::kUnmapped)
        return false;
    std::memcpy(into, reinterpret_cast<const void*>(address), size);
    return true;
}

} // namespace hpystate
