/// tests/model/hooks.cpp: what code compiled with -fsanitize=thread calls, and what it links with.
///
/// The names and the meaning of orders (0 relaxed to 5 seq_cst) are the compilers'. Outside of an
/// execution each does what the plain operation would do. Mutexes, mappings and the allocator are
/// reached by the linker's --wrap and by replacing operator new.
#include "tests/model/engine.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <pthread.h>
#include <sys/mman.h>

namespace model = hpystate::model;

using model::Access;
using model::Order;

namespace {

[[nodiscard]] Order order_of(int order) noexcept {
    constexpr Order kOrders[] = {Order::kRelaxed, Order::kAcquire,        Order::kAcquire,
                                 Order::kRelease, Order::kAcquireRelease, Order::kSequential};
    return kOrders[order & 7];
}

[[nodiscard]] std::uintptr_t bits(const volatile void* address) noexcept {
    return reinterpret_cast<std::uintptr_t>(address);
}

void read(const void* address, std::size_t size) {
    model::plain_access(bits(address), size, Access::kRead);
}

void write(const void* address, std::size_t size) {
    model::plain_access(bits(address), size, Access::kWrite);
}

enum class Arithmetic { kExchange, kAdd, kSub, kAnd, kOr, kXor, kNand };

template <typename T, Arithmetic How>
bool change(std::uint64_t newest, std::uint64_t operand, std::uint64_t, std::uint64_t& value) {
    switch (How) {
    case Arithmetic::kExchange:
        value = operand;
        break;
    case Arithmetic::kAdd:
        value = newest + operand;
        break;
    case Arithmetic::kSub:
        value = newest - operand;
        break;
    case Arithmetic::kAnd:
        value = newest & operand;
        break;
    case Arithmetic::kOr:
        value = newest | operand;
        break;
    case Arithmetic::kXor:
        value = newest ^ operand;
        break;
    case Arithmetic::kNand:
        value = ~(newest & operand);
        break;
    }
    value = static_cast<T>(value);
    return true;
}

bool compare(std::uint64_t newest, std::uint64_t operand, std::uint64_t expected,
             std::uint64_t& value) {
    value = operand;
    return newest == expected;
}

template <typename T, Arithmetic How>
T update(volatile T* address, T operand, int order) {
    return static_cast<T>(model::atomic_update(bits(address), sizeof(T), &change<T, How>, operand,
                                               0, order_of(order), Order::kRelaxed));
}

template <typename T>
int compare_exchange(volatile T* address, T* expected, T desired, int order, int failure) {
    const T newest =
        static_cast<T>(model::atomic_update(bits(address), sizeof(T), &compare, desired, *expected,
                                            order_of(order), order_of(failure)));
    const bool same = newest == *expected;
    if (!same) *expected = newest;
    return same ? 1 : 0;
}

} // namespace

extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the compilers' names

void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void** address, void* value) {
    if (*address != value) write(address, sizeof(void*));
}
void __tsan_vptr_read(void** address) {
    read(address, sizeof(void*));
}
void __tsan_read_range(void* address, std::size_t size) {
    read(address, size);
}
void __tsan_write_range(void* address, std::size_t size) {
    write(address, size);
}
void __tsan_atomic_thread_fence(int) {
    model::fail("a fence, which the model does not know");
}
void __tsan_atomic_signal_fence(int) {}

#define PLAIN(size)                                                                                \
    void __tsan_read##size(void* address) {                                                        \
        read(address, size);                                                                       \
    }                                                                                              \
    void __tsan_write##size(void* address) {                                                       \
        write(address, size);                                                                      \
    }                                                                                              \
    void __tsan_unaligned_read##size(void* address) {                                              \
        read(address, size);                                                                       \
    }                                                                                              \
    void __tsan_unaligned_write##size(void* address) {                                             \
        write(address, size);                                                                      \
    }                                                                                              \
    void __tsan_volatile_read##size(void* address) {                                               \
        read(address, size);                                                                       \
    }                                                                                              \
    void __tsan_volatile_write##size(void* address) {                                              \
        write(address, size);                                                                      \
    }
PLAIN(1)
PLAIN(2)
PLAIN(4)
PLAIN(8)
PLAIN(16)
#undef PLAIN

#define UPDATE(bits_, T, name, how)                                                                \
    T __tsan_atomic##bits_##_##name(volatile T* address, T operand, int order) {                   \
        return update<T, Arithmetic::how>(address, operand, order);                                \
    }
#define COMPARE(bits_, T, name)                                                                    \
    int __tsan_atomic##bits_##_##name(volatile T* address, T* expected, T desired, int order,      \
                                      int failure) {                                               \
        return compare_exchange<T>(address, expected, desired, order, failure);                    \
    }
