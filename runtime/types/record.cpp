/// runtime/types/record.cpp: which fast paths a type's record allows, and the table from a
/// tp_dealloc to its record.
#include "runtime/types/record.h"

namespace hpystate {

namespace {

/// The set of legacy tp_deallocs: a table with open addressing, as type_entries. At least one entry
/// is always free, so that a search ends.
constinit std::atomic<destructor> legacy_deallocs[kTypeEntries]{};
constinit std::atomic<unsigned> legacy_count{0};

[[nodiscard]] unsigned after(unsigned entry) noexcept {
    return (entry + 1) % kTypeEntries;
}

[[nodiscard]] bool is_legacy_dealloc(destructor dealloc) noexcept {
    for (unsigned at = first_type_entry(dealloc);; at = after(at)) {
        const destructor found = legacy_deallocs[at].load(std::memory_order_relaxed);
        if (found == nullptr || found == dealloc) return found != nullptr;
    }
}

} // namespace

bool TypeRecord::visits() const noexcept {
    for (const TypeRecord* record = this; record != nullptr; record = record->below()) {
        if (record->traverse != nullptr) return true;
    }
    return false;
}

/// An instance that consists of the header and one struct, and nothing else, can be made by
/// PyType_GenericAlloc, and its memory can be kept for the next one. The same is true of a subtype
/// of float: a float that is all zero is 0.0, and float's tp_dealloc only frees the memory of a
/// subtype's instance.
///
/// The memory of an int of one digit is kept too; one with more digits has another size, which is
/// asked when it is freed. It is not `simple`, since the tag of its digits has to be set.
///
/// If there is more in an instance, and one static type handles all of it, that type's tp_dealloc
/// is called directly, without searching the bases. A static type does not release the instance's
/// reference to its type, so we do. The tp_dealloc of a type that the collector tracks may expect a
/// tracked instance; those of list, tuple and dict do not.
void TypeRecord::set_fast_paths(bool is_collected, bool weakly, std::size_t basicsize,
                                PyTypeObject* only_base) noexcept {
    if (base != nullptr) return;
    const bool on_object = foreign == 0 && shape() == HPyType_BuiltinShape_Object;
    const bool on_float = only_base == &PyFloat_Type && shape() == HPyType_BuiltinShape_Float;
    const bool on_int = only_base == &PyLong_Type && shape() == HPyType_BuiltinShape_Long &&
                        !is_collected && opaque == 0 && basicsize != 0;
    simple = on_object || on_float ? 1 : 0;
    offset = on_int ? offset_behind_digit() : simple != 0 ? fixed_offset(shape()) : 0;
    const bool fast_free =
        (simple != 0 || on_int) && !weakly && (!is_collected || traverse != nullptr);
    const std::size_t bytes = on_int ? bytes_with_digit(basicsize) : basicsize;
    const unsigned list = fast_free ? Spares::list_for(bytes, is_collected) : 0;
    spares = list;
    place = Spares::place_of(list);
    size = Spares::size_of(list);
    collected = Spares::is_collected(list) ? 1 : 0;
    if (only_base == nullptr || opaque != 0) return;
    const bool any_state = only_base == &PyList_Type || only_base == &PyTuple_Type ||
                           only_base == &PyDict_Type ||
                           !PyType_HasFeature(only_base, Py_TPFLAGS_HAVE_GC);
    if (any_state) builtin = only_base->tp_dealloc;
    const bool more = weakly || is_collected || PyType_HasFeature(only_base, Py_TPFLAGS_HAVE_GC) ||
                      only_base->tp_dictoffset != 0 || only_base->tp_weaklistoffset != 0;
    direct = any_state && !more ? 1 : 0;
}

constinit TypeEntry type_entries[kTypeEntries]{};

const TypeRecord* look_for_record(destructor dealloc) noexcept {
    for (unsigned at = first_type_entry(dealloc);; at = after(at)) {
        const TypeEntry& entry = type_entries[at];
        if (entry.dealloc.load(std::memory_order_acquire) == dealloc) return entry.record.load();
        if (entry.record.load(std::memory_order_relaxed) == nullptr) return nullptr;
    }
}

void remember(destructor dealloc, const TypeRecord* record) noexcept {
    for (unsigned at = first_type_entry(dealloc);; at = after(at)) {
        TypeEntry& entry = type_entries[at];
        const TypeRecord* none = nullptr;
        if (!entry.record.compare_exchange_strong(none, record) && none != record) continue;
        // release: a thread that sees the function also sees its record.
        entry.dealloc.store(dealloc, std::memory_order_release);
        return;
    }
}

namespace {

/// record_of() where the first entry does not have the type's own record. Kept out of the callers,
/// which would save four registers for its loop: 8 instructions of HPy_New on int.
[[gnu::cold, gnu::noinline]] const TypeRecord* search_bases(const PyTypeObject* type) noexcept {
    for (; type != nullptr; type = type->tp_base) {
        if (const TypeRecord* const record = own_record_of(type)) return record;
    }
    return nullptr;
}

} // namespace

const TypeRecord* record_of(const PyTypeObject* type) noexcept {
    if (type == nullptr) return nullptr;
    const TypeEntry& entry = type_entries[first_type_entry(type->tp_dealloc)];
    // acquire: pairs with the release in remember().
    if (entry.dealloc.load(std::memory_order_acquire) == type->tp_dealloc) [[likely]]
        return entry.record.load(std::memory_order_relaxed);
    return search_bases(type);
}

bool is_transparent(const PyTypeObject* type) noexcept {
    const TypeRecord* const record = own_record_of(type);
    return record != nullptr && record->opaque == 0;
}

bool note_legacy_dealloc(destructor dealloc) noexcept {
    if (is_legacy_dealloc(dealloc)) return true;
    if (legacy_count.fetch_add(1, std::memory_order_relaxed) >= kTypeEntries - 1) {
        legacy_count.fetch_sub(1, std::memory_order_relaxed);
        return false;
    }
    for (unsigned at = first_type_entry(dealloc);; at = after(at)) {
        destructor found = nullptr;
        if (legacy_deallocs[at].compare_exchange_strong(found, dealloc, std::memory_order_relaxed))
            return true;
        if (found == dealloc) return true; // added by another thread; the count is one too high
    }
}

bool is_from_spec(const PyTypeObject* type) noexcept {
    return is_hpy_type(type) || is_legacy_dealloc(type->tp_dealloc);
}

} // namespace hpystate
