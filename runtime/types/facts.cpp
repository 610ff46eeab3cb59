/// runtime/types/facts.cpp: collects the facts, first of the definitions and then of the bases.
#include "runtime/types/facts.h"

#include "runtime/calls/signature.h"
#include "runtime/types/foreign_base.h"
#include "runtime/types/late_member.h"

#include <cstring>

namespace hpystate {

namespace {

void note_member(TypeFacts& facts, const char* name) noexcept {
    if (name == nullptr) return;
    if (std::strcmp(name, kDictOffset) == 0) facts.has_dict_offset = true;
    if (std::strcmp(name, kWeakListOffset) == 0) facts.has_weaklist_offset = true;
}

/// Notes the facts of one definition.
struct Note {
    TypeFacts& facts;
    Shape shape;

    void operator()(const SlotDescription& slot) const noexcept {
        if (slot.slot == HPy_tp_traverse) {
            facts.record.traverse = function_cast<HPyFunc_TRAVERSEPROC_t>(slot.function);
        } else if (slot.slot == HPy_tp_destroy) {
            facts.record.destroy = function_cast<HPyFunc_DESTROYFUNC_t>(slot.function);
        } else if (slot.slot == HPy_tp_call) {
            facts.has_call = true;
        }
    }
    void operator()(const MemberDescription& member) const noexcept {
        if (member.name != nullptr && std::strcmp(member.name, kCallOffset) == 0) {
            facts.has_call_offset = true;
        }
        // A late member becomes a get-set, so CPython does not see its offset.
        if (!is_late(shape, static_cast<int>(member.type))) note_member(facts, member.name);
    }
    void operator()(const MethodDescription&) const noexcept {}
    void operator()(const GetSetDescription&) const noexcept {}
    void operator()(const UnknownDescription&) const noexcept {}
};

/// Notes the record of the base whose layout the type inherits, which is the largest one, and
/// whether there are bases that are not HPy types.
void note_bases(TypeFacts& facts, PyObject* bases) noexcept {
    const Py_ssize_t count = bases != nullptr ? PyTuple_GET_SIZE(bases) : 0;
    Py_ssize_t size = -1;
    for (Py_ssize_t i = 0; i < count; ++i) {
        auto* const base = reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(bases, i));
        if (has_foreign_base(base)) facts.record.foreign = 1;
        if (PyType_IS_GC(base)) facts.base_is_collected = true;
        const TypeRecord* const record = record_of(base);
        if (record == nullptr || base->tp_basicsize <= size) continue;
        facts.record.base = record;
        size = base->tp_basicsize;
    }
}

CallPlace find_call_place(const TypeFacts& facts, int basicsize) noexcept {
    const bool inherits = facts.record.base != nullptr && facts.record.base->hidden != 0;
    if (facts.has_call) return CallPlace::kHidden;
    if (facts.has_call_offset) return CallPlace::kInStruct;
    if (!inherits) return CallPlace::kNone;
    // A struct of its own may occupy the place of the base's hidden call function.
    return basicsize != 0 ? CallPlace::kHidden : CallPlace::kInherited;
}

} // namespace

TypeFacts find_facts(const TypeDescription& wanted, PyObject* bases) {
    TypeFacts facts;
    for (const Definition& definition : wanted.definitions)
        std::visit(Note{facts, wanted.shape}, definition);
    facts.legacy = find_legacy_parts(wanted.legacy_slots);
    const PyMemberDef* member = facts.legacy.members;
    for (; member != nullptr && member->name != nullptr; ++member)
        note_member(facts, member->name);

    note_bases(facts, bases);
    facts.record.shape_number = wanted.shape;
    // A legacy tp_traverse visits all that an instance holds, as in the C API.
    facts.record.opaque = facts.legacy.traverse ? 1 : 0;
    // A dict needs the functions of foreign_base.h, and memory with a word in front of the instance
    // cannot be kept as a spare.
    if ((wanted.flags & kInFront) != 0 || facts.has_dict_offset) facts.record.foreign = 1;
    facts.call_place = find_call_place(facts, wanted.basicsize);
    return facts;
}

} // namespace hpystate
