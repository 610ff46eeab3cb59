/// runtime/types/check.cpp: checks head, parents, definitions, legacy parts, flags, call and
/// lifetime, in this order, and stops at the first problem.
#include "runtime/types/check.h"

#include "runtime/abi/slot_name.h"
#include "runtime/abi/upstream_messages.h"
#include "runtime/types/definitions.h"
#include "runtime/types/slot_signature.h"
#include "runtime/types/typeflags.h"

#include <algorithm>
#include <climits>
#include <cstddef>
#include <cstring>
#include <structmember.h>
#include <variant>

namespace hpystate {

namespace {

bool check_head(const TypeDescription& wanted) {
    if (wanted.name == nullptr) {
        PyErr_SetString(PyExc_SystemError,
                        "HPyType_FromSpec: the spec has no name. Set .name to \"module.Type\".");
        return false;
    }
    if (wanted.basicsize < 0 || wanted.itemsize < 0) {
        PyErr_Format(PyExc_ValueError,
                     "type '%s': basicsize %d and itemsize %d must not be negative. Set .basicsize "
                     "to the sizeof of the struct of an instance, and .itemsize to that of an item "
                     "or to 0.",
                     wanted.name, wanted.basicsize, wanted.itemsize);
        return false;
    }
    if (wanted.basicsize > INT_MAX / 2) {
        PyErr_Format(PyExc_ValueError,
                     "type '%s': basicsize %d is too large; at most %d is supported.", wanted.name,
                     wanted.basicsize, INT_MAX / 2);
        return false;
    }
    if (!is_shape(wanted.shape)) {
        PyErr_Format(
            PyExc_ValueError,
            "type '%s': builtin shape %d does not exist. Use a value of HPyType_BuiltinShape.",
            wanted.name, static_cast<int>(wanted.shape));
        return false;
    }
    if (wanted.legacy_slots != nullptr && wanted.shape != HPyType_BuiltinShape_Legacy) {
        PyErr_SetString(PyExc_TypeError, upstream::kLegacySlotsOfPureType);
        return false;
    }
    return true;
}

// ---- definitions, one by one ----

bool check_slot(const TypeDescription& wanted, const SlotDescription& slot) {
    const bool known = signature_of(slot.slot).has_value();
    if (known && slot.function != nullptr) return true;
    PyErr_Format(PyExc_SystemError, "type '%s': slot %d (%s) %s", wanted.name,
                 static_cast<int>(slot.slot), name_of(slot.slot),
                 slot.function == nullptr
                     ? "has no function. Define it with HPyDef_SLOT."
                     : "is not a slot of a type. A type may have slots whose names begin with "
                       "HPy_tp_, HPy_nb_, HPy_sq_, HPy_mp_ or HPy_bf_.");
    return false;
}

/// How many bytes a field of that type takes; nullopt for a number that is not a value of
/// HPyMember_FieldType.
std::optional<std::size_t> size_of_field(HPyMember_FieldType type) noexcept {
    switch (static_cast<int>(type)) {
    case HPyMember_NONE:
        return 0; // nothing is read
    case HPyMember_CHAR:
    case HPyMember_BYTE:
    case HPyMember_UBYTE:
    case HPyMember_BOOL:
    case HPyMember_STRING_INPLACE: // at least one character
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

/// Whether CPython takes the member's offset as the place of the call function, dict or weak
/// references.
bool is_offset_member(const char* name) noexcept {
    return std::strcmp(name, kCallOffset) == 0 || std::strcmp(name, kDictOffset) == 0 ||
           std::strcmp(name, kWeakListOffset) == 0;
}

/// CPython checks a member's type only when the member is read, and its offset never.
bool check_member(const TypeDescription& wanted, const MemberDescription& member) {
    if (member.name == nullptr || wanted.basicsize == 0) {
        PyErr_Format(PyExc_TypeError,
                     "type '%s': member '%s' needs a name, and a type whose basicsize is not 0.",
                     wanted.name, member.name != nullptr ? member.name : "(no name)");
        return false;
    }
    const bool is_call_offset = std::strcmp(member.name, kCallOffset) == 0;
    if (has_inline_items(wanted.shape) && is_offset_member(member.name)) {
        PyErr_Format(
            PyExc_TypeError,
            "type '%s': member '%s' cannot be used with the builtin shapes Long and Tuple: "
            "the offset of the struct differs from instance to instance.",
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
    // HPy makes instances without items; the C API may make some with items, and a member may be in
    // these.
    const bool has_items = wanted.itemsize != 0 && wanted.shape == HPyType_BuiltinShape_Legacy;
    const Py_ssize_t room = has_items ? PY_SSIZE_T_MAX : wanted.basicsize;
    const auto taken = static_cast<Py_ssize_t>(*size);
    if (member.offset >= 0 && taken <= room && member.offset <= room - taken) return true;
    PyErr_Format(PyExc_SystemError,
                 "type '%s': member '%s' has %zd bytes at offset %zd and is outside of the struct, "
                 "which has %d bytes. Pass the member's offsetof, and the struct's sizeof as "
                 "basicsize.",
                 wanted.name, member.name, taken, member.offset, wanted.basicsize);
    return false;
}

/// Methods and get-sets are checked later, together.
struct CheckDefinition {
    const TypeDescription& wanted;

    bool operator()(const SlotDescription& slot) const { return check_slot(wanted, slot); }
    bool operator()(const MemberDescription& member) const { return check_member(wanted, member); }
    bool operator()(const MethodDescription&) const { return true; }
    bool operator()(const GetSetDescription&) const { return true; }
    bool operator()(const UnknownDescription& unknown) const {
        PyErr_Format(
            PyExc_SystemError,
            "type '%s': a definition has the unknown kind %d. Define it with the HPyDef macros.",
            wanted.name, unknown.kind);
        return false;
    }
};

bool check_definitions(const TypeDescription& wanted) {
    if (wanted.stranger) {
        const auto& [part, stranger] = *wanted.stranger;
        PyErr_Format(PyExc_SystemError, "type '%s': %s %s", wanted.name, part.c_str(),
                     stranger.text().c_str());
        return false;
    }
    return std::all_of(
        wanted.definitions.begin(), wanted.definitions.end(),
        [&](const Definition& one) { return std::visit(CheckDefinition{wanted}, one); });
}

// ---- the type as a whole ----

/// A legacy tp_dealloc replaces HPy's functions, so HPy_tp_traverse and HPy_tp_destroy would not be
/// called. A legacy tp_traverse visits all that an instance holds, as in the C API; a legacy
/// tp_clear needs one.
bool check_legacy(const TypeDescription& wanted, const TypeFacts& facts) {
    const LegacyParts& legacy = facts.legacy;
    const TypeRecord& record = facts.record;
    if (legacy.any_dealloc && (record.traverse != nullptr || record.destroy != nullptr)) {
        PyErr_SetString(PyExc_TypeError, upstream::kLegacyDealloc);
        return false;
    }
    const bool two = record.traverse != nullptr && legacy.traverse;
    if (!two && (!legacy.clear || legacy.traverse)) return true;
    PyErr_Format(PyExc_TypeError,
                 "type '%s': the legacy slot Py_tp_%s %s. Define Py_tp_traverse and Py_tp_clear, "
                 "or only HPy_tp_traverse, which does the work of both.",
                 wanted.name, two ? "traverse" : "clear",
                 two ? "cannot be combined with HPy_tp_traverse"
                     : "is given without Py_tp_traverse");
    return false;
}

/// Whether instances of a base have items behind their fixed part. Metaclasses do not count: the
/// items of a class are its members, and CPython finds them behind what the metaclass adds.
bool has_items(PyObject* bases) {
    return any_base(bases, [](const PyTypeObject* base) {
        return base->tp_itemsize != 0 &&
               PyType_IsSubtype(const_cast<PyTypeObject*>(base), &PyType_Type) == 0;
    });
}

/// Whether the hidden call function has a constant offset in the instance.
bool check_call(const TypeDescription& wanted, const TypeFacts& facts, PyObject* bases) {
    if (facts.call_place != CallPlace::kHidden) return true;
    if (wanted.itemsize != 0) {
        PyErr_Format(PyExc_TypeError,
                     "%s: type '%s' has HPy_tp_call and an itemsize, but the hidden call function "
                     "needs a constant offset in the instance.",
                     upstream::kCallWithItems, wanted.name);
        return false;
    }
    const char* const reason =
        has_inline_items(wanted.shape)
            ? "the builtin shapes Long and Tuple: the hidden call function needs a constant offset"
        : has_items(bases)
            ? "a base that has items: the hidden call function needs a constant offset"
        : facts.has_call_offset ? "a member __vectorcalloffset__: use one of the two"
        : wanted.shape == HPyType_BuiltinShape_Legacy && wanted.basicsize == 0
            ? "a legacy type that inherits its struct: set the basicsize, or use Py_tp_call"
            : nullptr;
    if (reason == nullptr) return true;
    PyErr_Format(PyExc_TypeError, "type '%s': HPy_tp_call cannot be combined with %s.", wanted.name,
                 reason);
    return false;
}

bool check_lifetime(const TypeDescription& wanted, const TypeFacts& facts) {
    const bool collected = (wanted.flags & HPy_TPFLAGS_HAVE_GC) != 0;
    if (!collected || facts.record.visits() || facts.legacy.traverse) return true;
    PyErr_Format(PyExc_ValueError, "type '%s': HPy_TPFLAGS_HAVE_GC needs an HPy_tp_traverse slot.",
                 wanted.name);
    return false;
}

// ---- what CPython made of it ----

/// If a base other than the one whose layout is inherited has a managed dict, CPython copies its
/// tp_dictoffset (-1), but not the flag Py_TPFLAGS_MANAGED_DICT. Setting an attribute would then
/// write outside of the instance.
bool check_dict(const TypeDescription& wanted, const PyTypeObject* type) {
    if (type->tp_dictoffset != -1 || (type->tp_flags & Py_TPFLAGS_MANAGED_DICT) != 0) return true;
    PyErr_Format(
        PyExc_TypeError,
        "type '%s': one of its bases is a class made in Python whose instances have a dict, and "
        "the layout of '%s' has no room for it. Give that class __slots__ = (), or derive from "
        "the type in Python.",
        wanted.name, type->tp_base->tp_name);
    return false;
}

/// A legacy type's struct begins at the object; that of a pure type begins behind the object's
/// header.
bool check_legacy_base(const TypeDescription& wanted, const PyTypeObject* type) {
    if (wanted.shape != HPyType_BuiltinShape_Legacy) return true;
    const PyTypeObject* const base = type->tp_base;
    const TypeRecord* const record = record_of(base);
    if (record == nullptr || record->shape() == HPyType_BuiltinShape_Legacy) return true;
    PyErr_SetString(PyExc_TypeError, upstream::kLegacyFromPure);
    return false;
}

} // namespace

std::optional<CheckedType> check_type(const TypeDescription& wanted) {
    CheckedType checked{wanted, {}, {}};
    if (!check_head(wanted) || !find_parents(wanted, checked.parents)) return std::nullopt;
    PyObject* const bases = checked.parents.bases.get();
    if (!check_bases(wanted, bases) || !check_definitions(wanted)) return std::nullopt;
    checked.facts = find_facts(wanted, bases);
    const TypeFacts& facts = checked.facts;
    const bool good = check_legacy(wanted, facts) && check_methods(wanted.definitions) &&
                      check_getsets(wanted.definitions) && check_flags(wanted, facts, bases) &&
                      check_call(wanted, facts, bases) && check_lifetime(wanted, facts);
    if (!good) return std::nullopt;
    return checked;
}

bool check_made(const TypeDescription& wanted, const PyTypeObject* type) {
    return check_dict(wanted, type) && check_late_flags(wanted, type) &&
           check_legacy_base(wanted, type);
}

} // namespace hpystate
