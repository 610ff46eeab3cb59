/// runtime/types/parents.cpp: makes the tuple of bases, and checks whether the struct fits on them.
#include "runtime/types/parents.h"

#include "runtime/types/legacy.h"
#include "runtime/types/record.h"

#include <cstddef>

namespace hpystate {

namespace {

/// Sets a TypeError: `part` of the type is an object where `expected` was expected.
bool refuse_object(const TypeDescription& wanted, const char* part, PyObject* object,
                   const char* expected) {
    if (object == nullptr) {
        PyErr_Format(PyExc_TypeError,
                     "type '%s': %s is HPy_NULL, %s was expected. Check the result of the call "
                     "that returned it.",
                     wanted.name, part, expected);
    } else {
        PyErr_Format(PyExc_TypeError, "type '%s': %s is of type '%s', %s was expected.",
                     wanted.name, part, Py_TYPE(object)->tp_name, expected);
    }
    return false;
}

bool add_base(const TypeDescription& wanted, Ref& list, PyObject* base) {
    if (base == nullptr || !PyType_Check(base)) {
        return refuse_object(wanted, "a base", base, "a type");
    }
    if (!list) list = Ref(PyList_New(0));
    return list && PyList_Append(list.get(), base) == 0;
}

bool set_metaclass(const TypeDescription& wanted, Parents& parents, PyObject* metaclass) {
    if (parents.metaclass) {
        PyErr_Format(PyExc_ValueError,
                     "type '%s': more than one metaclass is given. Keep one "
                     "HPyType_SpecParam_Metaclass.",
                     wanted.name);
        return false;
    }
    if (metaclass == nullptr || !PyType_Check(metaclass)) {
        return refuse_object(wanted, "the metaclass", metaclass, "a subclass of type");
    }
    auto* const type = reinterpret_cast<PyTypeObject*>(metaclass);
    if (!PyType_IsSubtype(type, &PyType_Type)) {
        PyErr_Format(PyExc_TypeError,
                     "type '%s': the metaclass is '%s', which is not a subclass of type. Derive it "
                     "from type, or leave the metaclass out.",
                     wanted.name, type->tp_name);
        return false;
    }
    parents.metaclass = Ref::borrow(metaclass);
    return true;
}

bool set_bases_tuple(const TypeDescription& wanted, Parents& parents, const char* part,
                     PyObject* bases) {
    if (parents.bases) {
        PyErr_Format(PyExc_TypeError, "type '%s': %s is given twice. Keep one.", wanted.name, part);
        return false;
    }
    if (bases == nullptr || !PyTuple_Check(bases)) {
        return refuse_object(wanted, part, bases, "a tuple");
    }
    parents.bases = Ref::borrow(bases);
    return true;
}

/// Reads Py_tp_base and Py_tp_bases among the legacy slots. If both are there, the tuple is used,
/// as in PyType_FromSpec.
bool read_legacy_bases(const TypeDescription& wanted, Parents& parents, Ref& list) {
    const LegacyParts legacy = find_legacy_parts(wanted.legacy_slots);
    if (legacy.base == nullptr && legacy.bases == nullptr) return true;
    if (list || parents.bases) {
        PyErr_Format(PyExc_TypeError,
                     "type '%s': its bases are given twice, by a legacy slot Py_tp_base or "
                     "Py_tp_bases and by HPyType_SpecParam. Use HPyType_SpecParam_Base alone.",
                     wanted.name);
        return false;
    }
    if (legacy.bases != nullptr) {
        return set_bases_tuple(wanted, parents, "the legacy slot Py_tp_bases",
                               static_cast<PyObject*>(legacy.bases->pfunc));
    }
    return add_base(wanted, list, static_cast<PyObject*>(legacy.base->pfunc));
}

} // namespace

bool find_parents(const TypeDescription& wanted, Parents& parents) {
    Ref list;
    for (const auto& [kind, object] : wanted.parameters) {
        // An exception that is set already explains why the object is null.
        if (object == nullptr && PyErr_Occurred() != nullptr) return false;
        bool good = false;
        switch (kind) {
        case ParameterKind::kBase:
            good = add_base(wanted, list, object);
            break;
        case ParameterKind::kBasesTuple:
            good = set_bases_tuple(wanted, parents, "HPyType_SpecParam_BasesTuple", object);
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
        if (none) parents.bases = Ref(); // object: CPython accepts no empty tuple
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

namespace {

[[nodiscard]] std::size_t size_of(const TypeDescription& wanted) noexcept {
    return static_cast<std::size_t>(wanted.basicsize); // checked: not negative
}

/// Whether a struct on an HPy base may begin where the base's struct begins. It may if only HPy
/// structs are there, apart from the first `alone` bytes, and no class made in Python has added
/// anything in between. A legacy struct includes whatever is below all HPy types.
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

/// Whether a struct of that shape and size fits on a base: it must include the base's struct, and
/// only the builtin layout may be in front of it.
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
                 "'%s', whose instances have %zd bytes. Make the base's struct the first "
                 "member of the type's own, or set the builtin shape of the base.",
                 wanted.name, wanted.basicsize, name_of(shape), base->tp_name, base->tp_basicsize);
    return false;
}

/// A builtin shape needs the builtin type among the bases. HPy takes a type without it too, whose
/// instances have unused bytes in front of their struct. That is allowed if no other data occupies
/// those bytes, and if the struct's place does not depend on items.
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

/// The base's code computes the address of an item from the base's itemsize, but instances have
/// room for items of the type's itemsize. So both must be equal.
bool check_items(const TypeDescription& wanted, const PyTypeObject* base) {
    const bool differ = wanted.itemsize != 0 && base->tp_itemsize != 0;
    if (!differ || wanted.itemsize == base->tp_itemsize) return true;
    PyErr_Format(PyExc_TypeError,
                 "type '%s': it has items of %d bytes, and its base '%s' has items of %zd. Leave "
                 "the itemsize 0: it is inherited.",
                 wanted.name, wanted.itemsize, base->tp_name, base->tp_itemsize);
    return false;
}

} // namespace

bool check_bases(const TypeDescription& wanted, PyObject* bases) {
    const Py_ssize_t count = bases != nullptr ? PyTuple_GET_SIZE(bases) : 0;
    if (count == 0 && !check_struct(wanted, &PyBaseObject_Type)) return false;
    for (Py_ssize_t i = 0; i < count; ++i) {
        PyObject* const base = PyTuple_GET_ITEM(bases, i);
        if (!PyType_Check(base)) {
            PyErr_Format(PyExc_TypeError,
                         "type '%s': base %zd is of type '%s', a type was expected.", wanted.name,
                         i, Py_TYPE(base)->tp_name);
            return false;
        }
        auto* const type = reinterpret_cast<PyTypeObject*>(base);
        if (!check_items(wanted, type) || !check_struct(wanted, type)) return false;
    }
    return check_shape(wanted, bases);
}

} // namespace hpystate
