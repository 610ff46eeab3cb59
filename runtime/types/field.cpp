/// runtime/types/field.cpp: references from an object's struct to other objects.
#include <Python.h>

#include "runtime/types/field.h"

#include "globals/locks.h"
#include "runtime/calls/handle.h"
#include "runtime/cpython/critical_section.h"
#include "runtime/types/record.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>
#include <utility>

namespace hpystate {

namespace {

/// Without the GIL a field's object is in a cell.
struct alignas(16) Cell {
    PyObject* object;
    std::uint32_t generation;
    std::uint32_t home; ///< the stripe whose list it returns to; written once
    Cell* next;         ///< in the list of free cells
};

/// A lock for the cells whose address selects this stripe, and a list of free cells for the fields
/// whose address does.
struct alignas(64) Stripe {
    InterpreterMutex mutex{LockRank::kWindow};
    Cell* free = nullptr; ///< guarded by mutex
};

constexpr std::size_t kStripes = kNoGil ? 64 : 1;
constinit std::array<Stripe, kStripes> stripes;

constexpr unsigned kGenerationShift = 48;
constexpr std::uint32_t kGenerations = 1U << 15U; ///< bit 63 stays 0: addresses of user space
constexpr std::uintptr_t kAddress = (std::uintptr_t{1} << kGenerationShift) - 1 - kCellTag;

Stripe& stripe_of(const Cell* cell) noexcept {
    return stripes[reinterpret_cast<std::uintptr_t>(cell) / sizeof(Cell) % kStripes];
}

Cell* cell_of(std::intptr_t word) noexcept {
    return reinterpret_cast<Cell*>(static_cast<std::uintptr_t>(word) & kAddress);
}

std::uint32_t generation_of(std::intptr_t word) noexcept {
    return static_cast<std::uint32_t>(static_cast<std::uintptr_t>(word) >> kGenerationShift);
}

/// Takes a cell from the list of the field's stripe, or makes a new one. nullptr: no memory.
Cell* free_cell(const HPyField* field) noexcept {
    const std::size_t home = reinterpret_cast<std::uintptr_t>(field) / 64 % kStripes;
    {
        const std::lock_guard lock(stripes[home].mutex);
        if (Cell* const cell = stripes[home].free) {
            stripes[home].free = cell->next;
            return cell;
        }
    }
    Cell* const cell = new (std::nothrow) Cell{}; // never freed
    if (cell != nullptr) cell->home = static_cast<std::uint32_t>(home);
    return cell;
}

/// Puts `object` into a free cell and returns the word for the field; 0: no memory.
std::intptr_t fill_cell(const HPyField* field, PyObject* object) noexcept {
    Cell* const cell = free_cell(field);
    if (cell == nullptr) return 0;
    const std::lock_guard lock(stripe_of(cell).mutex);
    cell->object = object;
    const std::uintptr_t generation = cell->generation;
    return static_cast<std::intptr_t>(generation << kGenerationShift |
                                      reinterpret_cast<std::uintptr_t>(cell) | kCellTag);
}

PyObject* replace_in_cell(std::intptr_t word, PyObject* object) noexcept {
    Cell* const cell = cell_of(word);
    const std::lock_guard lock(stripe_of(cell).mutex);
    return std::exchange(cell->object, object);
}

/// A new reference; nullptr: the field was set to null since its word was read.
PyObject* load_from_cell(std::intptr_t word) noexcept {
    const Cell* const cell = cell_of(word);
    const std::lock_guard lock(stripe_of(cell).mutex);
    return cell->generation == generation_of(word) ? Py_XNewRef(cell->object) : nullptr;
}

/// Whether fields of an instance hold cells: among its type and the bases is an HPy type, and no
/// legacy type. A type with a legacy tp_dealloc has no record.
bool keeps_cells(const PyTypeObject* type) noexcept {
    bool is_pure = false;
    for (; type != nullptr; type = type->tp_base) {
        const TypeRecord* const record = own_record_of(type);
        if (record == nullptr && !is_from_spec(type)) continue;
        if (record == nullptr || record->shape() == HPyType_BuiltinShape_Legacy) return false;
        is_pure = true;
    }
    return is_pure;
}

/// store_field() inside the owner's critical section; takes over the reference to `object`. False:
/// no memory for a cell.
bool replace(PyObject* owner, HPyField* field, PyObject* object, PyObject*& old) noexcept {
    // relaxed: written under the owner's critical section. Extensions read it without an atomic.
    const std::atomic_ref word(field->_i);
    const std::intptr_t before = word.load(std::memory_order_relaxed);
    if (is_cell(before) && object != nullptr) {
        old = replace_in_cell(before, object);
        return true;
    }
    std::intptr_t after = as_handle(object)._i;
    if (object != nullptr && keeps_cells(Py_TYPE(owner))) {
        after = fill_cell(field, object);
        if (after == 0) return false;
    }
    word.store(after, std::memory_order_relaxed);
    old = is_cell(before) ? empty_cell(before) : as_object(HPy{before});
    return true;
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

PyObject* load_field([[maybe_unused]] PyObject* owner, HPyField field) noexcept {
    if (is_cell(field._i)) return load_from_cell(field._i);
    const CriticalSection section(owner);
    return Py_XNewRef(as_object(HPy{field._i}));
}

PyObject* load_field([[maybe_unused]] PyObject* owner, HPyField* field) noexcept {
    const CriticalSection section(owner);
    const std::intptr_t word = std::atomic_ref(field->_i).load(std::memory_order_relaxed);
    return is_cell(word) ? load_from_cell(word) : Py_XNewRef(as_object(HPy{word}));
}

bool store_field(PyObject* owner, HPyField* field, PyObject* object, PyObject*& old) noexcept {
    Py_XINCREF(object);
    if constexpr (!kNoGil) {
        old = as_object(HPy{std::exchange(field->_i, as_handle(object)._i)});
        return true;
    }
    old = nullptr;
    {
        const CriticalSection section(owner);
        if (replace(owner, field, object, old)) return true;
    }
    Py_XDECREF(object);
    PyErr_NoMemory();
    return false;
}

} // namespace hpystate
