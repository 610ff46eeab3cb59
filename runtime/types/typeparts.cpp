/// runtime/types/typeparts.cpp: slots, members, methods, get-sets: HPy's and legacy ones.
#include "runtime/types/typeparts.h"

#include "runtime/abi/slot_name.h"
#include "runtime/abi/upstream_messages.h"
#include "runtime/calls/handle.h"
#include "runtime/calls/signature.h"
#include "runtime/types/definitions.h"
#include "runtime/types/late_member.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>

namespace hpystate {

bool TypeParts::has_member(const char* name) const noexcept {
    return std::any_of(members.begin(), members.end(), [=](const PyMemberDef& member) {
        return std::strcmp(member.name, name) == 0;
    });
}

namespace {

/// The signature of a slot's function; false for a number that is no slot of a type.
bool signature_of(HPySlot_Slot slot, HPyFunc_Signature& signature) noexcept {
    switch (static_cast<int>(slot)) {
#define HPY_SLOT(name, value, sig)                                                                 \
    case value:                                                                                    \
        signature = HPyFunc_##sig;                                                                 \
        return (value) < 2000;
#include <hpy/abi/slots.def>
    default:
        return false;
    }
}

bool add_slot(const TypeDescription& wanted, TypeParts& parts, const SlotDescription& slot,
              Site site) {
    HPyFunc_Signature signature{};
    if (!signature_of(slot.slot, signature) || slot.function == nullptr) {
        PyErr_Format(PyExc_SystemError, "type '%s': slot %d (%s) %s.", wanted.name,
                     static_cast<int>(slot.slot), name_of(slot.slot),
                     slot.function == nullptr ? "has no function" : "is no slot of a type");
        return false;
    }
    if (slot.slot == HPy_tp_traverse) {
        parts.record.traverse = function_cast<HPyFunc_TRAVERSEPROC_t>(slot.function);
        return true;
    }
    if (slot.slot == HPy_tp_destroy) {
        parts.record.destroy = function_cast<HPyFunc_DESTROYFUNC_t>(slot.function);
        return true;
    }
    CFunction thunk = slot.slot == HPy_tp_call ? call_thunk_for(slot.function, site)
                                               : thunk_for(signature, slot.function, site);
    // The pool is used up: the file's own trampoline serves. That of HPy_tp_call has another
    // signature than CPython's slot, so it cannot; nor can it carry a mode.
    if (thunk == nullptr && slot.slot != HPy_tp_call && !is_layered(site)) {
        thunk = slot.trampoline;
    }
    if (thunk == nullptr) {
        const std::string owner = std::string("type '") + wanted.name + "'";
        raise_no_thunk(owner.c_str(), name_of(slot.slot), signature, slot.slot == HPy_tp_call,
                       site);
        return false;
    }
    parts.has_call = parts.has_call || slot.slot == HPy_tp_call;
    // HPy took the numbers of CPython's slots for its own.
    parts.slots.push_back({static_cast<int>(slot.slot), reinterpret_cast<void*>(thunk)});
    return true;
}

/// How many bytes a field of that type takes; nothing for a number that is no type of a field.
std::optional<std::size_t> size_of_field(HPyMember_FieldType type) noexcept {
    switch (static_cast<int>(type)) {
    case HPyMember_NONE:
        return 0; // nothing is read
    case HPyMember_CHAR:
    case HPyMember_BYTE:
    case HPyMember_UBYTE:
    case HPyMember_BOOL:
    case HPyMember_STRING_INPLACE: // its first character
        return sizeof(char);
    case HPyMember_SHORT:
    case HPyMember_USHORT:
        return sizeof(short);
    case HPyMember_INT:
    case HPyMember_UINT:
    case HPyMember_FLOAT:
        return sizeof(int);
    case HPyMember_LONG:
    case HPyMember_ULONG:
    case HPyMember_LONGLONG:
    case HPyMember_ULONGLONG:
    case HPyMember_HPYSSIZET:
    case HPyMember_DOUBLE:
    case HPyMember_STRING:
    case HPyMember_OBJECT:
    case HPyMember_OBJECT_EX:
        return sizeof(void*);
    default:
        return std::nullopt;
    }
}

/// The members by which CPython learns a place in the instance.
bool is_offset_member(const char* name) noexcept {
    return std::strcmp(name, kCallOffset) == 0 || std::strcmp(name, kDictOffset) == 0 ||
           std::strcmp(name, kWeakListOffset) == 0;
}

/// CPython looks at a member when somebody reads it, and never at its offset.
bool check_member(const TypeDescription& wanted, const MemberDescription& member) {
    if (member.name == nullptr || wanted.basicsize == 0) {
        PyErr_Format(PyExc_TypeError,
                     "type '%s': member '%s' needs a name and a type with a struct.", wanted.name,
                     member.name != nullptr ? member.name : "(no name)");
        return false;
    }
    const bool is_call_offset = std::strcmp(member.name, kCallOffset) == 0;
    if (has_inline_items(wanted.shape) && is_offset_member(member.name)) {
        PyErr_Format(PyExc_TypeError,
                     "type '%s': member '%s' does not go with the builtin shapes Long and Tuple: "
                     "the struct has no constant place.",
                     wanted.name, member.name);
        return false;
    }
    const std::optional<std::size_t> size = size_of_field(member.type);
    if (!size || (is_call_offset && member.type != HPyMember_HPYSSIZET)) {
        PyErr_Format(PyExc_SystemError,
                     "type '%s': member '%s' has the %s type %d; %s was expected.", wanted.name,
                     member.name, size ? "wrong" : "unknown", static_cast<int>(member.type),
                     size ? "HPyMember_HPYSSIZET" : "one of HPyMember_FieldType");
        return false;
    }
    // HPy makes instances without items; the C API may make some, with fields among them.
    const bool has_items = wanted.itemsize != 0 && wanted.shape == HPyType_BuiltinShape_Legacy;
    const Py_ssize_t room = has_items ? PY_SSIZE_T_MAX : wanted.basicsize;
    const auto taken = static_cast<Py_ssize_t>(*size);
    if (member.offset >= 0 && taken <= room && member.offset <= room - taken) return true;
    PyErr_Format(PyExc_SystemError,
                 "type '%s': member '%s' with %zd bytes at offset %zd lies outside of the struct, "
                 "which has %d bytes. Give its offsetof, and the struct's sizeof as basicsize.",
                 wanted.name, member.name, taken, member.offset, wanted.basicsize);
    return false;
}

bool add_member(const TypeDescription& wanted, TypeParts& parts, const MemberDescription& member,
                std::vector<PyGetSetDef>& getsets) {
    if (!check_member(wanted, member)) return false;
    if (std::strcmp(member.name, kCallOffset) == 0) parts.has_call_offset = true;
    // HPy's numbers of field types are CPython's; offsets count from the type's own struct.
    const Shape shape = wanted.shape;
    const bool late = is_late(shape, static_cast<int>(member.type));
    const Py_ssize_t start = late ? 0 : static_cast<Py_ssize_t>(fixed_offset(shape));
    const PyMemberDef cpython{member.name, static_cast<int>(member.type), member.offset + start,
                              member.readonly ? Py_READONLY : 0, member.doc};
    if (late) {
        getsets.push_back(late_member(shape, cpython));
    } else {
        parts.members.push_back(cpython);
    }
    return true;
}

/// Legacy tables, to be joined with HPy's.
struct LegacyTables {
    std::vector<PyMethodDef> methods;
    std::vector<PyGetSetDef> getsets;
    std::vector<PyMemberDef> members;
};

/// The number that CPython's headers give a slot: 3.15 has new ones for the first four, and takes
/// the old ones, which are HPy's, as well.
int number_of(const PyType_Slot& slot) noexcept {
    constexpr std::array<int, 4> kRenumbered{Py_bf_getbuffer, Py_bf_releasebuffer,
                                             Py_mp_ass_subscript, Py_mp_length};
    return slot.slot >= 1 && slot.slot <= 4 ? kRenumbered[static_cast<std::size_t>(slot.slot - 1)]
                                            : slot.slot;
}

/// Whether HPy's slot of that number stays where a legacy one names it too: HPy's runtime puts
/// these two protocols into the type behind all slots.
bool hpy_wins(int number) noexcept {
    return number == Py_tp_call || number == Py_bf_getbuffer || number == Py_bf_releasebuffer;
}

/// Of several slots with one number the last one counts, as in PyType_FromSpec: real code relies on
/// it. The legacy ones stand behind HPy's. `own`: how many are HPy's.
void put_legacy_slot(TypeParts& parts, const PyType_Slot& slot, std::size_t own) {
    const auto same =
        std::find_if(parts.slots.begin(), parts.slots.end(),
                     [&](const PyType_Slot& one) { return number_of(one) == number_of(slot); });
    // CPython takes one Py_tp_doc, and says so.
    if (same == parts.slots.end() || slot.slot == Py_tp_doc) {
        parts.slots.push_back(slot);
    } else if (same - parts.slots.begin() >= static_cast<std::ptrdiff_t>(own) ||
               !hpy_wins(number_of(slot))) {
        same->pfunc = slot.pfunc;
    }
}

/// Notes whether the type brings the function; a null one stands for CPython's, here ours.
void note_function(TypeParts& parts, const PyType_Slot& slot, bool& given) {
    given = slot.pfunc != nullptr;
    if (given) return;
    std::erase_if(parts.slots, [&](const PyType_Slot& one) { return one.slot == slot.slot; });
}

template <typename Entry>
void append(std::vector<Entry>& entries, const void* table) {
    const auto* entry = static_cast<const Entry*>(table);
    for (; entry != nullptr && entry->name != nullptr; ++entry)
        entries.push_back(*entry);
}

bool add_legacy_slot(TypeParts& parts, const PyType_Slot& slot, LegacyTables& tables,
                     std::size_t own) {
    switch (slot.slot) {
    case Py_tp_methods:
        tables.methods.clear(); // of several tables the last one counts, too
        append_methods(tables.methods, static_cast<const PyMethodDef*>(slot.pfunc));
        return true;
    case Py_tp_getset:
        tables.getsets.clear();
        append(tables.getsets, slot.pfunc);
        return true;
    case Py_tp_members:
        tables.members.clear();
        append(tables.members, slot.pfunc);
        return true;
    case Py_tp_dealloc:
        note_function(parts, slot, parts.legacy_dealloc);
        if (!parts.legacy_dealloc) return true;
        if (parts.record.traverse != nullptr || parts.record.destroy != nullptr) {
            PyErr_SetString(PyExc_TypeError, interface::kLegacyDealloc);
            return false;
        }
        break;
    case Py_tp_traverse:
        note_function(parts, slot, parts.legacy_traverse);
        if (!parts.legacy_traverse) return true;
        break;
    case Py_tp_clear:
        note_function(parts, slot, parts.legacy_clear);
        if (!parts.legacy_clear) return true;
        break;
    case Py_tp_base:
    case Py_tp_bases:
        return true; // read with the parameters
    default:
        break;
    }
    put_legacy_slot(parts, slot, own);
    return true;
}

/// A legacy tp_traverse visits all that an instance holds, as in the C API; a tp_clear goes with
/// it.
bool check_legacy_collection(const TypeDescription& wanted, TypeParts& parts) {
    parts.record.opaque = parts.legacy_traverse ? 1 : 0;
    const bool two = parts.record.traverse != nullptr && parts.legacy_traverse;
    if (!two && (!parts.legacy_clear || parts.legacy_traverse)) return true;
    PyErr_Format(PyExc_TypeError,
                 "type '%s': the legacy slot Py_tp_%s %s. Give Py_tp_traverse and Py_tp_clear, or "
                 "HPy_tp_traverse alone, which serves for both.",
                 wanted.name, two ? "traverse" : "clear",
                 two ? "stands beside HPy_tp_traverse" : "has no Py_tp_traverse beside it");
    return false;
}

/// A definition of a type: what is wrong with it is refused where it stands in the list. Methods
/// and get-sets are read later, as tables.
struct Reader {
    const TypeDescription& wanted;
    Site site;
    TypeParts& parts;
    std::vector<PyGetSetDef>& getsets;

