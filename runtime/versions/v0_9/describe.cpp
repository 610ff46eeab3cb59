/// runtime/versions/v0_9/describe.cpp: field by field, from 0.9's structs to the descriptions.
#include <Python.h>

#include "runtime/versions/v0_9/describe.h"

#include "runtime/calls/handle.h"
#include "runtime/elf/origin.h"

#include <cstddef>
#include <optional>
#include <string>

namespace hpystate::v0_9 {

namespace {

template <typename Pointer>
CFunction as_function(Pointer trampoline) noexcept {
    return reinterpret_cast<CFunction>(trampoline);
}

SlotDescription describe(const HPySlot& slot) noexcept {
    return {slot.slot, slot.impl, as_function(slot.cpy_trampoline)};
}

MethodDescription describe(const HPyMeth& meth) noexcept {
    return {meth.name, meth.signature, meth.impl, as_function(meth.cpy_trampoline), meth.doc};
}

MemberDescription describe(const HPyMember& member) noexcept {
    return {member.name, member.type, member.offset, member.readonly != 0, member.doc};
}

GetSetDescription describe(const HPyGetSet& getset) noexcept {
    return {getset.name,
            getset.getter_impl,
            getset.setter_impl,
            as_function(getset.getter_cpy_trampoline),
            as_function(getset.setter_cpy_trampoline),
            getset.doc,
            getset.closure};
}

Definition describe(const HPyDef& define) noexcept {
    switch (define.kind) {
    case HPyDef_Kind_Slot:
        return describe(define.slot);
    case HPyDef_Kind_Meth:
        return describe(define.meth);
    case HPyDef_Kind_Member:
        return describe(define.member);
    case HPyDef_Kind_GetSet:
        return describe(define.getset);
    default:
        return UnknownDescription{static_cast<int>(define.kind)};
    }
}

/// The first definition that is not the extension's own, as a clause; "" where all are.
std::string find_stranger(const OwnFile& file, HPyDef* const* defines) {
    for (std::size_t i = 0; defines != nullptr && defines[i] != nullptr; ++i) {
        const std::optional<Stranger> stranger = file.stranger_at(defines[i]);
        if (stranger) return "defines[" + std::to_string(i) + "] " + stranger->text();
    }
    return {};
}

/// Ends behind a kind that is unknown, as the check does: the array may not be one.
std::vector<ParameterDescription> describe_params(const HPyType_SpecParam* param) {
    std::vector<ParameterDescription> parameters;
    for (; param != nullptr && param->kind != 0; ++param) {
        const auto kind = static_cast<ParameterKind>(param->kind);
        parameters.push_back({kind, as_object(param->object)});
        if (kind < ParameterKind::kBase || kind > ParameterKind::kMetaclass) break;
    }
    return parameters;
}

} // namespace

std::vector<Definition> describe_definitions(HPyDef* const* defines) {
    std::vector<Definition> definitions;
    for (; defines != nullptr && *defines != nullptr; ++defines) {
        definitions.push_back(describe(**defines));
        if (std::holds_alternative<UnknownDescription>(definitions.back())) break;
    }
    return definitions;
}

TypeDescription describe_type(const HPyType_Spec& spec, const HPyType_SpecParam* params) {
    TypeDescription type;
    type.name = spec.name;
    type.basicsize = spec.basicsize;
    type.itemsize = spec.itemsize;
    type.flags = spec.flags;
    type.shape = spec.builtin_shape;
    type.doc = spec.doc;
    type.legacy_slots = static_cast<const PyType_Slot*>(spec.legacy_slots);
    type.parameters = describe_params(params);
    type.stranger = find_stranger(OwnFile(spec.name, spec.defines), spec.defines);
    if (type.stranger.empty()) type.definitions = describe_definitions(spec.defines);
    return type;
}

} // namespace hpystate::v0_9
