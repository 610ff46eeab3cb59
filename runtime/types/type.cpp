/// runtime/types/type.cpp: bases, shape, lifetime, and the one call that makes the type.
#include "runtime/types/type.h"

#include "interp_state/current.h"
#include "runtime/abi/upstream_messages.h"
#include "runtime/calls/handle.h"
#include "runtime/cpython/new_type.h"
#include "runtime/types/foreign_base.h"
#include "runtime/types/typedata.h"
#include "runtime/types/typeflags.h"
#include "runtime/types/typeparts.h"

#include <algorithm>
#include <climits>
#include <structmember.h>

namespace hpystate {

namespace {

/// What the parameters of a description ask for.
struct Parents {
    Ref bases;     ///< tuple, or null: object alone
    Ref metaclass; ///< type, or null: what the bases have
};

[[nodiscard]] std::size_t size_of(const TypeDescription& wanted) noexcept {
    return static_cast<std::size_t>(wanted.basicsize); // checked: not negative
}

bool add_base(const TypeDescription& wanted, Ref& list, PyObject* base) {
    if (base == nullptr || !PyType_Check(base)) {
        PyErr_Format(PyExc_TypeError, "type '%s': a base is %s, a type was expected.", wanted.name,
                     base != nullptr ? Py_TYPE(base)->tp_name : "HPy_NULL");
        return false;
    }
    if (!list) list = Ref(PyList_New(0));
    return list && PyList_Append(list.get(), base) == 0;
}

bool set_metaclass(const TypeDescription& wanted, Parents& parents, PyObject* metaclass) {
    if (parents.metaclass) {
        PyErr_Format(PyExc_ValueError, "type '%s': more than one metaclass is given.", wanted.name);
        return false;
    }
    if (metaclass == nullptr || !PyType_Check(metaclass) ||
        !PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(metaclass), &PyType_Type)) {
        PyErr_Format(PyExc_TypeError, "type '%s': the metaclass is no subclass of type.",
                     wanted.name);
        return false;
    }
    parents.metaclass = Ref::borrow(metaclass);
    return true;
}

bool set_bases_tuple(const TypeDescription& wanted, Parents& parents, PyObject* bases) {
    if (parents.bases || bases == nullptr || !PyTuple_Check(bases)) {
        PyErr_Format(PyExc_TypeError, "type '%s': %s.", wanted.name,
                     parents.bases ? "HPyType_SpecParam_BasesTuple is given twice"
                                   : "HPyType_SpecParam_BasesTuple needs a tuple");
        return false;
    }
    parents.bases = Ref::borrow(bases);
    return true;
}

/// Py_tp_base and Py_tp_bases among the legacy slots: the last one of each counts, and of the two
/// the tuple, as in PyType_FromSpec.
bool read_legacy_bases(const TypeDescription& wanted, Parents& parents, Ref& list) {
    const PyType_Slot* base = nullptr;
    const PyType_Slot* tuple = nullptr;
    const PyType_Slot* slot = wanted.legacy_slots;
    for (; slot != nullptr && slot->slot != 0; ++slot) {
        if (slot->slot == Py_tp_base) base = slot;
        if (slot->slot == Py_tp_bases) tuple = slot;
    }
    if (base == nullptr && tuple == nullptr) return true;
    if (list || parents.bases) {
        PyErr_Format(PyExc_TypeError,
                     "type '%s': a legacy slot Py_tp_base or Py_tp_bases stands beside other "
                     "bases. Give them in one way, best as HPyType_SpecParam_Base.",
                     wanted.name);
        return false;
    }
    if (tuple != nullptr) {
        return set_bases_tuple(wanted, parents, static_cast<PyObject*>(tuple->pfunc));
    }
    return add_base(wanted, list, static_cast<PyObject*>(base->pfunc));
}

bool read_params(const TypeDescription& wanted, Parents& parents) {
    Ref list;
    for (const auto& [kind, object] : wanted.parameters) {
        // The exception of the call that should have given the object is the better one.
        if (object == nullptr && PyErr_Occurred() != nullptr) return false;
        bool good = false;
        switch (kind) {
        case ParameterKind::kBase:
            good = add_base(wanted, list, object);
            break;
        case ParameterKind::kBasesTuple:
            good = set_bases_tuple(wanted, parents, object);
            break;
        case ParameterKind::kMetaclass:
            good = set_metaclass(wanted, parents, object);
            break;
        default:
            PyErr_Format(PyExc_TypeError, "type '%s': unknown HPyType_SpecParam kind %d.",
                         wanted.name, static_cast<int>(kind));
        }
        if (!good) return false;
    }
    if (!read_legacy_bases(wanted, parents, list)) return false;
    if (!list) {
        const bool none = parents.bases && PyTuple_GET_SIZE(parents.bases.get()) == 0;
        if (none) parents.bases = Ref(); // object, as in Python; CPython takes no empty tuple
        return true;
    }
    if (parents.bases) {
        PyErr_Format(PyExc_TypeError,
                     "type '%s': give HPyType_SpecParam_Base or HPyType_SpecParam_BasesTuple, not "
                     "both.",
                     wanted.name);
        return false;
    }
    parents.bases = Ref(PyList_AsTuple(list.get()));
    return static_cast<bool>(parents.bases);
}

/// Whether a struct on a base of HPy's may begin where the base's does: nothing that is no HPy
/// struct lies there, neither what a class made in Python added nor what is below all HPy types,
/// beyond the first `alone` bytes. A legacy struct has all of the latter in itself.
bool shares_struct(const TypeDescription& wanted, const PyTypeObject* base, std::size_t alone) {
    for (const PyTypeObject* type = base;; type = type->tp_base) {
        if (is_hpy_type(type)) continue;
        if (record_of(type) == nullptr) {
            return wanted.shape == HPyType_BuiltinShape_Legacy ||
                   type->tp_basicsize <= static_cast<Py_ssize_t>(alone);
        }
        if (type->tp_basicsize != type->tp_base->tp_basicsize) return false;
    }
}

/// Whether a struct of that shape and size can stand on a base: it must hold what the base's struct
/// holds, and nothing but the builtin layout may lie in front of it.
bool check_struct(const TypeDescription& wanted, PyTypeObject* base) {
    if (wanted.basicsize == 0) return true;
    const Shape shape = wanted.shape;
    const TypeRecord* const record = record_of(base);
    const bool same = record != nullptr &&
                      (record->shape() == shape || record->shape() == HPyType_BuiltinShape_Legacy);
    const PyTypeObject* const builtin = builtin_of(shape);
    const std::size_t alone = shape == HPyType_BuiltinShape_Legacy
                                  ? basicsize_of(shape, size_of(wanted))
                              : builtin != nullptr ? static_cast<std::size_t>(builtin->tp_basicsize)
                                                   : fixed_offset(shape);
    const std::size_t whole = basicsize_of(shape, size_of(wanted));
    const std::size_t room = !same ? alone : shares_struct(wanted, base, alone) ? whole : 0;
    const std::size_t taken =
        static_cast<std::size_t>(base->tp_basicsize) - (record != nullptr ? record->hidden : 0);
    if (taken <= room) return true;
    PyErr_Format(PyExc_TypeError,
                 "type '%s': its struct of %d bytes (builtin shape %s) does not fit on the base "
                 "'%s', whose instances have %zd bytes. Put the base's struct in front of the "
                 "type's own, or set the builtin shape of the base.",
                 wanted.name, wanted.basicsize, name_of(shape), base->tp_name, base->tp_basicsize);
    return false;
}

/// A builtin shape needs the builtin type among the bases. HPy takes a type without it too, whose
/// instances have unused bytes in front of their struct; that is well where nothing else lies there
/// and the struct's place does not depend on items.
bool check_shape(const TypeDescription& wanted, PyObject* bases) {
    PyTypeObject* const builtin = builtin_of(wanted.shape);
    if (builtin == nullptr) return true;
    const Py_ssize_t count = bases != nullptr ? PyTuple_GET_SIZE(bases) : 0;
    bool empty = !has_inline_items(wanted.shape);
    for (Py_ssize_t i = 0; i < count; ++i) {
        auto* const base = reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(bases, i));
        if (PyType_IsSubtype(base, builtin) != 0) return true;
        empty = empty && base->tp_basicsize <= static_cast<Py_ssize_t>(sizeof(PyObject));
    }
    if (empty) return true;
    PyErr_Format(PyExc_TypeError,
                 "type '%s': the builtin shape %s needs a base that is '%s' or derives from it; "
                 "none of its %zd bases does. Add an HPyType_SpecParam_Base, or leave the shape "
                 "out.",
                 wanted.name, name_of(wanted.shape), builtin->tp_name, count);
    return false;
}

