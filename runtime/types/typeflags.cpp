/// runtime/types/typeflags.cpp: the table of CPython's 32 flags, and the conditions of some of
/// them.
#include "runtime/types/typeflags.h"

#include "runtime/cpython/versions.h"

#include <array>

namespace hpystate {

namespace {

/// A bit of tp_flags. `refusal` is null if a spec may set it.
struct Flag {
    const char* name; ///< null: CPython does not use the bit
    const char* refusal;
};

constexpr char kSetByCPython[] = "CPython sets it itself";
constexpr char kOfABuiltin[] = "none of the bases has it: add a base of that builtin type";
constexpr char kOfStackless[] = "it is for Stackless Python";

constexpr unsigned kFlags = 32;
constexpr unsigned kFirstBuiltin = 24; ///< from here on: "is a subclass of int, list, ..."

constexpr Flag kBitTwo =
    kHasInlineValues ? Flag{"Py_TPFLAGS_INLINE_VALUES", kSetByCPython}
                     : Flag{"HPy_TPFLAGS_INTERNAL_IS_HPY_TYPE", "HPy's own runtime sets it itself"};

/// Indexed by the number of the bit, which is the same from 3.12 on.
constexpr std::array<Flag, kFlags> kTable{{
    {"Py_TPFLAGS_HAVE_FINALIZE", nullptr},
    {"_Py_TPFLAGS_STATIC_BUILTIN", "it is for types inside CPython"},
    kBitTwo,
    {"Py_TPFLAGS_MANAGED_WEAKREF", nullptr},
    {"Py_TPFLAGS_MANAGED_DICT", nullptr},
    {"Py_TPFLAGS_SEQUENCE", nullptr},
    {"Py_TPFLAGS_MAPPING", nullptr},
    {"Py_TPFLAGS_DISALLOW_INSTANTIATION", nullptr},
    {"Py_TPFLAGS_IMMUTABLETYPE", nullptr},
    {"Py_TPFLAGS_HEAPTYPE", nullptr}, // in HPy_TPFLAGS_DEFAULT
    {"Py_TPFLAGS_BASETYPE", nullptr},
    {"Py_TPFLAGS_HAVE_VECTORCALL", nullptr},
    {"Py_TPFLAGS_READY", kSetByCPython},
    {"Py_TPFLAGS_READYING", kSetByCPython},
    {"Py_TPFLAGS_HAVE_GC", nullptr},
    {"Py_TPFLAGS_HAVE_STACKLESS_EXTENSION", kOfStackless},
    {"Py_TPFLAGS_HAVE_STACKLESS_EXTENSION", kOfStackless},
    {"Py_TPFLAGS_METHOD_DESCRIPTOR", nullptr},
    {"Py_TPFLAGS_HAVE_VERSION_TAG", nullptr}, // in HPy_TPFLAGS_DEFAULT
    {"Py_TPFLAGS_VALID_VERSION_TAG", kSetByCPython},
    {"Py_TPFLAGS_IS_ABSTRACT", nullptr},
    {nullptr, "CPython gives it no meaning"},
    {"_Py_TPFLAGS_MATCH_SELF", nullptr},
    {"Py_TPFLAGS_ITEMS_AT_END", nullptr},
    {"Py_TPFLAGS_LONG_SUBCLASS", kOfABuiltin},
    {"Py_TPFLAGS_LIST_SUBCLASS", kOfABuiltin},
    {"Py_TPFLAGS_TUPLE_SUBCLASS", kOfABuiltin},
    {"Py_TPFLAGS_BYTES_SUBCLASS", kOfABuiltin},
    {"Py_TPFLAGS_UNICODE_SUBCLASS", kOfABuiltin},
    {"Py_TPFLAGS_DICT_SUBCLASS", kOfABuiltin},
    {"Py_TPFLAGS_BASE_EXC_SUBCLASS", kOfABuiltin},
    {"Py_TPFLAGS_TYPE_SUBCLASS", kOfABuiltin},
}};

/// Set after the type is made.
constexpr unsigned long kLate = Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR;

bool refuse(const TypeDescription& wanted, unsigned bit, const char* reason) {
    const char* const name = bit < kFlags ? kTable[bit].name : nullptr;
    PyErr_Format(PyExc_TypeError,
                 "type '%s': its flags have %s (bit %u), which a spec cannot set here: %s.",
                 wanted.name, name != nullptr ? name : "an unknown flag", bit, reason);
    return false;
}

bool refuse_flag(const TypeDescription& wanted, unsigned long flag, const char* reason) {
    return refuse(wanted, static_cast<unsigned>(__builtin_ctzl(flag)), reason);
}

/// For both flags CPython keeps a word at a fixed distance in front of the instance. It does so
/// only for instances that the collector tracks.
bool check_in_front(const TypeDescription& wanted, const TypeFacts& facts, PyObject* bases,
                    unsigned long flag) {
    if ((wanted.flags & flag) == 0) return true;
    const bool collected = (wanted.flags & HPy_TPFLAGS_HAVE_GC) != 0 || facts.base_is_collected;
    if (!collected) return refuse_flag(wanted, flag, "it needs HPy_TPFLAGS_HAVE_GC as well");
    const bool is_dict = flag == Py_TPFLAGS_MANAGED_DICT;
    if (is_dict ? facts.has_dict_offset : facts.has_weaklist_offset) {
        return refuse_flag(
            wanted, flag,
            is_dict ? "the type has a member __dictoffset__ already: use one of the two"
                    : "the type has a member __weaklistoffset__ already: use one of the two");
    }
    const bool placed = any_base(bases, [=](PyTypeObject* base) {
        const Py_ssize_t offset = is_dict ? base->tp_dictoffset : base->tp_weaklistoffset;
        return offset != 0 && PyType_HasFeature(base, flag) == 0;
    });
    if (!placed) return true;
    return refuse_flag(wanted, flag, "a base gives its instances a place for it already");
}

} // namespace

bool check_flags(const TypeDescription& wanted, const TypeFacts& facts, PyObject* bases) {
    for (unsigned bit = 0; bit < sizeof(wanted.flags) * 8; ++bit) {
        const unsigned long flag = 1UL << bit;
        if ((wanted.flags & flag) == 0) continue;
        if (bit >= kFlags) return refuse(wanted, bit, "CPython has only 32 flags");
        if (kTable[bit].refusal == nullptr) continue;
        // A flag that a base has is inherited, so it may be given again.
        const bool inherited = bit >= kFirstBuiltin && any_base(bases, [=](PyTypeObject* base) {
                                   return PyType_HasFeature(base, flag) != 0;
                               });
        if (!inherited) return refuse(wanted, bit, kTable[bit].refusal);
    }
    if ((wanted.flags & Py_TPFLAGS_ITEMS_AT_END) != 0 && has_inline_items(wanted.shape)) {
        return refuse_flag(wanted, Py_TPFLAGS_ITEMS_AT_END,
                           "with the builtin shapes Long and Tuple the struct is behind the items");
    }
    return check_in_front(wanted, facts, bases, Py_TPFLAGS_MANAGED_DICT) &&
           check_in_front(wanted, facts, bases, Py_TPFLAGS_MANAGED_WEAKREF);
}

unsigned flags_for_cpython(const TypeDescription& wanted, bool collected) noexcept {
    const unsigned long more = collected ? HPy_TPFLAGS_HAVE_GC : 0;
    return static_cast<unsigned>(Py_TPFLAGS_DEFAULT | (wanted.flags & ~kLate) | more);
}

bool check_late_flags(const TypeDescription& wanted, const PyTypeObject* type) {
    const bool called = (wanted.flags & HPy_TPFLAGS_HAVE_VECTORCALL) != 0;
    if (called && type->tp_vectorcall_offset <= 0) {
        PyErr_Format(PyExc_TypeError,
                     "type '%s': HPy_TPFLAGS_HAVE_VECTORCALL needs an HPy_tp_call slot or a member "
                     "__vectorcalloffset__, here or in a base.",
                     wanted.name);
        return false;
    }
    const bool describes = (wanted.flags & Py_TPFLAGS_METHOD_DESCRIPTOR) != 0;
    if (!describes || type->tp_descr_get != nullptr) return true;
    return refuse_flag(wanted, Py_TPFLAGS_METHOD_DESCRIPTOR,
                       "it needs a slot HPy_tp_descr_get, here or in a base");
}

void set_late_flags(const TypeDescription& wanted, const TypeFacts& facts,
                    PyTypeObject* type) noexcept {
    type->tp_flags |= wanted.flags & kLate;
    if (facts.call_place == CallPlace::kHidden) type->tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL;
}

} // namespace hpystate
