/// runtime/images/owner.cpp: makes an owner, and the code of its entry points.
#include <Python.h>

#include "runtime/images/owner.h"

#include "globals/locks.h"
#include "runtime/cpython/interpreter_end.h"
#include "runtime/images/bound.h"
#include "runtime/images/error.h"
#include "runtime/images/executable_file.h"

#include <array>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

namespace hpystate::images {

namespace {

/// For all interpreters.
struct Owners {
    RankedMutex mutex{LockRank::kDirectory};
    std::vector<Owner*> all; ///< guarded by mutex; they are never destroyed
};

/// Never destroyed: threads may come late.
Owners& owners() {
    static Owners& process_wide = *new Owners;
    return process_wide;
}

constexpr std::size_t kEntryBytes = 32;

/// `movabs` with a 64-bit constant, for the registers of the first five arguments.
constexpr std::array<std::array<unsigned char, 2>, 5> kSetArgument = {
    {{0x48, 0xBF}, {0x48, 0xBE}, {0x48, 0xBA}, {0x48, 0xB9}, {0x49, 0xB8}}};

/// endbr64; movabs $owner, argument; movabs $function, %rax; jmp *%rax
void write_entry(unsigned char* at, const Owner* owner, const Bound& bound) noexcept {
    const auto put = [&at](const void* bytes, std::size_t count) {
        std::memcpy(at, bytes, count);
        at += count;
    };
    constexpr std::array<unsigned char, 4> kBegin = {0xF3, 0x0F, 0x1E, 0xFA};
    constexpr std::array<unsigned char, 2> kSetFunction = {0x48, 0xB8};
    constexpr std::array<unsigned char, 2> kJump = {0xFF, 0xE0};
    put(kBegin.data(), kBegin.size());
    put(kSetArgument.at(bound.parameter).data(), 2);
    put(&owner, sizeof(owner));
    put(kSetFunction.data(), kSetFunction.size());
    put(&bound.function, sizeof(bound.function));
    put(kJump.data(), kJump.size());
}

/// A page of code, mapped from a file as images are: so what allows one allows the other, and no
/// memory is ever writable and executable.
const std::byte* make_entries(const Owner& owner) {
    const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    std::vector<unsigned char> code(size, 0xCC); // int3 between the entries
    const auto functions = bound_functions();
    for (std::size_t i = 0; i < functions.size(); ++i)
        write_entry(code.data() + i * kEntryBytes, &owner, functions[i]);
    ExecutableFile file("hpystate-entries", Where::kMemory);
    file.write(0, code.data(), code.size());
    file.seal();
    void* const page =
        mmap(nullptr, size, PROT_READ | PROT_EXEC, MAP_PRIVATE, file.descriptor(), 0);
    if (page == MAP_FAILED) {
        throw ImageError("no-mappings", "no private image can be made: " + text_of(errno) +
                                            " where a page of code was mapped. Raise "
                                            "vm.max_map_count, or start fewer interpreters.");
    }
    return static_cast<const std::byte*>(page);
}

/// The interpreter's exit callback.
void end(void* data) noexcept {
    auto* const owner = static_cast<Owner*>(data);
    owner->interpreter.store(nullptr, std::memory_order_release);
    // Code of an image may run when its module is released, and make no image any more.
    for (const std::unique_ptr<Image>& image : owner->images)
        Py_CLEAR(image->module);
}

} // namespace

Owner* owner_here_or_null() noexcept {
    PyInterpreterState* const here = PyInterpreterState_Get();
    Owners& known = owners();
    const std::lock_guard lock(known.mutex);
    for (Owner* const each : known.all) {
        // relaxed: only this interpreter's threads write its own address there.
        if (each->interpreter.load(std::memory_order_relaxed) == here) return each;
    }
    return nullptr;
}

Owner* owner_here() {
    if (Owner* const known = owner_here_or_null()) return known;
    auto made = std::make_unique<Owner>();
    made->interpreter_id = PyInterpreterState_GetID(PyInterpreterState_Get());
    made->number = next_number();
    made->entries = make_entries(*made);
#if PY_VERSION_HEX >= 0x030F0000
    made->view = PyInterpreterView_FromCurrent();
    if (made->view == nullptr) return nullptr;
#endif
    Owners& all = owners();
    {
        const std::lock_guard lock(all.mutex);
        all.all.reserve(all.all.size() + 1); // what can fail, before the callback is registered
    }
    if (add_exit_callback(&end, made.get()) != 0) {
        if (PyErr_Occurred() == nullptr) PyErr_NoMemory();
        return nullptr;
    }
    Owner* const owner = made.release();
    owner->interpreter.store(PyInterpreterState_Get(), std::memory_order_release);
    const std::lock_guard lock(all.mutex);
    all.all.push_back(owner);
    return owner;
}

std::size_t owner_count() noexcept {
    Owners& known = owners();
    const std::lock_guard lock(known.mutex);
    return known.all.size();
}

void* entry_of(const Owner& owner, std::size_t index) noexcept {
    return const_cast<std::byte*>(owner.entries + index * kEntryBytes);
}

} // namespace hpystate::images
