/// runtime/types/lifetime.cpp: visiting, clearing and destroying instances, without a context.
#include "runtime/types/lifetime.h"

#include "globals/interner.h"
#include "interp_state/current.h"
#include "runtime/calls/anchor.h"
#include "runtime/calls/handle.h"
#include "runtime/cpython/in_flight.h"
#include "runtime/types/field.h"
#include "runtime/types/foreign_base.h"
#include "runtime/types/instance.h"

#include <atomic>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

namespace hpystate {

namespace {

struct Visit {
    visitproc visit;
    void* arg;
};

int visit_field(HPyField* field, void* arg) {
    const auto* const visit = static_cast<Visit*>(arg);
    PyObject* const object = object_in(*field);
    return object != nullptr ? visit->visit(object, visit->arg) : 0;
}

int clear_field(HPyField* field, void*) {
    Py_XDECREF(take_from(*field));
    return 0;
}

int for_each_field(PyObject* self, const TypeRecord* record, HPyFunc_visitproc visit, void* arg) {
    for (; record != nullptr; record = record->below()) {
        if (record->traverse == nullptr) continue;
        void* const data = struct_of(self, record->shape());
        if (const int result = record->traverse(data, visit, arg)) return result;
    }
    return 0;
}

int traverse_instance(PyObject* self, visitproc visit, void* arg, const TypeRecord* record) {
    Visit pair{visit, arg};
    if (record->foreign != 0) {
        if (const int result = visit_foreign_parts(self, record, visit, arg)) return result;
    } else {
        Py_VISIT(Py_TYPE(self)); // once, not once per HPy type among the bases
    }
    return for_each_field(self, record, &visit_field, &pair);
}

int clear_instance(PyObject* self, const TypeRecord* record) {
    const int result = for_each_field(self, record, &clear_field, nullptr);
    return result != 0 || record->foreign == 0 ? result : clear_foreign_parts(self, record);
}

[[gnu::cold, gnu::noinline]] void destroy_in_flight(PyObject* self, HPyFunc_DESTROYFUNC_t destroy,
                                                    void* data) {
    const InFlight kept(reinterpret_cast<PyObject*>(Py_TYPE(self))); // self is half destroyed
    destroy(data);
}

/// Calls the extension's HPy_tp_destroy. It has no context, but a hybrid extension may call the C
/// API and raise. If no exception is set before, it is cheaper to check for one afterwards than to
/// use InFlight.
[[gnu::noinline]] void destroy_struct(PyObject* self, HPyFunc_DESTROYFUNC_t destroy, void* data) {
    if (PyErr_Occurred() != nullptr) [[unlikely]]
        return destroy_in_flight(self, destroy, data);
    destroy(data);
    if (PyErr_Occurred() != nullptr) [[unlikely]]
        PyErr_WriteUnraisable(reinterpret_cast<PyObject*>(Py_TYPE(self)));
}

/// Releases what an instance refers to by fields, and calls HPy_tp_destroy of its types.
[[gnu::always_inline]] inline void release_parts(PyObject* self, const TypeRecord& record) {
    if (record.base == nullptr) [[likely]] {
        void* const data = struct_of(self, record.shape());
        if (record.traverse != nullptr) record.traverse(data, &clear_field, nullptr);
        if (record.destroy != nullptr) destroy_struct(self, record.destroy, data);
        return;
    }
    for_each_field(self, &record, &clear_field, nullptr);
    for (const TypeRecord* at = &record; at != nullptr; at = at->below()) {
        if (at->destroy != nullptr) destroy_struct(self, at->destroy, struct_of(self, at->shape()));
    }
}

/// Releases all parts of an instance and frees its memory. The instance's reference to its type is
/// released last.
[[gnu::always_inline]] inline void free_instance(PyObject* self, const TypeRecord& record) {
    PyTypeObject* const type = Py_TYPE(self);
    if (type->tp_weaklistoffset != 0) [[unlikely]]
        PyObject_ClearWeakRefs(self);
    release_parts(self, record);
    if (record.foreign != 0) [[unlikely]]
        return release_foreign_parts(self, &record);
    type->tp_free(self);
    Py_DECREF(type);
}

/// How many instances this thread is destroying at the moment, nested. In static TLS, because it is
/// read at every deallocation; four bytes of it are always free.
[[gnu::tls_model("initial-exec")]] constinit thread_local unsigned depth = 0;

/// A long chain of objects that destroy each other must not use up the C stack. CPython's trashcan
/// prevents that, but costs as much as the rest of the deallocation. So it is used only from this
/// depth on.
constexpr unsigned kLong = 32;

// NOLINTNEXTLINE(readability-function-size): CPython's macros nest
[[gnu::cold, gnu::noinline]] void
free_deep_down(PyObject* self, [[maybe_unused]] destructor dealloc, const TypeRecord* record) {
    Py_TRASHCAN_BEGIN(self, dealloc) free_instance(self, *record);
    Py_TRASHCAN_END
}

/// The same for a call that `depth` counts.
[[gnu::cold, gnu::noinline]] void free_counted(PyObject* self, destructor dealloc,
                                               const TypeRecord* record) {
    free_deep_down(self, dealloc, record);
    --depth;
}

/// `free` for an instance that the collector tracks.
template <typename Free>
[[gnu::always_inline]] inline void free_tracked(PyObject* self, destructor dealloc,
                                                const TypeRecord* record, Free free) {
    PyObject_GC_UnTrack(self);
    if (++depth > kLong) [[unlikely]]
        return free_counted(self, dealloc, record);
    free(self, *record);
    --depth;
}

/// The first part of free_instance(), for a record with spares and an instance of exactly that
/// type.
template <bool Collected>
[[gnu::always_inline]] inline void release_simple(PyObject* self, const TypeRecord& record) {
    char* const start = reinterpret_cast<char*>(self);
    if (Collected || record.traverse != nullptr)
        record.traverse(start + record.offset, &clear_field, nullptr);
    if (record.destroy != nullptr) [[unlikely]]
        destroy_struct(self, record.destroy, start + record.offset);
}

[[gnu::cold, gnu::noinline]] void free_memory(PyObject* self) noexcept {
    PyTypeObject* const type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

/// Keeps the memory, or frees it, and releases the type. What is seldom is a jump at the end.
template <bool Collected>
[[gnu::always_inline]] inline void keep_memory(PyObject* self, const TypeRecord& record) {
    PyTypeObject* const type = Py_TYPE(self);
    HPyContext* const ctx = context_of_type(type);
    if (ctx == nullptr || !current_region(ctx)->spares.keep_at<Collected>(self, record.place))
        [[unlikely]]
        return free_memory(self);
    Py_DECREF(type);
}

/// The same for a record with a builtin type's tp_dealloc, which frees the memory.
[[gnu::always_inline]] inline void free_on_builtin(PyObject* self, const TypeRecord& record) {
    PyTypeObject* const type = Py_TYPE(self);
    if (record.traverse != nullptr || record.destroy != nullptr) release_parts(self, record);
    record.builtin(self);
    Py_DECREF(type);
}

[[gnu::noinline]] void dealloc_other(PyObject* self, destructor dealloc, const TypeRecord* record) {
    PyTypeObject* const type = Py_TYPE(self);
    // For a class made in Python subtype_dealloc calls this; it has already called the finalizer.
    if (type->tp_dealloc == dealloc && type->tp_finalize != nullptr) {
        if (PyObject_CallFinalizerFromDealloc(self) < 0) return; // resurrected
    }
    if (PyType_IS_GC(type)) {
        free_tracked(self, dealloc, record, &free_instance);
    } else {
        free_instance(self, *record);
    }
}

/// Whether an instance is of a class derived in Python, which may hold more and has another size;
/// or has a finalizer, which a class may get at any time.
[[nodiscard]] bool is_special(PyObject* self, destructor dealloc) noexcept {
    const PyTypeObject* const type = Py_TYPE(self);
    return type->tp_dealloc != dealloc || type->tp_finalize != nullptr;
}

// What TypeRecord::free can be. Separate functions, so that each saves only the registers that it
// needs.

void dealloc_simple(PyObject* self, destructor dealloc, const TypeRecord* record) {
    if (is_special(self, dealloc)) [[unlikely]]
        return dealloc_other(self, dealloc, record);
    release_simple<false>(self, *record);
    keep_memory<false>(self, *record);
}

void dealloc_collected(PyObject* self, destructor dealloc, const TypeRecord* record) {
    if (is_special(self, dealloc)) [[unlikely]]
        return dealloc_other(self, dealloc, record);
    PyObject_GC_UnTrack(self);
    if (++depth > kLong) [[unlikely]]
        return free_counted(self, Py_TYPE(self)->tp_dealloc, record); // it is `dealloc`
    release_simple<true>(self, *record);
    --depth;
    keep_memory<true>(self, *record);
}

/// On int.
void dealloc_int(PyObject* self, destructor dealloc, const TypeRecord* record) {
    if (is_special(self, dealloc)) [[unlikely]]
        return dealloc_other(self, dealloc, record);
    if (digits_of(self) > 1) return free_on_builtin(self, *record); // of another size
    release_simple<false>(self, *record);
    keep_memory<false>(self, *record);
}

[[gnu::noinline]] void dealloc_on_builtin(PyObject* self, const TypeRecord* record) {
    free_on_builtin(self, *record);
}

[[gnu::noinline]] void dealloc_collected_on_builtin(PyObject* self, destructor dealloc,
                                                    const TypeRecord* record) {
    free_tracked(self, dealloc, record,
                 [](PyObject* object, const TypeRecord& its) { free_on_builtin(object, its); });
}

void dealloc_directly(PyObject* self, destructor dealloc, const TypeRecord* record) {
    if (is_special(self, dealloc)) [[unlikely]]
        return dealloc_other(self, dealloc, record);
    free_on_builtin(self, *record);
}

void dealloc_instance(PyObject* self, destructor dealloc, const TypeRecord* record) {
    PyTypeObject* const type = Py_TYPE(self);
    if (is_special(self, dealloc) || type->tp_weaklistoffset != 0 || record->builtin == nullptr ||
        type->tp_dictoffset != 0)
        return dealloc_other(self, dealloc, record);
    if (PyType_IS_GC(type)) return dealloc_collected_on_builtin(self, dealloc, record);
    dealloc_on_builtin(self, record);
}

template <unsigned N>
[[nodiscard]] const TypeRecord* record() noexcept {
    return static_cast<const TypeRecord*>(thunk_targets[N]);
}

template <unsigned N>
void dealloc_thunk(PyObject* self) {
    record<N>()->free(self, &dealloc_thunk<N>, record<N>());
}

template <unsigned N>
int traverse_thunk(PyObject* self, visitproc visit, void* arg) {
    return traverse_instance(self, visit, arg, record<N>());
}

template <unsigned N>
int clear_thunk(PyObject* self) {
    return clear_instance(self, record<N>());
}

template <typename Numbers>
struct Table;
template <unsigned... I>
struct Table<std::integer_sequence<unsigned, I...>> {
    static constexpr TypeThunks kThunks[kTypePool.size] = {{&dealloc_thunk<kTypePool.first + I>,
                                                            &traverse_thunk<kTypePool.first + I>,
                                                            &clear_thunk<kTypePool.first + I>}...};
};
using AllThunks = Table<std::make_integer_sequence<unsigned, kTypePool.size>>;

} // namespace

PyObject* allocate_int(PyTypeObject* type, Py_ssize_t digits) {
    // Of a class derived in Python CPython uses its own function; a type derived in HPy has this
    // one too, and a record without memory.
    const TypeRecord* const record = own_record_of(type);
    HPyContext* const ctx = context_of_type(type);
    if (digits > 1 || record == nullptr || record->spares == 0 || ctx == nullptr) [[unlikely]]
        return PyType_GenericAlloc(type, digits);
    PyObject* const memory = current_region(ctx)->spares.take_at(record->place);
    if (memory == nullptr) return PyType_GenericAlloc(type, 1);
    context::clear_words(memory + 1, record->size - sizeof(PyObject));
    begin_object(memory, type);
    return complete_object(memory);
}

TypeThunks type_thunks_for(TypeRecord wanted) {
    const bool on_int = wanted.shape() == HPyType_BuiltinShape_Long;
    wanted.free = wanted.spares == 0 ? wanted.direct != 0 ? &dealloc_directly : &dealloc_instance
                  : wanted.collected != 0 ? &dealloc_collected
                  : on_int                ? &dealloc_int
                                          : &dealloc_simple;
    std::string bytes(sizeof(TypeRecord), '\0');
    std::memcpy(bytes.data(), &wanted, sizeof(TypeRecord));
    const void* const record = interner().intern(std::move(bytes));
    const std::optional<unsigned> number = thunk_table().assign(kTypePool, record);
    if (!number) return {};
    const TypeThunks& thunks = AllThunks::kThunks[*number - kTypePool.first];
    remember(thunks.dealloc, static_cast<const TypeRecord*>(record));
    return thunks;
}

} // namespace hpystate
