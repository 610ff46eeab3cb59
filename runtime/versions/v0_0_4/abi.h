/// runtime/versions/v0_0_4/abi.h: the structs and numbers of HPy 0.0.4 that are not those of 0.9.
///
/// In this namespace the names that both versions have mean 0.0.4's; ::HPyContext is 0.9's. What is
/// not declared here is the same in both: handles, fields, globals, builders, trackers, buffers,
/// the numbers of slots and of the types of members. tests/abi/layout_0_0_4.cpp proves that.
#pragma once

#include <hpy/context.h>

#include <cstdint>

namespace hpystate::v0_0_4 {

// Names of HPy's, in the manner of HPy's headers.
// NOLINTBEGIN(bugprone-macro-parentheses): members, and parts of a sum
// NOLINTBEGIN(readability-identifier-naming,bugprone-reserved-identifier)

struct HPyContext;

/// 0.0.4 has no NEWFUNC, so the numbers behind INITPROC are not 0.9's.
enum HPyFunc_Signature : unsigned {
    HPyFunc_VARARGS = 1,
    HPyFunc_KEYWORDS = 2,
    HPyFunc_NOARGS = 3,
    HPyFunc_O = 4,
    HPyFunc_DESTROYFUNC,
    HPyFunc_GETBUFFERPROC,
    HPyFunc_RELEASEBUFFERPROC,
    HPyFunc_UNARYFUNC,
    HPyFunc_BINARYFUNC,
    HPyFunc_TERNARYFUNC,
    HPyFunc_INQUIRY,
    HPyFunc_LENFUNC,
    HPyFunc_SSIZEARGFUNC,
    HPyFunc_SSIZESSIZEARGFUNC,
    HPyFunc_SSIZEOBJARGPROC,
    HPyFunc_SSIZESSIZEOBJARGPROC,
    HPyFunc_OBJOBJARGPROC,
    HPyFunc_FREEFUNC,
    HPyFunc_GETATTRFUNC,
    HPyFunc_GETATTROFUNC,
    HPyFunc_SETATTRFUNC,
    HPyFunc_SETATTROFUNC,
    HPyFunc_REPRFUNC,
    HPyFunc_HASHFUNC,
    HPyFunc_RICHCMPFUNC,
    HPyFunc_GETITERFUNC,
    HPyFunc_ITERNEXTFUNC,
    HPyFunc_DESCRGETFUNC,
    HPyFunc_DESCRSETFUNC,
    HPyFunc_INITPROC,
    HPyFunc_GETTER,
    HPyFunc_SETTER,
    HPyFunc_OBJOBJPROC,
    HPyFunc_TRAVERSEPROC,
    HPyFunc_DESTRUCTOR,
};

struct HPyMeth {
    const char* name;
    HPyCFunction impl;
    cpy_PyCFunction cpy_trampoline;
    HPyFunc_Signature signature;
    const char* doc;
};

struct HPyDef {
    HPyDef_Kind kind;
    union {
        HPySlot slot;
        HPyMeth meth;
        HPyMember member;
        HPyGetSet getset;
    };
};

struct HPyType_Spec {
    const char* name;
    int basicsize;
    int itemsize;
    unsigned long flags;
    int legacy; ///< not 0: the struct begins with the object's header
    void* legacy_slots;
    HPyDef** defines;
    const char* doc;
};

/// 1: a base, 2: a tuple of bases. 0.9's struct, with one kind less.
using HPyType_SpecParam = ::HPyType_SpecParam;

struct HPyModuleDef {
    const char* name;
    const char* doc;
    HPy_ssize_t size;
    cpy_PyMethodDef* legacy_methods;
    HPyDef** defines;
    HPyGlobal** globals;
};

struct HPyContext {
    const char* name;
    void* _private;
    int ctx_version;
#define HPY_0_0_4_HANDLE(name) HPy h_##name;
#define HPY_0_0_4_FUNC(ret, name, params) ret(*ctx_##name) params;
#include "runtime/abi/hpy_0_0_4.def"
};

inline constexpr std::size_t kFunctionCount = 0
#define HPY_0_0_4_FUNC(ret, name, params) +1
#include "runtime/abi/hpy_0_0_4.def"
    ;

/// What a file exports as HPyInit_<name>: creates its module and returns it.
using Init = HPy (*)(HPyContext*);

// NOLINTEND(readability-identifier-naming,bugprone-reserved-identifier)
// NOLINTEND(bugprone-macro-parentheses)

} // namespace hpystate::v0_0_4