/// The base's code finds its items by its own size of them; instances have room by the type's.
bool check_items(const TypeDescription& wanted, const PyTypeObject* base) {
    const bool differ = wanted.itemsize != 0 && base->tp_itemsize != 0;
    if (!differ || wanted.itemsize == base->tp_itemsize) return true;
    PyErr_Format(PyExc_TypeError,
                 "type '%s': it has items of %d bytes, and its base '%s' has items of %zd. Leave "
                 "the itemsize 0: it is inherited.",
                 wanted.name, wanted.itemsize, base->tp_name, base->tp_itemsize);
    return false;
}

bool check_bases(const TypeDescription& wanted, PyObject* bases) {
    const Py_ssize_t count = bases != nullptr ? PyTuple_GET_SIZE(bases) : 0;
    if (count == 0 && !check_struct(wanted, &PyBaseObject_Type)) return false;
    for (Py_ssize_t i = 0; i < count; ++i) {
        PyObject* const base = PyTuple_GET_ITEM(bases, i);
        if (!PyType_Check(base)) {
            PyErr_Format(PyExc_TypeError, "type '%s': base %zd is no type.", wanted.name, i);
            return false;
        }
        auto* const type = reinterpret_cast<PyTypeObject*>(base);
        if (!check_items(wanted, type) || !check_struct(wanted, type)) return false;
    }
    return check_shape(wanted, bases);
}

