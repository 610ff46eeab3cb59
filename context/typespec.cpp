/// context/typespec.cpp: bases, slots, members, and the one call that makes the type.
#include "context/typespec.h"

#include "context/definitions.h"
#include "context/handle.h"
#include "context/signature.h"
#include "context/trampoline.h"
#include "context/typedata.h"

#include <algorithm>
#include <climits>
#include <cstring>
#include <structmember.h>
#include <vector>

namespace hpystate {

namespace {

/// What the parameters of a spec ask for.
struct Parents {
    Ref bases;     ///< tuple, or null: object alone
    Ref metaclass; ///< type, or null: what the bases have
};

bool add_base(const HPyType_Spec& spec, Ref& list, PyObject* base) {
    if (base == nullptr || !PyType_Check(base)) {
        PyErr_Format(PyExc_TypeError, "type '%s': a base is %s, a type was expected.", spec.name,
                     base != nullptr ? Py_TYPE(base)->tp_name : "HPy_NULL");
        return false;
    }
    if (!list) list = Ref(PyList_New(0));
    return list && PyList_Append(list.get(), base) == 0;
}

bool set_metaclass(const HPyType_Spec& spec, Parents& parents, PyObject* metaclass) {
    if (parents.metaclass) {
        PyErr_Format(PyExc_ValueError, "type '%s': more than one metaclass is given.", spec.name);
        return false;
    }
    if (metaclass == nullptr || !PyType_Check(metaclass) ||
        !PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(metaclass), &PyType_Type)) {
        PyErr_Format(PyExc_TypeError, "type '%s': the metaclass is no subclass of type.",
                     spec.name);
        return false;
    }
    parents.metaclass = Ref::borrow(metaclass);
    return true;
}

bool set_bases_tuple(const HPyType_Spec& spec, Parents& parents, PyObject* bases) {
    if (parents.bases || bases == nullptr || !PyTuple_Check(bases)) {
        PyErr_Format(PyExc_TypeError, "type '%s': %s.", spec.name,
                     parents.bases ? "HPyType_SpecParam_BasesTuple is given twice"
                                   : "HPyType_SpecParam_BasesTuple needs a tuple");
        return false;
    }
    parents.bases = Ref::borrow(bases);
    return true;
}

bool read_params(const HPyType_Spec& spec, const HPyType_SpecParam* param, Parents& parents) {
    Ref list;
    for (; param != nullptr && param->kind != 0; ++param) {
        PyObject* const object = as_object(param->object);
        bool good = false;
        switch (param->kind) {
        case HPyType_SpecParam_Base:
            good = add_base(spec, list, object);
            break;
        case HPyType_SpecParam_BasesTuple:
            good = set_bases_tuple(spec, parents, object);
            break;
        case HPyType_SpecParam_Metaclass:
            good = set_metaclass(spec, parents, object);
            break;
        default:
            PyErr_Format(PyExc_TypeError, "type '%s': unknown HPyType_SpecParam kind %d.",
                         spec.name, static_cast<int>(param->kind));
        }
        if (!good) return false;
    }
    if (!list) return true;
    if (parents.bases) {
        PyErr_Format(PyExc_TypeError,
                     "type '%s': give HPyType_SpecParam_Base or HPyType_SpecParam_BasesTuple, not "
                     "both.",
                     spec.name);
        return false;
    }
    parents.bases = Ref(PyList_AsTuple(list.get()));
    return static_cast<bool>(parents.bases);
}

/// The struct of the new type begins where that of its bases does: it must not be smaller, and no
/// builtin layout may lie there.
bool check_base(const HPyType_Spec& spec, PyTypeObject* base) {
    if (spec.basicsize == 0) return true;
    const TypeRecord* const record = record_of(base);
    const auto head = static_cast<Py_ssize_t>(kStructOffset);
    const Py_ssize_t taken =
        base->tp_basicsize - (record != nullptr ? static_cast<Py_ssize_t>(record->hidden) : 0);
    if (taken <= (record != nullptr ? head + spec.basicsize : head)) return true;
    PyErr_Format(
        PyExc_TypeError,
        "type '%s': its struct of %d bytes (builtin shape Object) does not fit on the base "
        "'%s', whose instances have %zd bytes. Put the base's struct in front of the type's "
        "own, or set the builtin shape of the base.",
        spec.name, spec.basicsize, base->tp_name, base->tp_basicsize);
    return false;
}

bool check_bases(const HPyType_Spec& spec, PyObject* bases) {
    const Py_ssize_t count = bases != nullptr ? PyTuple_GET_SIZE(bases) : 0;
    for (Py_ssize_t i = 0; i < count; ++i) {
        PyObject* const base = PyTuple_GET_ITEM(bases, i);
        if (!PyType_Check(base)) {
            PyErr_Format(PyExc_TypeError, "type '%s': base %zd is no type.", spec.name, i);
            return false;
        }
        if (!check_base(spec, reinterpret_cast<PyTypeObject*>(base))) return false;
    }
    return true;
}

bool check_spec(const HPyType_Spec& spec) {
    if (spec.name == nullptr) {
        PyErr_SetString(PyExc_SystemError, "HPyType_FromSpec: the spec has no name.");
        return false;
    }
    if (spec.basicsize < 0 || spec.itemsize < 0) {
        PyErr_Format(PyExc_ValueError,
                     "type '%s': basicsize %d and itemsize %d must not be negative.", spec.name,
                     spec.basicsize, spec.itemsize);
        return false;
    }
    if (spec.basicsize > INT_MAX - static_cast<int>(kStructOffset)) {
        PyErr_Format(PyExc_ValueError, "type '%s': basicsize %d is too large.", spec.name,
                     spec.basicsize);
        return false;
    }
    const int shape = spec.builtin_shape;
    if (shape < HPyType_BuiltinShape_Legacy || shape > HPyType_BuiltinShape_Dict) {
        PyErr_Format(PyExc_ValueError, "type '%s': there is no builtin shape %d.", spec.name,
                     shape);
        return false;
    }
    if (shape != HPyType_BuiltinShape_Object || spec.legacy_slots != nullptr) {
        PyErr_Format(PyExc_NotImplementedError,
                     "ctx_Type_FromSpec: type '%s': this version of hpystate has the builtin shape "
                     "Object only, without legacy slots; the spec asks for shape %d%s.",
                     spec.name, shape, spec.legacy_slots != nullptr ? " with legacy slots" : "");
        return false;
    }
    return true;
}

/// The member by which CPython learns where an instance keeps the function that it is called with.
constexpr char kCallOffset[] = "__vectorcalloffset__";

/// The parts of a PyType_Spec while they are collected.
struct Parts {
    std::vector<PyType_Slot> slots;
    std::vector<PyMemberDef> members;
    TypeRecord record{};
    bool has_call = false; ///< an HPy_tp_call slot
    bool has_call_offset =
        false;                ///< a member __vectorcalloffset__: the struct has the field itself
    Py_ssize_t basicsize = 0; ///< of CPython's spec
};

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

bool add_slot(const HPyType_Spec& spec, Parts& parts, const HPySlot& slot) {
    HPyFunc_Signature signature{};
    if (!signature_of(slot.slot, signature) || slot.impl == nullptr) {
        PyErr_Format(PyExc_SystemError, "type '%s': slot %d %s.", spec.name,
                     static_cast<int>(slot.slot),
                     slot.impl == nullptr ? "has no function" : "is no slot of a type");
        return false;
    }
    if (slot.slot == HPy_tp_traverse) {
        parts.record.traverse = function_cast<HPyFunc_TRAVERSEPROC_t>(slot.impl);
        return true;
    }
    if (slot.slot == HPy_tp_destroy) {
        parts.record.destroy = function_cast<HPyFunc_DESTROYFUNC_t>(slot.impl);
        return true;
    }
    CFunction thunk = slot.slot == HPy_tp_call ? call_thunk_for(slot.impl)
                                               : thunk_for(signature, slot.impl, Site::kThread);
    // The pool is used up: the file's own trampoline serves. That of HPy_tp_call has another
    // signature than CPython's slot, so it cannot.
    if (thunk == nullptr && slot.slot != HPy_tp_call) {
        thunk = reinterpret_cast<CFunction>(slot.cpy_trampoline);
    }
    if (thunk == nullptr) {
        PyErr_Format(PyExc_SystemError, "type '%s': no thunk is left for slot %d.", spec.name,
                     static_cast<int>(slot.slot));
        return false;
    }
    parts.has_call = parts.has_call || slot.slot == HPy_tp_call;
    // HPy took the numbers of CPython's slots for its own.
    parts.slots.push_back({static_cast<int>(slot.slot), reinterpret_cast<void*>(thunk)});
    return true;
}

bool add_member(const HPyType_Spec& spec, Parts& parts, const HPyMember& member) {
    if (member.name == nullptr || spec.basicsize == 0) {
        PyErr_Format(PyExc_TypeError,
                     "type '%s': member '%s' needs a name and a type with a struct.", spec.name,
                     member.name != nullptr ? member.name : "(no name)");
        return false;
    }
    if (std::strcmp(member.name, kCallOffset) == 0) parts.has_call_offset = true;
    // HPy's numbers of field types are CPython's; offsets count from the type's own struct.
    parts.members.push_back({member.name, static_cast<int>(member.type),
                             member.offset + static_cast<Py_ssize_t>(kStructOffset),
                             member.readonly != 0 ? Py_READONLY : 0, member.doc});
    return true;
}

bool add_definitions(const HPyType_Spec& spec, Parts& parts) {
    for (HPyDef* const* at = spec.defines; at != nullptr && *at != nullptr; ++at) {
        const HPyDef& define = **at;
        bool good = true;
        switch (define.kind) {
        case HPyDef_Kind_Slot:
            good = add_slot(spec, parts, define.slot);
            break;
        case HPyDef_Kind_Member:
            good = add_member(spec, parts, define.member);
            break;
        case HPyDef_Kind_Meth:
        case HPyDef_Kind_GetSet:
            break; // as tables, below
        default:
            PyErr_Format(PyExc_SystemError, "type '%s': a definition has the unknown kind %d.",
                         spec.name, static_cast<int>(define.kind));
            good = false;
        }
        if (!good) return false;
    }
    PyMethodDef* methods = nullptr;
    PyGetSetDef* getsets = nullptr;
    if (!make_methods(spec.defines, Site::kThread, methods)) return false;
    if (!make_getsets(spec.defines, getsets)) return false;
    if (methods != nullptr) parts.slots.push_back({Py_tp_methods, methods});
    if (getsets != nullptr) parts.slots.push_back({Py_tp_getset, getsets});
    return true;
}

/// The call protocol: instances of a type with HPy_tp_call get a hidden HPyCallFunction behind
/// their struct, null until HPy_SetCallFunction; CPython falls back to tp_call where it is null. A
/// derived type has one of its own behind its own struct, so the base's place is its struct's to
/// use.
bool add_call(const HPyType_Spec& spec, Parts& parts, PyObject* bases) {
    if (spec.basicsize != 0) parts.basicsize = spec.basicsize + static_cast<int>(kStructOffset);
    const bool inherits = parts.record.base != nullptr && parts.record.base->hidden != 0;
    if (parts.has_call_offset && !parts.has_call) {
        parts.slots.push_back({Py_tp_call, reinterpret_cast<void*>(&PyVectorcall_Call)});
        return true;
    }
    if (!parts.has_call && !(inherits && spec.basicsize != 0)) return true;
    if (parts.has_call_offset || spec.itemsize != 0) {
        PyErr_Format(PyExc_TypeError, "type '%s': HPy_tp_call goes with neither %s.", spec.name,
                     spec.itemsize != 0
                         ? "an itemsize: the hidden call function needs a fixed place"
                         : "a member __vectorcalloffset__: give one of the two");
        return false;
    }
    Py_ssize_t end =
        parts.basicsize != 0 ? parts.basicsize : static_cast<Py_ssize_t>(sizeof(PyObject));
    const Py_ssize_t count = bases != nullptr ? PyTuple_GET_SIZE(bases) : 0;
    for (Py_ssize_t i = 0; i < count && spec.basicsize == 0; ++i) {
        auto* const base = reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(bases, i));
        end = std::max(end, base->tp_basicsize);
    }
    constexpr Py_ssize_t kAlign = alignof(HPyCallFunction);
    const Py_ssize_t offset = (end + kAlign - 1) / kAlign * kAlign;
    parts.record.hidden = static_cast<std::size_t>(offset - end) + sizeof(HPyCallFunction);
    parts.basicsize = offset + static_cast<Py_ssize_t>(sizeof(HPyCallFunction));
    parts.members.push_back({kCallOffset, T_PYSSIZET, offset, Py_READONLY, nullptr});
    return true;
}

