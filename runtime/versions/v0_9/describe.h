/// runtime/versions/v0_9/describe.h: reads the structs of HPy 0.9 into descriptions.
///
/// The one place of the runtime that knows how 0.9 lays out types, modules and their definitions.
/// The structs are read, never written, and nothing is judged: what is wrong in them is in the
/// description too, for the check to refuse. One thing is decided here, since it must be before a
/// byte is read: whether a definition is the extension's own (runtime/elf/origin.h).
#pragma once

#include "runtime/types/description.h"

#include <hpy/define.h>

namespace hpystate::v0_9 {

/// The type of a spec and its parameters (ended by kind 0; may be NULL). Its pointers are those of
/// the spec, which must outlive the description. Throws std::bad_alloc.
[[nodiscard]] TypeDescription describe_type(const HPyType_Spec& spec,
                                            const HPyType_SpecParam* params);

/// The module of a definition. Its pointers are those of the definition, whose address is the
/// module's identity in this process. Throws std::bad_alloc.
[[nodiscard, gnu::cold]] ModuleDescription describe_module(const HPyModuleDef& definition);

} // namespace hpystate::v0_9