bool check_spec(const TypeDescription& wanted) {
    if (wanted.name == nullptr) {
        PyErr_SetString(PyExc_SystemError, "HPyType_FromSpec: the spec has no name.");
        return false;
    }
    if (wanted.basicsize < 0 || wanted.itemsize < 0) {
        PyErr_Format(PyExc_ValueError,
                     "type '%s': basicsize %d and itemsize %d must not be negative.", wanted.name,
                     wanted.basicsize, wanted.itemsize);
        return false;
    }
    if (wanted.basicsize > INT_MAX / 2) {
        PyErr_Format(PyExc_ValueError, "type '%s': basicsize %d is too large.", wanted.name,
                     wanted.basicsize);
        return false;
    }
    if (!is_shape(wanted.shape)) {
        PyErr_Format(PyExc_ValueError, "type '%s': there is no builtin shape %d.", wanted.name,
                     static_cast<int>(wanted.shape));
        return false;
    }
    if (wanted.legacy_slots != nullptr && wanted.shape != HPyType_BuiltinShape_Legacy) {
        PyErr_SetString(PyExc_TypeError, interface::kLegacySlotsOfPureType);
        return false;
    }
    return true;
}

/// Whether what stands behind the fixed part of a base's instances are items. A type's items are
/// the members of the class that it is, which CPython finds behind whatever the metatype adds.
bool has_items(PyObject* bases) {
    const Py_ssize_t count = bases != nullptr ? PyTuple_GET_SIZE(bases) : 0;
    for (Py_ssize_t i = 0; i < count; ++i) {
        auto* const base = reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(bases, i));
        if (base->tp_itemsize != 0 && PyType_IsSubtype(base, &PyType_Type) == 0) return true;
    }
    return false;
}

/// The call protocol: instances of a type with HPy_tp_call get a hidden HPyCallFunction behind
/// their struct, null until HPy_SetCallFunction; CPython falls back to tp_call where it is null. A
/// derived type has one of its own behind its own struct, so the base's place is its struct's to
/// use.
bool add_call(const TypeDescription& wanted, TypeParts& parts, PyObject* bases) {
    const Shape shape = wanted.shape;
    parts.basicsize = static_cast<Py_ssize_t>(basicsize_of(shape, size_of(wanted)));
    const bool inherits = parts.record.base != nullptr && parts.record.base->hidden != 0;
    if (parts.has_call_offset && !parts.has_call) {
        parts.slots.push_back({Py_tp_call, reinterpret_cast<void*>(&PyVectorcall_Call)});
        return true;
    }
    if (!parts.has_call && !(inherits && wanted.basicsize != 0)) {
        // Without a struct of its own it has the base's place, for those who derive from it.
        if (inherits) parts.record.hidden = parts.record.base->hidden;
        return true;
    }
    if (wanted.itemsize != 0) {
        PyErr_Format(PyExc_TypeError,
                     "%s: type '%s' has HPy_tp_call and an itemsize, and the hidden call function "
                     "needs a constant place.",
                     interface::kCallWithItems, wanted.name);
        return false;
    }
    const char* const reason =
        has_inline_items(shape)
            ? "the builtin shapes Long and Tuple: the hidden call function needs a constant place"
        : has_items(bases)
            ? "a base that has items: the hidden call function needs a constant place"
        : parts.has_call_offset ? "a member __vectorcalloffset__: give one of the two"
        : shape == HPyType_BuiltinShape_Legacy && wanted.basicsize == 0
            ? "a legacy type that inherits its struct: set the basicsize, or use Py_tp_call"
            : nullptr;
    if (reason != nullptr) {
        PyErr_Format(PyExc_TypeError, "type '%s': HPy_tp_call does not go with %s.", wanted.name,
                     reason);
        return false;
    }
    Py_ssize_t end =
        parts.basicsize != 0 ? parts.basicsize : static_cast<Py_ssize_t>(sizeof(PyObject));
    const Py_ssize_t count = bases != nullptr ? PyTuple_GET_SIZE(bases) : 0;
    for (Py_ssize_t i = 0; i < count && wanted.basicsize == 0; ++i) {
        auto* const base = reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(bases, i));
        end = std::max(end, base->tp_basicsize);
    }
    constexpr Py_ssize_t kAlign = alignof(HPyCallFunction);
    const Py_ssize_t offset = (end + kAlign - 1) / kAlign * kAlign;
    parts.record.hidden = static_cast<std::size_t>(offset - end) + sizeof(HPyCallFunction);
    parts.basicsize = offset + static_cast<Py_ssize_t>(sizeof(HPyCallFunction));
    parts.adds_call_place = true;
    parts.members.push_back({kCallOffset, T_PYSSIZET, offset, Py_READONLY, nullptr});
    return true;
}

