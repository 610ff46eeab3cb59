/// runtime/versions/v0_0_4/describe.h: reads the structs of HPy 0.0.4 into descriptions.
///
/// The structs are read and never written, and their contents are not checked here, as for 0.9
/// (runtime/versions/v0_9/describe.h). Three things differ. Functions with keywords get a dict.
/// Trampolines of methods are left out: CPython calls those of functions with arguments in another
/// way than ours. And the list of a module's globals is not read: nothing in 0.0.4 did, so files
/// have lists without the NULL at their end, also those of HPy's own tests. Such globals are
/// registered by their first store.
#pragma once

#include "runtime/types/description.h"
#include "runtime/versions/v0_0_4/abi.h"

namespace hpystate::v0_0_4 {

/// Describes the type of a spec, without parameters. The description has the spec's pointers, so
/// the spec must outlive it. Throws std::bad_alloc.
[[nodiscard]] TypeDescription describe_type(const HPyType_Spec& spec);

/// Describes the module of a definition, without its name. The description has the definition's
/// pointers. Throws std::bad_alloc.
[[nodiscard, gnu::cold]] ModuleDescription describe_module(const HPyModuleDef& definition);

} // namespace hpystate::v0_0_4
