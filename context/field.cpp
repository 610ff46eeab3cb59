/// context/field.cpp: references from an object's struct to other objects.
#include <Python.h>

#include "context/field.h"

#include "context/critical_section.h"
#include "context/functions.h"
#include "context/handle.h"
#include "globals/locks.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <utility>

namespace hpystate {

namespace {

/// Where a field keeps its object without the GIL.
struct alignas(16) Cell {
    PyObject* object;
    std::uint32_t generation;
    std::uint32_t home; ///< the stripe that it goes back to; written once
    Cell* next;         ///< of a free one
};

/// Locks for the cells, by their address; and the free cells for fields, by theirs.
struct alignas(64) Stripe {
    InterpreterMutex mutex{LockRank::kWindow};
    Cell* free = nullptr; ///< guarded by mutex
};

constexpr std::size_t kStripes = kNoGil ? 64 : 1;
constinit std::array<Stripe, kStripes> stripes;

constexpr std::uintptr_t kTag = 1; ///< tells a cell from an object, which no field holds here
constexpr unsigned kGenerationShift = 48;
constexpr std::uint32_t kGenerations = 1U << 15U; ///< bit 63 stays 0: addresses of user space
constexpr std::uintptr_t kAddress = (std::uintptr_t{1} << kGenerationShift) - 1 - kTag;

Stripe& stripe_of(const Cell* cell) noexcept {
    return stripes[reinterpret_cast<std::uintptr_t>(cell) / sizeof(Cell) % kStripes];
}

Cell* cell_of(std::intptr_t word) noexcept {
    return reinterpret_cast<Cell*>(static_cast<std::uintptr_t>(word) & kAddress);
}

std::uint32_t generation_of(std::intptr_t word) noexcept {
    return static_cast<std::uint32_t>(static_cast<std::uintptr_t>(word) >> kGenerationShift);
}

/// A cell from a stripe's list, else a new one. nullptr: no memory.
Cell* free_cell(const HPyField* field) noexcept {
    const std::size_t home = reinterpret_cast<std::uintptr_t>(field) / 64 % kStripes;
    {
        const std::lock_guard lock(stripes[home].mutex);
        if (Cell* const cell = stripes[home].free) {
            stripes[home].free = cell->next;
            return cell;
        }
    }
    auto* const cell = static_cast<Cell*>(std::calloc(1, sizeof(Cell))); // kept for good
    if (cell != nullptr) cell->home = static_cast<std::uint32_t>(home);
    return cell;
}

/// The word of a field whose object is `object` from now on; 0: no memory.
std::intptr_t fill_cell(const HPyField* field, PyObject* object) noexcept {
    Cell* const cell = free_cell(field);
    if (cell == nullptr) return 0;
    const std::lock_guard lock(stripe_of(cell).mutex);
    cell->object = object;
    const std::uintptr_t generation = cell->generation;
    return static_cast<std::intptr_t>(generation << kGenerationShift |
                                      reinterpret_cast<std::uintptr_t>(cell) | kTag);
}

PyObject* replace_in_cell(std::intptr_t word, PyObject* object) noexcept {
    Cell* const cell = cell_of(word);
    const std::lock_guard lock(stripe_of(cell).mutex);
    return std::exchange(cell->object, object);
}

/// A new reference; nullptr: the field was null meanwhile.
PyObject* load_from_cell(std::intptr_t word) noexcept {
    const Cell* const cell = cell_of(word);
    const std::lock_guard lock(stripe_of(cell).mutex);
    return cell->generation == generation_of(word) ? Py_XNewRef(cell->object) : nullptr;
}

/// Puts `object` into a field; gives what was there. False: no memory, nothing was changed.
bool replace(HPyField* field, PyObject* object, PyObject*& old) noexcept {
    // relaxed: written under the owner's critical section. Extensions read it without an atomic.
    const std::atomic_ref word(field->_i);
    const std::intptr_t before = word.load(std::memory_order_relaxed);
    if (object == nullptr) {
        word.store(0, std::memory_order_relaxed);
        old = before != 0 ? empty_cell(before) : nullptr;
        return true;
    }
    if (before != 0) {
        old = replace_in_cell(before, object);
        return true;
    }
    const std::intptr_t after = fill_cell(field, object);
    word.store(after, std::memory_order_relaxed);
    return after != 0;
}

} // namespace

PyObject* object_in_cell(std::intptr_t word) noexcept {
    return cell_of(word)->object;
}

PyObject* empty_cell(std::intptr_t word) noexcept {
    Cell* const cell = cell_of(word);
    PyObject* object = nullptr;
    {
        const std::lock_guard lock(stripe_of(cell).mutex);
        cell->generation = (cell->generation + 1) % kGenerations;
        object = std::exchange(cell->object, nullptr);
    }
    Stripe& home = stripes[cell->home];
    const std::lock_guard lock(home.mutex);
    cell->next = std::exchange(home.free, cell);
    return object;
}

} // namespace hpystate

namespace hpystate::context {

void ctx_Field_Store(HPyContext*, [[maybe_unused]] HPy target_object, HPyField* target_field,
                     HPy h) noexcept {
    PyObject* const object = as_object(h);
    Py_XINCREF(object);
    // The new value stands before the old one is released, whose destructor may read this field.
    if constexpr (!kNoGil) {
        PyObject* const old = as_object(HPy{std::exchange(target_field->_i, h._i)});
        Py_XDECREF(old);
    } else {
        PyObject* old = nullptr;
        bool stored = false;
        {
            const CriticalSection section(as_object(target_object));
            stored = replace(target_field, object, old);
        }
        Py_XDECREF(stored ? old : object);
        if (!stored) PyErr_NoMemory();
    }
}

HPy ctx_Field_Load(HPyContext*, HPy, HPyField source_field) noexcept {
    if constexpr (!kNoGil) return as_handle(Py_XNewRef(as_object(HPy{source_field._i})));
    return source_field._i != 0 ? as_handle(load_from_cell(source_field._i)) : kNullHandle;
}

} // namespace hpystate::context