/// The record of the base whose layout the type continues, CPython takes the largest one, and
/// whether there are bases that know nothing of HPy.
bool read_bases(const TypeDescription& wanted, TypeParts& parts, PyObject* bases) {
    parts.record.shape_number = wanted.shape;
    const Py_ssize_t count = bases != nullptr ? PyTuple_GET_SIZE(bases) : 0;
    Py_ssize_t size = -1;
    for (Py_ssize_t i = 0; i < count; ++i) {
        auto* const base = reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(bases, i));
        if (has_foreign_base(base)) parts.record.foreign = 1;
        if (PyType_IS_GC(base)) parts.base_is_collected = true;
        const TypeRecord* const record = record_of(base);
        if (record == nullptr || base->tp_basicsize <= size) continue;
        parts.record.base = record;
        size = base->tp_basicsize;
    }
    // The word in front of an instance is not in its struct, and not in the memory of spares.
    const bool in_front = (wanted.flags & kInFront) != 0;
    if (in_front || parts.has_member(kDictOffset)) parts.record.foreign = 1;
    return parts.record.foreign == 0 || prepare_foreign_bases();
}

bool note_dealloc(const TypeDescription& wanted, const TypeParts& parts) {
    const auto slot =
        std::find_if(parts.slots.begin(), parts.slots.end(),
                     [](const PyType_Slot& one) { return one.slot == Py_tp_dealloc; });
    if (note_legacy_dealloc(reinterpret_cast<destructor>(slot->pfunc))) return true;
    PyErr_Format(PyExc_SystemError,
                 "type '%s': this process has 2,047 types that differ in a legacy tp_dealloc "
                 "already; there is room for no more.",
                 wanted.name);
    return false;
}

/// The one base, where it is a static type other than object that says all about the instances but
/// their struct; otherwise nullptr.
PyTypeObject* only_static_base(const TypeDescription& wanted, const TypeParts& parts,
                               PyObject* bases) {
    if (bases == nullptr || PyTuple_GET_SIZE(bases) != 1) return nullptr;
    auto* const base = reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(bases, 0));
    const bool is_static = !PyType_HasFeature(base, Py_TPFLAGS_HEAPTYPE);
    const bool more = (wanted.flags & kInFront) != 0 || parts.has_member(kDictOffset);
    return is_static && base != &PyBaseObject_Type && !more ? base : nullptr;
}

