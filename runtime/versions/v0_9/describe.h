/// runtime/versions/v0_9/describe.h: reads the structs of HPy 0.9 into descriptions.
///
/// Only this file knows 0.9's structs for types, modules and their definitions. The structs are
/// read and never written. Their contents are not checked here: what is wrong in them is copied,
/// and the check refuses it. One thing is checked here, because it must be before a byte is read:
/// whether a definition is in the extension's own file (runtime/elf/origin.h).
#pragma once

#include "runtime/types/description.h"

#include <hpy/define.h>

namespace hpystate::v0_9 {

/// Describes the type of a spec and its parameters (ended by kind 0; may be NULL). The description
/// has the spec's pointers, so the spec must outlive it. Throws std::bad_alloc.
[[nodiscard]] TypeDescription describe_type(const HPyType_Spec& spec,
                                            const HPyType_SpecParam* params);

/// Describes the module of a definition. The description has the definition's pointers; the
/// definition's address identifies the module in this process. Throws std::bad_alloc.
[[nodiscard, gnu::cold]] ModuleDescription describe_module(const HPyModuleDef& definition);

} // namespace hpystate::v0_9
