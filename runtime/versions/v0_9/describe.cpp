/// runtime/versions/v0_9/describe.cpp: copies 0.9's structs into descriptions, field by field.
#include <Python.h>

#include "runtime/versions/v0_9/describe.h"

#include "runtime/calls/handle.h"
#include "runtime/elf/origin.h"
#include "runtime/versions/v0_9/definitions.h"

#include <cstdint>

namespace hpystate::v0_9 {

namespace {

MethodDescription describe_method(const HPyMeth& meth) noexcept {
    return {meth.name, meth.signature, meth.impl, as_function(meth.cpy_trampoline), meth.doc};
}

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
    if (!type.stranger) type.definitions = describe_definitions(spec.defines, describe_method);
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

    module.definitions = describe_definitions(definition.defines, describe_method);
    HPyGlobal** at = definition.globals;
    for (; at != nullptr && *at != nullptr; ++at) // perhaps not aligned, so no member is read
        module.globals.push_back(reinterpret_cast<std::uintptr_t*>(*at));
    return module;
}

} // namespace hpystate::v0_9
