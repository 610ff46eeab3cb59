/// runtime/versions/v0_0_4/emulate.h: the functions of HPy 0.0.4 that 0.9 removed or changed.
///
/// What is declared here is what a context of 0.0.4 has; contexts.cpp forwards all other functions.
#pragma once

#include <Python.h>

#include "runtime/versions/v0_0_4/abi.h"

namespace hpystate::v0_0_4 {

// NOLINTBEGIN(readability-identifier-naming): the names of the members

/// Each function has the name of its member, and its type in the frozen list. `context` is one of
/// 0.0.4, and the thread is attached to its interpreter.
struct Emulated {
    // 0.9 counts bits where 0.0.4 has C's types; both of C's have 64 bits here.
    static HPy Long_FromLong(HPyContext* context, long value) noexcept;
    static HPy Long_FromUnsignedLong(HPyContext* context, unsigned long value) noexcept;
    static HPy Long_FromLongLong(HPyContext* context, long long value) noexcept;
    static HPy Long_FromUnsignedLongLong(HPyContext* context, unsigned long long value) noexcept;
    static long Long_AsLong(HPyContext* context, HPy h) noexcept;
    static unsigned long Long_AsUnsignedLong(HPyContext* context, HPy h) noexcept;
    static unsigned long Long_AsUnsignedLongMask(HPyContext* context, HPy h) noexcept;
    static long long Long_AsLongLong(HPyContext* context, HPy h) noexcept;
    static unsigned long long Long_AsUnsignedLongLong(HPyContext* context, HPy h) noexcept;
    static unsigned long long Long_AsUnsignedLongLongMask(HPyContext* context, HPy h) noexcept;
    static HPy Bool_FromLong(HPyContext* context, long value) noexcept;

    /// The characters are the object's own, as in 0.9, where the result is const.
    static char* Bytes_AsString(HPyContext* context, HPy h) noexcept;
    static char* Bytes_AS_STRING(HPyContext* context, HPy h) noexcept;

    /// 0.9 has a function for each shape. 0.0.4 has two shapes.
    static void* AsStruct(HPyContext* context, HPy h) noexcept;
    static void* AsStructLegacy(HPyContext* context, HPy h) noexcept;

    /// 0.9 wants a module to list its globals, and debug mode reports one that none lists. 0.0.4
    /// does not, so here debug mode checks the handles only.
    static void Global_Store(HPyContext* context, HPyGlobal* global, HPy h) noexcept;
    static HPy Global_Load(HPyContext* context, HPyGlobal global) noexcept;

    /// Of a spec of 0.0.4. SystemError for a NULL spec; TypeError for parameters of an unknown
    /// kind, and for legacy slots of a type that is not a legacy one.
    static HPy Type_FromSpec(HPyContext* context, HPyType_Spec* spec,
                             HPyType_SpecParam* params) noexcept;

    /// 0.9's loader makes the module. Defined in runtime/loader/old_module.cpp, which see.
    static HPy Module_Create(HPyContext* context, HPyModuleDef* definition) noexcept;

    /// For code that calls a trampoline of its file. Defined in trampolines.cpp.
    static void CallRealFunctionFromTrampoline(HPyContext* context, HPyFunc_Signature signature,
                                               HPyCFunction function, void* args) noexcept;
};

// NOLINTEND(readability-identifier-naming)

/// What the trampoline of a file does, in the Python of this copy of the runtime: it packed the
/// arguments and has room for the result. `signature` is one of 0.0.4. Defined in trampolines.cpp.
void call_from_trampoline(int signature, void (*function)(), void* packed) noexcept;

} // namespace hpystate::v0_0_4
