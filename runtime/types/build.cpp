/// runtime/types/build.cpp: collects the slots, tables and lifetime functions, and calls CPython to
/// make the type.
#include "runtime/types/build.h"

#include "interp_state/region.h"
#include "runtime/abi/slot_name.h"
#include "runtime/calls/anchor.h"
#include "runtime/cpython/new_type.h"
#include "runtime/types/definitions.h"
#include "runtime/types/foreign_base.h"
#include "runtime/types/late_member.h"
#include "runtime/types/lifetime.h"
#include "runtime/types/slot_signature.h"
#include "runtime/types/typeflags.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <structmember.h>
#include <variant>
#include <vector>

namespace hpystate {

namespace {

/// The parts of a PyType_Spec while they are collected.
struct Parts {
    TypeRecord record;
    std::vector<PyType_Slot> slots;
    std::vector<PyMemberDef> members;
    std::vector<PyGetSetDef> late_members; ///< members that become get-sets (late_member.h)
    Py_ssize_t basicsize = 0;
    bool collected = false; ///< instances are tracked by the collector, with our tp_traverse
};

bool add_slot(const TypeDescription& wanted, Parts& parts, const SlotDescription& slot, Site site) {
    // These two get no context; the functions in lifetime.cpp call them.
    if (slot.slot == HPy_tp_traverse || slot.slot == HPy_tp_destroy) return true;
    const bool is_call = slot.slot == HPy_tp_call;
    CFunction const function = thunk_or_trampoline(
        is_call ? kCallSignature : *signature_of(slot.slot), // check_slot() has passed
        slot.function,
        is_call ? nullptr : slot.trampoline, // that of HPy_tp_call has another signature
        site, {"type", wanted.name, name_of(slot.slot)});
    if (function == nullptr) return false;
    // HPy's slots have the same numbers as CPython's.
    parts.slots.push_back({static_cast<int>(slot.slot), reinterpret_cast<void*>(function)});
    return true;
}

void add_member(const TypeDescription& wanted, Parts& parts, const MemberDescription& member) {
    // HPy's field types have the same numbers as CPython's. HPy's offsets count from the type's own
    // struct.
    const bool late = is_late(wanted.shape, static_cast<int>(member.type));
    const Py_ssize_t start = late ? 0 : static_cast<Py_ssize_t>(fixed_offset(wanted.shape));
    const PyMemberDef cpython{member.name, static_cast<int>(member.type), member.offset + start,
                              member.readonly ? Py_READONLY : 0, member.doc};
    if (late) {
        parts.late_members.push_back(late_member(wanted.shape, cpython));
    } else {
        parts.members.push_back(cpython);
    }
}

bool add_definitions(const CheckedType& type, Parts& parts, Site site) {
    const TypeDescription& wanted = type.wanted;
    for (const Definition& definition : wanted.definitions) {
        if (const auto* const slot = std::get_if<SlotDescription>(&definition)) {
            if (!add_slot(wanted, parts, *slot, site)) return false;
        } else if (const auto* const member = std::get_if<MemberDescription>(&definition)) {
            add_member(wanted, parts, *member);
        }
    }
    merge_legacy_slots(parts.slots, wanted.legacy_slots);
    append_table(parts.members, type.facts.legacy.members);
    return true;
}

/// Methods and get-sets: HPy's, those that late members become, and the legacy ones.
bool add_tables(const CheckedType& type, Parts& parts, Site site) {
    const std::vector<Definition>& definitions = type.wanted.definitions;
    PyMethodDef* methods = nullptr;
    PyGetSetDef* getsets = nullptr;
    append_table(parts.late_members, type.facts.legacy.getsets);
    if (!make_methods(definitions, type.facts.legacy.methods, site, methods)) return false;
    if (!make_getsets(definitions, parts.late_members, site, getsets)) return false;
    if (methods != nullptr) parts.slots.push_back({Py_tp_methods, methods});
    if (getsets != nullptr) parts.slots.push_back({Py_tp_getset, getsets});
    return true;
}

/// The call protocol: instances of a type with HPy_tp_call get a hidden HPyCallFunction behind
/// their struct. It is null until HPy_SetCallFunction sets it; while it is null, CPython calls
/// tp_call. A derived type has a hidden call function behind its own struct, so its struct may
/// occupy the place of the base's.
void add_call_place(const CheckedType& type, Parts& parts) {
    const TypeDescription& wanted = type.wanted;
    const auto size = static_cast<std::size_t>(wanted.basicsize);
    parts.basicsize = static_cast<Py_ssize_t>(basicsize_of(wanted.shape, size));
    switch (type.facts.call_place) {
    case CallPlace::kNone:
        return;
    case CallPlace::kInherited: // for the types that derive from this one
        parts.record.hidden = parts.record.base->hidden;
        return;
    case CallPlace::kInStruct:
        parts.slots.push_back({Py_tp_call, reinterpret_cast<void*>(&PyVectorcall_Call)});
        return;
    case CallPlace::kHidden:
        break;
    }
    Py_ssize_t end =
        parts.basicsize != 0 ? parts.basicsize : static_cast<Py_ssize_t>(sizeof(PyObject));
    PyObject* const bases = type.parents.bases.get();
    const Py_ssize_t count = bases != nullptr ? PyTuple_GET_SIZE(bases) : 0;
    for (Py_ssize_t i = 0; i < count && wanted.basicsize == 0; ++i) {
        auto* const base = reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(bases, i));
        end = std::max(end, base->tp_basicsize);
    }
    constexpr Py_ssize_t kAlign = alignof(HPyCallFunction);
    const Py_ssize_t offset = (end + kAlign - 1) / kAlign * kAlign;
    parts.record.hidden = static_cast<std::size_t>(offset - end) + sizeof(HPyCallFunction);
    parts.basicsize = offset + static_cast<Py_ssize_t>(sizeof(HPyCallFunction));
    parts.members.push_back({kCallOffset, T_PYSSIZET, offset, Py_READONLY, nullptr});
}

[[nodiscard]] bool has_slot(const Parts& parts, int number) {
    return std::any_of(parts.slots.begin(), parts.slots.end(),
                       [=](const PyType_Slot& one) { return one.slot == number; });
}

bool note_dealloc(const TypeDescription& wanted, const Parts& parts) {
    const auto slot =
        std::find_if(parts.slots.begin(), parts.slots.end(),
                     [](const PyType_Slot& one) { return one.slot == Py_tp_dealloc; });
    if (note_legacy_dealloc(reinterpret_cast<destructor>(slot->pfunc))) return true;
    PyErr_Format(PyExc_SystemError,
                 "type '%s': this process already has 2,047 different legacy tp_dealloc functions, "
                 "which is the limit. Let several types share one.",
                 wanted.name);
    return false;
}

/// The only base, if it is a static type other than object and its tp_dealloc handles everything in
/// an instance except the struct; otherwise nullptr.
PyTypeObject* only_static_base(const CheckedType& type) {
    PyObject* const bases = type.parents.bases.get();
    if (bases == nullptr || PyTuple_GET_SIZE(bases) != 1) return nullptr;
    auto* const base = reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(bases, 0));
    const bool is_static = !PyType_HasFeature(base, Py_TPFLAGS_HEAPTYPE);
    const bool more = (type.wanted.flags & kInFront) != 0 || type.facts.has_dict_offset;
    return is_static && base != &PyBaseObject_Type && !more ? base : nullptr;
}