/// tp_dealloc always, tp_traverse and tp_clear where the collector comes.
bool add_lifetime(const HPyType_Spec& spec, Parts& parts) {
    const bool collected = (spec.flags & HPy_TPFLAGS_HAVE_GC) != 0;
    if (collected && !parts.record.visits()) {
        PyErr_Format(PyExc_ValueError,
                     "type '%s': HPy_TPFLAGS_HAVE_GC needs an HPy_tp_traverse slot.", spec.name);
        return false;
    }
    const TypeThunks thunks = type_thunks_for(parts.record);
    if (thunks.dealloc == nullptr) {
        PyErr_Format(PyExc_SystemError,
                     "type '%s': this process has %u types that differ in tp_traverse and "
                     "tp_destroy already; there is room for no more.",
                     spec.name, kTypePool.size);
        return false;
    }
    parts.slots.push_back({Py_tp_dealloc, reinterpret_cast<void*>(thunks.dealloc)});
    if (!collected) return true;
    parts.slots.push_back({Py_tp_traverse, reinterpret_cast<void*>(thunks.traverse)});
    parts.slots.push_back({Py_tp_clear, reinterpret_cast<void*>(thunks.clear)});
    return true;
}

PyObject* make_type(const HPyType_Spec& spec, Parts& parts, const Parents& parents) {
    if (!parts.members.empty()) {
        parts.members.push_back({nullptr, 0, 0, 0, nullptr});
        parts.slots.push_back({Py_tp_members, parts.members.data()}); // CPython copies them
    }
    if (spec.doc != nullptr) parts.slots.push_back({Py_tp_doc, const_cast<char*>(spec.doc)});
    parts.slots.push_back({0, nullptr});

    constexpr unsigned long kTaken =
        HPy_TPFLAGS_BASETYPE | HPy_TPFLAGS_HAVE_GC | HPy_TPFLAGS_HAVE_VECTORCALL;
    const unsigned long call = parts.record.hidden != 0 ? HPy_TPFLAGS_HAVE_VECTORCALL : 0;
    PyType_Spec cpython{};
    cpython.name = spec.name;
    cpython.basicsize = static_cast<int>(parts.basicsize);
    cpython.itemsize = spec.itemsize;
    cpython.flags = static_cast<unsigned>(Py_TPFLAGS_DEFAULT | (spec.flags & kTaken) | call);
    cpython.slots = parts.slots.data();
    return PyType_FromMetaclass(reinterpret_cast<PyTypeObject*>(parents.metaclass.get()), nullptr,
                                &cpython, parents.bases.get());
}

/// The record of the base whose layout the type continues: CPython takes the largest one.
const TypeRecord* base_record(PyObject* bases) {
    const Py_ssize_t count = bases != nullptr ? PyTuple_GET_SIZE(bases) : 0;
    const TypeRecord* found = nullptr;
    Py_ssize_t size = -1;
    for (Py_ssize_t i = 0; i < count; ++i) {
        auto* const base = reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(bases, i));
        const TypeRecord* const record = record_of(base);
        if (record == nullptr || base->tp_basicsize <= size) continue;
        found = record;
        size = base->tp_basicsize;
    }
    return found;
}

} // namespace

PyObject* type_from_spec(const HPyType_Spec& spec, const HPyType_SpecParam* params) {
    Parents parents;
    Parts parts;
    if (!check_spec(spec) || !read_params(spec, params, parents)) return nullptr;
    if (!check_bases(spec, parents.bases.get()) || !add_definitions(spec, parts)) return nullptr;
    parts.record.base = base_record(parents.bases.get());
    if (!add_call(spec, parts, parents.bases.get()) || !add_lifetime(spec, parts)) return nullptr;
    return make_type(spec, parts, parents);
}

} // namespace hpystate
