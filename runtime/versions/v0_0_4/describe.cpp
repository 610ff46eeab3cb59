/// runtime/versions/v0_0_4/describe.cpp: copies 0.0.4's structs into descriptions.
#include <Python.h>

#include "runtime/versions/v0_0_4/describe.h"

#include "runtime/elf/origin.h"
#include "runtime/versions/v0_9/definitions.h"

namespace hpystate::v0_0_4 {

namespace {

/// The number of a signature that methods may have is the same in both versions.
static_assert(static_cast<int>(HPyFunc_VARARGS) == static_cast<int>(::HPyFunc_VARARGS));
static_assert(static_cast<int>(HPyFunc_KEYWORDS) == static_cast<int>(::HPyFunc_KEYWORDS));
static_assert(static_cast<int>(HPyFunc_NOARGS) == static_cast<int>(::HPyFunc_NOARGS));
static_assert(static_cast<int>(HPyFunc_O) == static_cast<int>(::HPyFunc_O));

MethodDescription describe_method(const HPyMeth& meth) noexcept {
    const auto signature = static_cast<::HPyFunc_Signature>(meth.signature);
    return {meth.name, signature, meth.impl, nullptr, meth.doc, true};
}

} // namespace

TypeDescription describe_type(const HPyType_Spec& spec) {
    TypeDescription type;
    type.name = spec.name;
    type.basicsize = spec.basicsize;
    type.itemsize = spec.itemsize;
    type.flags = spec.flags;
    type.shape = spec.legacy != 0 ? HPyType_BuiltinShape_Legacy : HPyType_BuiltinShape_Object;
    type.doc = spec.doc;
    type.legacy_slots = static_cast<const PyType_Slot*>(spec.legacy_slots);
    const OwnFile file(spec.name, spec.defines);
    v0_9::Origins origins(file);
    origins.look_at_all(spec.defines, "defines");
    type.stranger = origins.found();
    if (!type.stranger) {
        type.definitions = v0_9::describe_definitions(spec.defines, describe_method);
    }
    return type;
}

ModuleDescription describe_module(const HPyModuleDef& definition) {
    ModuleDescription module;
    module.source = &definition;
    module.doc = definition.doc;
    // 0.0.4 passes any size on to CPython, and has no function that returns the memory.
    module.size = 0;
    module.legacy_methods = reinterpret_cast<const PyMethodDef*>(definition.legacy_methods);

    const OwnFile file(&definition);
    v0_9::Origins origins(file);
    origins.look_at(definition.defines, "the array of definitions");
    origins.look_at(definition.legacy_methods, "the table of legacy methods");
    origins.look_at_all(definition.defines, "defines");
    module.stranger = origins.found();
    if (module.stranger) return module;
    module.definitions = v0_9::describe_definitions(definition.defines, describe_method);
    return module;
}

} // namespace hpystate::v0_0_4