/// Adds tp_dealloc always, and tp_traverse and tp_clear if the collector tracks the instances: if
/// the description asks for that, or if a base is tracked. In the latter case CPython would inherit
/// the base's functions, which do not know the type's own fields. A legacy type may define its own
/// functions.
bool add_lifetime(const CheckedType& type, Parts& parts) {
    const TypeDescription& wanted = type.wanted;
    const LegacyParts& legacy = type.facts.legacy;
    if (legacy.dealloc) return note_dealloc(wanted, parts);
    const bool asked = (wanted.flags & HPy_TPFLAGS_HAVE_GC) != 0;
    // With an itemsize of its own an int has another size.
    parts.record.set_fast_paths(asked, type.facts.has_weaklist_offset, parts.basicsize,
                                wanted.itemsize == 0 ? only_static_base(type) : nullptr);
    const TypeThunks thunks = type_thunks_for(parts.record);
    if (thunks.dealloc == nullptr) {
        PyErr_Format(PyExc_SystemError,
                     "type '%s': this process already has %u types that differ in tp_traverse, "
                     "tp_destroy, base or layout, which is the limit. Load fewer extensions into "
                     "the process.",
                     wanted.name, kTypePool.size);
        return false;
    }
    parts.slots.push_back({Py_tp_dealloc, reinterpret_cast<void*>(thunks.dealloc)});
    const bool on_int = parts.record.shape() == HPyType_BuiltinShape_Long;
    if (on_int && parts.record.spares != 0 && !has_slot(parts, Py_tp_alloc))
        parts.slots.push_back({Py_tp_alloc, reinterpret_cast<void*>(&allocate_int)});
    if (!(asked || type.facts.base_is_collected) || legacy.traverse) return true;
    parts.collected = true;
    parts.slots.push_back({Py_tp_traverse, reinterpret_cast<void*>(thunks.traverse)});
    parts.slots.push_back({Py_tp_clear, reinterpret_cast<void*>(thunks.clear)});
    return true;
}

PyObject* create(const CheckedType& type, Parts& parts, Site site) {
    const TypeDescription& wanted = type.wanted;
    if (!parts.members.empty()) {
        parts.members.push_back({nullptr, 0, 0, 0, nullptr});
        parts.slots.push_back({Py_tp_members, parts.members.data()}); // CPython copies the table
    }
    if (wanted.doc != nullptr) parts.slots.push_back({Py_tp_doc, const_cast<char*>(wanted.doc)});
    parts.slots.push_back({0, nullptr});

    PyType_Spec cpython{};
    cpython.name = wanted.name;
    cpython.basicsize = static_cast<int>(parts.basicsize);
    cpython.itemsize = wanted.itemsize;
    cpython.flags = flags_for_cpython(wanted, parts.collected);
    cpython.slots = parts.slots.data();
    auto* const metaclass = reinterpret_cast<PyTypeObject*>(type.parents.metaclass.get());
    // The functions of the type find their context through the anchor: it is the context of the
    // caller of HPyType_FromSpec.
    Region& region = *Region::of(site.maker);
    PyObject* const anchor = region.anchor.load(std::memory_order_acquire);
    Ref made(made_or_raised(
        PyType_FromMetaclass(metaclass, anchor, &cpython, type.parents.bases.get())));
    if (!made) return nullptr;
    auto* const cls = reinterpret_cast<PyTypeObject*>(made.get());
    const TypeRecord* const record = own_record_of(cls);
    const bool simple = record != nullptr && record->simple != 0;
    if (!lead_to_context(cls, region, simple ? record : nullptr)) return nullptr;
    return made.release();
}

} // namespace

PyObject* build_type(const CheckedType& type, Site site) {
    Parts parts{type.facts.record, {}, {}, {}};
    if (parts.record.foreign != 0 && !prepare_foreign_bases()) return nullptr;
    if (!add_definitions(type, parts, site) || !add_tables(type, parts, site)) return nullptr;
    add_call_place(type, parts);
    return add_lifetime(type, parts) ? create(type, parts, site) : nullptr;
}

} // namespace hpystate