    bool operator()(const SlotDescription& slot) { return add_slot(wanted, parts, slot, site); }
    bool operator()(const MemberDescription& member) {
        return add_member(wanted, parts, member, getsets);
    }
    bool operator()(const MethodDescription&) { return true; }
    bool operator()(const GetSetDescription&) { return true; }
    bool operator()(const UnknownDescription& unknown) {
        PyErr_Format(PyExc_SystemError, "type '%s': a definition has the unknown kind %d.",
                     wanted.name, unknown.kind);
        return false;
    }
};

bool read_defines(const TypeDescription& wanted, Site site, TypeParts& parts,
                  std::vector<PyGetSetDef>& getsets) {
    if (!wanted.stranger.empty()) {
        PyErr_Format(PyExc_SystemError, "type '%s': %s", wanted.name, wanted.stranger.c_str());
        return false;
    }
    Reader reader{wanted, site, parts, getsets};
    return std::all_of(wanted.definitions.begin(), wanted.definitions.end(),
                       [&](const Definition& one) { return std::visit(reader, one); });
}

} // namespace

bool read_definitions(const TypeDescription& wanted, Site site, TypeParts& parts) {
    LegacyTables tables;
    std::vector<PyGetSetDef> late_members;
    if (!read_defines(wanted, site, parts, late_members)) return false;
    const std::size_t own = parts.slots.size();
    const PyType_Slot* legacy = wanted.legacy_slots;
    for (; legacy != nullptr && legacy->slot != 0; ++legacy) {
        if (!add_legacy_slot(parts, *legacy, tables, own)) return false;
    }
    if (!check_legacy_collection(wanted, parts)) return false;
    parts.members.insert(parts.members.end(), tables.members.begin(), tables.members.end());
    tables.getsets.insert(tables.getsets.begin(), late_members.begin(), late_members.end());
    PyMethodDef* methods = nullptr;
    PyGetSetDef* getsets = nullptr;
    if (!make_methods(wanted.definitions, tables.methods, site, methods)) return false;
    if (!make_getsets(wanted.definitions, tables.getsets, site, getsets)) return false;
    if (methods != nullptr) parts.slots.push_back({Py_tp_methods, methods});
    if (getsets != nullptr) parts.slots.push_back({Py_tp_getset, getsets});
    return true;
}

} // namespace hpystate
