/// runtime/versions/v0_9/describe.cpp: copies 0.9's structs into descriptions, field by field.
#include <Python.h>

#include "runtime/versions/v0_9/describe.h"

#include "runtime/calls/handle.h"
#include "runtime/elf/origin.h"

#include <cstddef>
#include <cstdint>
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

/// Looks for a part that is not in the extension's own file, before it is read. The first one is
/// kept.
class Origins {
  public:
    explicit Origins(const OwnFile& file) : file_(file) {}

    void look_at(const void* address, const char* part) {
        if (found_) return;
        if (const auto stranger = file_.stranger_at(address)) found_ = {part, *stranger};
    }

    /// Checks each element of an array that ends with NULL, unless a strange part was found before.
    template <typename Part>
    void look_at_all(Part* const* array, const char* name) {
        for (std::size_t i = 0; !found_ && array != nullptr && array[i] != nullptr; ++i) {
            look_at(array[i], name);
            if (found_) found_->part += "[" + std::to_string(i) + "]";
        }
    }

    [[nodiscard]] const std::optional<StrangePart>& found() const noexcept { return found_; }

  private:
    const OwnFile& file_;
    std::optional<StrangePart> found_;
};

/// Stops after an unknown kind, as the check does: the rest of the array may be garbage.
std::vector<ParameterDescription> describe_params(const HPyType_SpecParam* param) {
    std::vector<ParameterDescription> parameters;
    for (; param != nullptr && param->kind != 0; ++param) {
        const auto kind = static_cast<ParameterKind>(param->kind);
        parameters.push_back({kind, as_object(param->object)});
        if (kind < ParameterKind::kBase || kind > ParameterKind::kMetaclass) break;
    }
    return parameters;
}

std::vector<Definition> describe_definitions(HPyDef* const* defines) {
    std::size_t count = 0;
    while (defines != nullptr && defines[count] != nullptr)
        ++count;
    std::vector<Definition> definitions;
    definitions.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        definitions.push_back(describe(*defines[i]));
        if (std::holds_alternative<UnknownDescription>(definitions.back())) break;
    }
    return definitions;
}

} // namespace

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
    const OwnFile file(spec.name, spec.defines);
    Origins origins(file);
    origins.look_at_all(spec.defines, "defines");
    type.stranger = origins.found();
    if (!type.stranger) type.definitions = describe_definitions(spec.defines);
    return type;
}

ModuleDescription describe_module(const HPyModuleDef& definition) {
    ModuleDescription module;
    module.source = &definition;
    module.doc = definition.doc;
    module.size = definition.size;
    module.legacy_methods = reinterpret_cast<const PyMethodDef*>(definition.legacy_methods);
    module.lists_globals = definition.globals != nullptr;

    const OwnFile file(&definition);
    Origins origins(file);
    origins.look_at(definition.defines, "the array of definitions");
    origins.look_at(definition.globals, "the array of globals");
    origins.look_at(definition.legacy_methods, "the table of legacy methods");
    origins.look_at_all(definition.defines, "defines");
    origins.look_at_all(definition.globals, "globals");
    module.stranger = origins.found();
    if (module.stranger) return module;

    module.definitions = describe_definitions(definition.defines);
    HPyGlobal** at = definition.globals;
    for (; at != nullptr && *at != nullptr; ++at) // perhaps not aligned, so no member is read
        module.globals.push_back(reinterpret_cast<std::uintptr_t*>(*at));
    return module;
}

} // namespace hpystate::v0_9