/// What clang calls in place of the two above.
#define COMPARE_VALUE(bits_, T)                                                                    \
    T __tsan_atomic##bits_##_compare_exchange_val(volatile T* address, T expected, T desired,      \
                                                  int order, int failure) {                        \
        compare_exchange<T>(address, &expected, desired, order, failure);                          \
        return expected;                                                                           \
    }
#define ATOMIC(bits_, T)                                                                           \
    T __tsan_atomic##bits_##_load(const volatile T* address, int order) {                          \
        return static_cast<T>(model::atomic_load(bits(address), sizeof(T), order_of(order)));      \
    }                                                                                              \
    void __tsan_atomic##bits_##_store(volatile T* address, T value, int order) {                   \
        model::atomic_store(bits(address), sizeof(T), value, order_of(order));                     \
    }                                                                                              \
    UPDATE(bits_, T, exchange, kExchange)                                                          \
    UPDATE(bits_, T, fetch_add, kAdd)                                                              \
    UPDATE(bits_, T, fetch_sub, kSub)                                                              \
    UPDATE(bits_, T, fetch_and, kAnd)                                                              \
    UPDATE(bits_, T, fetch_or, kOr)                                                                \
    UPDATE(bits_, T, fetch_xor, kXor)                                                              \
    UPDATE(bits_, T, fetch_nand, kNand)                                                            \
    COMPARE(bits_, T, compare_exchange_strong)                                                     \
    COMPARE(bits_, T, compare_exchange_weak)                                                       \
    COMPARE_VALUE(bits_, T)
// clang-format off: it takes these for declarations
ATOMIC(8, std::uint8_t)
ATOMIC(16, std::uint16_t)
ATOMIC(32, std::uint32_t)
ATOMIC(64, std::uint64_t)
// clang-format on
#undef ATOMIC
#undef COMPARE_VALUE
#undef COMPARE
#undef UPDATE

void* __real_memset(void* target, int byte, std::size_t size);
void* __wrap_memset(void* target, int byte, std::size_t size) {
    write(target, size);
    return __real_memset(target, byte, size);
}
void* __tsan_memset(void* target, int byte, std::size_t size) {
    return __wrap_memset(target, byte, size);
}

void* __real_memcpy(void* target, const void* source, std::size_t size);
void* __wrap_memcpy(void* target, const void* source, std::size_t size) {
    read(source, size);
    write(target, size);
    return __real_memcpy(target, source, size);
}
void* __tsan_memcpy(void* target, const void* source, std::size_t size) {
    return __wrap_memcpy(target, source, size);
}
void* __tsan_memmove(void* target, const void* source, std::size_t size) {
    read(source, size);
    write(target, size);
    return std::memmove(target, source, size);
}

int __real_pthread_mutex_lock(pthread_mutex_t* mutex);
int __wrap_pthread_mutex_lock(pthread_mutex_t* mutex) {
    if (!model::executing()) return __real_pthread_mutex_lock(mutex);
    model::lock(bits(mutex));
    return 0;
}
int __real_pthread_mutex_unlock(pthread_mutex_t* mutex);
int __wrap_pthread_mutex_unlock(pthread_mutex_t* mutex) {
    if (!model::executing()) return __real_pthread_mutex_unlock(mutex);
    model::unlock(bits(mutex));
    return 0;
}

/// A thread's identity is its number.
pthread_t __real_pthread_self();
pthread_t __wrap_pthread_self() {
    return model::executing() ? static_cast<pthread_t>(model::current_thread()) + 1
                              : __real_pthread_self();
}
/// A futex of the library's that went past standin/bits/atomic_wait.h: it would stop the process.
long __wrap_syscall(long, ...) {
    if (model::executing()) model::fail("a system call, which the model does not know");
    std::abort();
}

/// Regions come from the execution's own memory.
void* __real_mmap(void* address, std::size_t size, int rights, int flags, int file, off_t offset);
void* __wrap_mmap(void* address, std::size_t size, int rights, int flags, int file, off_t offset) {
    if (!model::executing()) return __real_mmap(address, size, rights, flags, file, offset);
    return model::allocate(size, 4096);
}
/// The kernel takes pages away word by word, as far as a reader can tell.
int __real_madvise(void* address, std::size_t size, int advice);
int __wrap_madvise(void* address, std::size_t size, int advice) {
    if (!model::executing()) return __real_madvise(address, size, advice);
    for (std::size_t i = 0; advice == MADV_DONTNEED && i < size; i += 8)
        model::atomic_store(bits(address) + i, 8, 0, Order::kRelaxed);
    return 0;
}

// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
}

// NOLINTBEGIN(cppcoreguidelines-no-malloc): these are what is above malloc
void* operator new(std::size_t size) {
    if (model::executing()) return model::allocate(size);
    void* const memory = std::malloc(size);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}

void operator delete(void* memory) noexcept {
    if (memory != nullptr && !model::release(memory)) std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept {
    operator delete(memory);
}
// NOLINTEND(cppcoreguidelines-no-malloc)