/// tp_dealloc always, tp_traverse and tp_clear where the collector comes: where the spec says so,
/// and where a base says so, since CPython would inherit the base's functions, which know nothing
/// of the type's own fields. A legacy type may bring its own.
bool add_lifetime(const TypeDescription& wanted, TypeParts& parts, PyObject* bases) {
    const bool asked = (wanted.flags & HPy_TPFLAGS_HAVE_GC) != 0;
    if (asked && !parts.record.visits() && !parts.legacy_traverse) {
        PyErr_Format(PyExc_ValueError,
                     "type '%s': HPy_TPFLAGS_HAVE_GC needs an HPy_tp_traverse slot.", wanted.name);
        return false;
    }
    if (parts.legacy_dealloc) return note_dealloc(wanted, parts);
    parts.record.set_short_ways(asked, parts.basicsize, only_static_base(wanted, parts, bases));
    const TypeThunks thunks = type_thunks_for(parts.record);
    if (thunks.dealloc == nullptr) {
        PyErr_Format(PyExc_SystemError,
                     "type '%s': this process has %u types that differ in tp_traverse and "
                     "tp_destroy already; there is room for no more.",
                     wanted.name, kTypePool.size);
        return false;
    }
    parts.slots.push_back({Py_tp_dealloc, reinterpret_cast<void*>(thunks.dealloc)});
    if (!(asked || parts.base_is_collected) || parts.legacy_traverse) return true;
    parts.collected = true;
    parts.slots.push_back({Py_tp_traverse, reinterpret_cast<void*>(thunks.traverse)});
    parts.slots.push_back({Py_tp_clear, reinterpret_cast<void*>(thunks.clear)});
    return true;
}

PyObject* build(const TypeDescription& wanted, TypeParts& parts, const Parents& parents,
                Site site) {
    if (!parts.members.empty()) {
        parts.members.push_back({nullptr, 0, 0, 0, nullptr});
        parts.slots.push_back({Py_tp_members, parts.members.data()}); // CPython copies them
    }
    if (wanted.doc != nullptr) parts.slots.push_back({Py_tp_doc, const_cast<char*>(wanted.doc)});
    parts.slots.push_back({0, nullptr});

    PyType_Spec cpython{};
    cpython.name = wanted.name;
    cpython.basicsize = static_cast<int>(parts.basicsize);
    cpython.itemsize = wanted.itemsize;
    cpython.flags = flags_for_cpython(wanted, parts);
    cpython.slots = parts.slots.data();
    auto* const metaclass = reinterpret_cast<PyTypeObject*>(parents.metaclass.get());
    // Where the functions of the type find their context, which is that of who makes it.
    PyObject* const anchor = Region::of(site.maker)->anchor.load(std::memory_order_acquire);
    return made_or_raised(PyType_FromMetaclass(metaclass, anchor, &cpython, parents.bases.get()));
}

/// CPython copies the place of the instances' dict from a base that is not the one whose layout
/// counts, and not what makes that place valid: the first attribute would be written anywhere.
bool check_dict(const TypeDescription& wanted, PyObject* made) {
    auto* const type = reinterpret_cast<PyTypeObject*>(made);
    if (type->tp_dictoffset != -1 || PyType_HasFeature(type, Py_TPFLAGS_MANAGED_DICT)) return true;
    PyErr_Format(
        PyExc_TypeError,
        "type '%s': a class made in Python among its bases gives instances a dict, which "
        "has no place beside the layout of '%s'. Give that class __slots__ = (), or derive "
        "from the type in Python.",
        wanted.name, type->tp_base->tp_name);
    return false;
}

/// A legacy type's struct begins at the object; a pure base's struct lies behind the header.
bool check_legacy_base(const TypeDescription& wanted, PyObject* made) {
    if (wanted.shape != HPyType_BuiltinShape_Legacy) return true;
    const PyTypeObject* const base = reinterpret_cast<PyTypeObject*>(made)->tp_base;
    const TypeRecord* const record = record_of(base);
    if (record == nullptr || record->shape() == HPyType_BuiltinShape_Legacy) return true;
    PyErr_SetString(PyExc_TypeError, interface::kLegacyFromPure);
    return false;
}

} // namespace

PyObject* make_type(const TypeDescription& wanted, Site site) {
    Parents parents;
    TypeParts parts;
    if (!check_spec(wanted) || !read_params(wanted, parents)) return nullptr;
    PyObject* const bases = parents.bases.get();
    if (!check_bases(wanted, bases) || !read_definitions(wanted, site, parts)) return nullptr;
    if (!read_bases(wanted, parts, bases) || !check_flags(wanted, parts, bases)) return nullptr;
    if (!add_call(wanted, parts, bases) || !add_lifetime(wanted, parts, bases)) return nullptr;
    Ref made(build(wanted, parts, parents, site));
    if (!made || !check_dict(wanted, made.get())) return nullptr;
    if (!set_late_flags(wanted, parts, reinterpret_cast<PyTypeObject*>(made.get()))) return nullptr;
    if (!check_legacy_base(wanted, made.get())) return nullptr;
    return made.release();
}

} // namespace hpystate
